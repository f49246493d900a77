/** `rowgate apply`, `diff` and `export`: rows as files. */
import { Command, Option } from "commander";
import { type ApplyBody, applyBody, exportBody } from "../http/contract.ts";
import { oneLine, oneLineValue } from "./one-line.ts";
import { dataText, documentsText, type TextFormat, textOutputOption } from "./output.ts";
import { placeName, readSources, type Sources } from "./read-files.ts";
import { type ServiceClient, ServiceRefusal } from "./service-client.ts";

export interface FilesOptions {
  open(): Promise<ServiceClient>;
  print(text: string): void;
  /** all of standard input */
  stdin(): Promise<Uint8Array>;
  /** asks at the terminal; null: there is none */
  readonly confirm: ((question: string) => Promise<boolean>) | null;
}

/** Told with exit code 1, as it is: no prefix, every line a fault. */
export class FaultsInFiles extends Error {
  override readonly name = "FaultsInFiles";
}

/** `diff` ends with this code when something would change, as other tools of this kind do. */
export const differenceExit = 1;

interface ApplyFlags {
  readonly filename: readonly string[];
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly output: TextFormat;
}

const filenameOption = (): Option =>
  new Option("-f, --filename <path...>", "file, folder, or - for standard input").makeOptionMandatory();
const pruneOption = (): Option =>
  new Option("--prune", "the files are the whole truth: what they do not describe is deleted");

export function applyCommand(options: FilesOptions): Command {
  return new Command("apply")
    .description("Make the rows as files say, all or nothing.")
    .addOption(filenameOption())
    .addOption(pruneOption())
    .option("--dry-run", "check everything and tell what would change, but write nothing")
    .option("-y, --yes", "with --prune: do not ask before rows are deleted")
    .addOption(textOutputOption())
    .action(async (flags: ApplyFlags) => {
      const service = await options.open();
      const sources = await readSources(flags.filename, options.stdin);
      const dryRun = flags.dryRun === true;
      const isAsked = flags.prune === true && !dryRun && flags.yes !== true;
      const plan = isAsked ? await confirmedPlan(options, service, sources) : null;
      tell(
        options,
        flags.output,
        await send(service, sources, { prune: flags.prune === true, dryRun, plan }),
      );
    });
}

export function diffCommand(options: FilesOptions, end: (code: number) => void): Command {
  return new Command("diff")
    .description("Tell what apply would change. Exit code 0: nothing, 1: something.")
    .addOption(filenameOption())
    .addOption(pruneOption())
    .addOption(textOutputOption())
    .action(async (flags: ApplyFlags) => {
      const service = await options.open();
      const sources = await readSources(flags.filename, options.stdin);
      const body = await send(service, sources, { prune: flags.prune === true, dryRun: true, plan: null });
      tell(options, flags.output, body);
      if (body.changes.length > 0) end(differenceExit);
    });
}

export function exportCommand({ open, print }: FilesOptions): Command {
  return new Command("export")
    .description("Print the rows as documents that apply reads.")
    .option("--job <id>", "only this job")
    .addOption(new Option("-o, --output <format>", "how to print").choices(["yaml", "json"]).default("yaml"))
    .action(async (flags: { readonly job?: string; readonly output: "yaml" | "json" }) => {
      const query = flags.job === undefined ? "" : `?jobId=${encodeURIComponent(flags.job)}`;
      const { documents } = exportBody.parse(await (await open()).get(`/api/export${query}`));
      if (documents.length === 0)
        throw new Error(flags.job === undefined ? "There are no rows yet." : `There is no job ${flags.job}.`);
      print(documentsText(flags.output, documents));
    });
}

/** Faults of the files are told with their lines, all at once; then nothing was written. */
async function send(
  service: ServiceClient,
  sources: Sources,
  {
    prune,
    dryRun,
    plan,
  }: { readonly prune: boolean; readonly dryRun: boolean; readonly plan: string | null },
): Promise<ApplyBody> {
  const documents = sources.documents.map(({ value }) => value);
  // With files that cannot be parsed nothing may be written; the rest is checked all the same.
  const onlyCheck = dryRun || sources.faults.length > 0;
  let faults: readonly string[] = sources.faults;
  try {
    const body = applyBody.parse(
      await service.post("/api/apply", { documents, prune, dryRun: onlyCheck, plan }),
    );
    if (faults.length === 0) return body;
  } catch (fault) {
    if (!(fault instanceof ServiceRefusal) || fault.code !== "DocumentsRefused") throw fault;
    faults = [...faults, ...toldWithLines(fault.details, sources)];
  }
  const count = `${faults.length} ${faults.length === 1 ? "fault" : "faults"}; nothing was written.`;
  throw new FaultsInFiles([...faults, count].join("\n"));
}

interface ToldFault {
  readonly document: number;
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly other?: { readonly document: number; readonly path: readonly (string | number)[] };
}

/** In the order in which a reader meets them in the files. */
function toldWithLines(details: unknown, sources: Sources): readonly string[] {
  const faults = Array.isArray(details) ? (details as readonly ToldFault[]) : []; // the service's contract
  const placed = (document: number, path: ToldFault["path"]) => {
    const source = sources.documents[document];
    const place = source?.placeOf(path) ?? { line: 1, column: 1 };
    return { ...place, name: source === undefined ? null : placeName(source.file, place) };
  };
  const told = faults.map(({ document, path, message, other }) => {
    const { line, column, name } = placed(document, path);
    const field = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
    const what = field === "" ? message : `${field.replace(/^\./, "")}: ${message}`;
    const also = other === undefined ? "" : ` (${placed(other.document, other.path).name})`;
    // Without documents there is no place to point at.
    const where = name === null ? "The files: " : `${name}: `;
    return { document, line, column, text: `${where}${oneLine(`${what}${also}`)}` };
  });
  return told
    .sort((a, b) => a.document - b.document || a.line - b.line || a.column - b.column)
    .map(({ text }) => text);
}

/** What was agreed to is done, and nothing else: somebody may change rows while a person reads. */
async function confirmedPlan(
  options: FilesOptions,
  service: ServiceClient,
  sources: Sources,
): Promise<string> {
  const { changes, plan } = await send(service, sources, { prune: true, dryRun: true, plan: null });
  const deletions = changes.filter(({ kind }) => kind === "delete");
  if (deletions.length === 0) return plan;
  options.print(changes.map(lineOf).join("\n"));
  const rows = `${deletions.length} ${deletions.length === 1 ? "row" : "rows"}`;
  if (options.confirm === null)
    throw new Error(
      `--prune would delete ${rows}. Say so with --yes, or look first with \`rowgate diff --prune\`.`,
    );
  if (!(await options.confirm(`Delete ${rows}? Type yes: `))) throw new Error("Nothing was written.");
  return plan;
}

function tell({ print }: FilesOptions, output: ApplyFlags["output"], body: ApplyBody): void {
  if (output !== "text") {
    print(dataText(output, body));
    return;
  }
  const { changes, applied } = body;
  if (changes.length === 0) {
    print("Nothing changes: the rows are as the files say.");
    return;
  }
  const count = (kind: string): number => changes.filter((change) => change.kind === kind).length;
  const counts = `${count("insert")} inserted, ${count("update")} updated, ${count("delete")} deleted`;
  print([...changes.map(lineOf), applied ? `${counts}.` : `Would be: ${counts}.`].join("\n"));
}

const signs = { insert: "+", update: "~", delete: "-" } as const;

function lineOf({ kind, table, key, jobId, about, columns }: ApplyBody["changes"][number]): string {
  const owner = jobId === null || table === "Jobs" ? "" : ` of job ${jobId}`;
  const name = table === "Jobs" ? ` ${jobId}` : key === null || key === about ? "" : ` ${oneLineValue(key)}`;
  const values = Object.entries(columns)
    .filter(([, { before, after }]) => kind === "update" || (kind === "insert" && after !== before))
    .map(([column, { before, after }]) =>
      kind === "update" ? `${column}: ${shown(before)} -> ${shown(after)}` : `${column}: ${shown(after)}`,
    );
  const what = kind === "insert" ? "" : ` ${oneLineValue(about)}`;
  const end = values.length === 0 ? "" : `  ${values.join(", ")}`;
  return `${signs[kind]} ${table}${name}${table === "Jobs" ? "" : what}${owner}${end}`;
}

const shown = (value: unknown): string =>
  typeof value === "string" ? oneLineValue(value) : oneLine(JSON.stringify(value));
