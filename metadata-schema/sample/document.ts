/** The article's document format: one job with its security settings. */
import { z } from "zod";
import type { NewRow } from "../store.ts";

const document = z.strictObject({
  job_id: z.int(),
  security: z.strictObject({
    access_policy: z
      .strictObject({ role: z.string(), permissions: z.array(z.string()), entra_id_group: z.string() })
      .optional(),
    secret_reference: z.strictObject({ key_vault: z.string(), secret_name: z.string() }).optional(),
    network_rule: z.strictObject({ service: z.string(), private_endpoint: z.string() }).optional(),
  }),
});

/** Rows of one document. Throws a ZodError that names each field at fault. */
export function rowsOfDocument(value: unknown): readonly NewRow[] {
  const { job_id, security } = document.parse(value);
  const parts = [
    { table: "Access_Policies", values: security.access_policy },
    { table: "Secret_References", values: security.secret_reference },
    { table: "Network_Rules", values: security.network_rule },
  ] as const;
  const rows = parts.flatMap(({ table, values }): NewRow[] =>
    values === undefined ? [] : [{ table, values: { job_id, ...values } }],
  );
  return [{ table: "Jobs", values: { job_id } }, ...rows];
}
