/** Files of the repository that are made from code, and whether the checked-in ones still say the same. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type GeneratedFile, vocabularyFiles } from "../metadata-schema/generated-files.ts";
import { guardrailsPage } from "./guardrails-page.ts";
import { metricsPage } from "./observe/metrics-page.ts";
import { declarationFiles } from "./simulators/declared/declare.ts";

export const rewriteCommand = "npm run generate";

const generatedFiles = async (): Promise<readonly GeneratedFile[]> => [
  ...(await vocabularyFiles()),
  { path: "docs/guardrails.md", text: guardrailsPage() },
  { path: "docs/metrics.md", text: metricsPage() },
  ...declarationFiles(),
];

/** Paths of the files that differ from what would be generated. */
export async function staleFiles(checkout: string): Promise<readonly string[]> {
  return (await differing(checkout)).map(({ path }) => path);
}

/** Returns the paths of the files that it wrote. */
export async function rewriteStaleFiles(checkout: string): Promise<readonly string[]> {
  const stale = await differing(checkout);
  for (const { path, text } of stale) {
    await mkdir(dirname(join(checkout, path)), { recursive: true });
    await writeFile(join(checkout, path), text);
  }
  return stale.map(({ path }) => path);
}

async function differing(checkout: string): Promise<readonly GeneratedFile[]> {
  const stale: GeneratedFile[] = [];
  for (const file of await generatedFiles())
    if ((await readIfThere(join(checkout, file.path))) !== file.text) stale.push(file);
  return stale;
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    // A checkout on Windows may turn line ends; that is no difference.
    return (await readFile(file, "utf8")).replaceAll("\r\n", "\n");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
