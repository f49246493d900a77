/** What an empty home is seeded with: the article's document and a lived-in sample around it. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { readDocuments } from "../documents/read-documents.ts";
import type { NewRow } from "../store.ts";

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What the simulated clouds hold before the first run; a path, as they are a process of their own. */
export const cloudsSeedFile = file("clouds.json");

/** Rows to insert in this order: environments first, as jobs refer to them. */
export async function sampleRows(): Promise<readonly NewRow[]> {
  const rows: readonly NewRow[] = JSON.parse(await readFile(file("rows.json"), "utf8"));
  const article = readDocuments([JSON.parse(await readFile(file("article.json"), "utf8"))]).rows.map(
    ({ table, values }) => ({ table, values }),
  );
  const environments = rows.filter((row) => row.table === "Environments");
  return [...environments, ...article, ...rows.filter((row) => row.table !== "Environments")];
}
