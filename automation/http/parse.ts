import type { z } from "zod";
import { ServiceError } from "../errors.ts";

/** Parses what a caller sent; a ServiceError with code BadRequest names each field at fault. */
export function parse<T extends z.ZodType>(schema: T, value: unknown, place: string): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => ({
    field: issue.path.join(".") || place,
    fault: issue.message,
  }));
  throw new ServiceError({
    code: "BadRequest",
    status: 400,
    message: `The ${place} is not usable. ${faults.map(({ field, fault }) => `${field}: ${fault}`).join("; ")}.`,
    details: faults,
  });
}
