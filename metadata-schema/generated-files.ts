/** Files of the repository that are made from the vocabulary. */
import { documentSchema } from "./documents/json-schema.ts";
import { referencePage } from "./reference-page.ts";
import { dumpSqliteSchema } from "./stores/sqlite/schema-dump.ts";

export interface GeneratedFile {
  /** below the checkout */
  readonly path: string;
  readonly text: string;
}

export const vocabularyFiles = async (): Promise<readonly GeneratedFile[]> => [
  { path: "docs/metadata-tables.md", text: referencePage() },
  { path: "docs/rowgate.schema.json", text: `${JSON.stringify(documentSchema(), null, 2)}\n` },
  { path: "metadata-schema/schema/sqlite.sql", text: await dumpSqliteSchema() },
];
