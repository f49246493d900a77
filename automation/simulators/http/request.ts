/** What the admin routes read from a request. */
import type { z } from "zod";
import { armError } from "../cloud-error.ts";
import type { Json } from "../json.ts";

export function parse<T>(schema: z.ZodType<T>, body: Json | undefined): T {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw armError(400, "InvalidBody", faults.join("; "));
}

/** People say `Grant`; programs say the whole token. */
export const isType = (token: string, wanted: string): boolean =>
  token.toLowerCase() === wanted.toLowerCase() ||
  token.split(":").at(-1)?.toLowerCase() === wanted.toLowerCase();
