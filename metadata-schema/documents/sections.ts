/** Where the rows of each table stand in a document. */
import type { MetadataTable } from "../columns.ts";

/** Lists of a job document that hold the rows which belong to the job. */
export interface Section {
  readonly table: MetadataTable;
  /** the field that the section's own fields are in; null: the document itself */
  readonly within: "security" | null;
  /** field for one row, as in the article; null: there is none */
  readonly one: string | null;
  /** field for a list of rows; null: there is at most one */
  readonly many: string | null;
}

export const sections: readonly Section[] = [
  { table: "Access_Policies", within: "security", one: "access_policy", many: "access_policies" },
  { table: "Secret_References", within: "security", one: "secret_reference", many: "secret_references" },
  { table: "Network_Rules", within: "security", one: "network_rule", many: "network_rules" },
  { table: "Guardrail_Exceptions", within: "security", one: null, many: "guardrail_exceptions" },
  { table: "Cluster_Configs", within: null, one: "cluster_config", many: null },
  { table: "Pipeline_Settings", within: null, one: "pipeline_settings", many: null },
  { table: "Alert_Rules", within: null, one: null, many: "alert_rules" },
];

/** Fields of a collection document, with the table that each one's rows are of. */
export const collections = {
  environments: "Environments",
  integration_runtimes: "Integration_Runtimes",
  data_sources: "Data_Sources",
  models: "Models",
} as const satisfies Readonly<Record<string, MetadataTable>>;
