/** `rowgate adopt`: takes what exists already under the rows that ask for it, after showing what that would be. */
import { Command, InvalidArgumentError } from "commander";
import type { z } from "zod";
import {
  acceptedBody,
  type adoptRequestBody,
  type RunBody,
  type StepListBody,
  stackBody,
  stepListBody,
} from "../http/contract.ts";
import { type CommandContext, failedExit } from "./command-context.ts";
import { followRun } from "./follow-run.ts";
import { changesText } from "./get.ts";
import { oneLine } from "./one-line.ts";
import { type Format, inFormat, outputOption } from "./output.ts";
import type { ServiceClient } from "./service-client.ts";
import { formatTable } from "./table.ts";

export interface AdoptOptions extends CommandContext {
  /** asks a person; null: nobody is at the terminal */
  readonly confirm: ((question: string) => Promise<boolean>) | null;
}

interface AdoptFlags {
  readonly object?: readonly Adoption[];
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly output: Format;
}

type Found = StepListBody["steps"][number];
type Adoption = z.infer<typeof adoptRequestBody>["objects"][number];

export const adoptCommand = (options: AdoptOptions): Command =>
  new Command("adopt")
    .description("Take over what exists already in the clouds and a stack would collide with.")
    .argument("<stack>", "name of the stack; `rowgate get stacks` lists them")
    .option(
      "--object <urn=id>",
      'this object and no search; "none" as its id: there is no such object. May be given several times',
      adoption,
    )
    .option("--dry-run", "only show what would be taken over")
    .option("--yes", "take it over without being asked")
    .addOption(outputOption())
    .action(async (stack: string, flags: AdoptFlags) => {
      const service = await options.open();
      if (flags.object !== undefined) return take(options, service, { stack, flags, objects: flags.object });
      const looked = await act(service, stack, "adoptable", {});
      if (looked.status !== "succeeded") return tellFailure(options, flags.output, looked);
      const found = await withCollisions(service, stack, await foundBy(service, looked.runId));
      if (found.length === 0 || flags.dryRun === true) {
        options.print(inFormat(flags.output, found, () => foundText(stack, found)));
        return;
      }
      if (flags.output === "table") options.print(foundText(stack, found));
      if (flags.yes !== true && !(await agreed(options, found.length)))
        throw new Error("Nothing was taken over.");
      const objects = found.map(({ urn, objectId }) => ({ urn, id: objectId ?? "" }));
      await take(options, service, { stack, flags, objects });
    });

/** Takes exactly these over; the stack's update follows in the same run. */
async function take(
  options: AdoptOptions,
  service: ServiceClient,
  asked: { readonly stack: string; readonly flags: AdoptFlags; readonly objects: readonly Adoption[] },
): Promise<void> {
  const { stack, flags, objects } = asked;
  const ended = await act(service, stack, "adopt", { objects });
  if (ended.status !== "succeeded") return tellFailure(options, flags.output, ended);
  options.print(
    inFormat(flags.output, ended, () => `Taken over: ${count(objects.length)}; ${changesText(ended)}.`),
  );
}

/** A URN has no "=" of its own; an id may. */
function adoption(text: string, before: readonly Adoption[] = []): readonly Adoption[] {
  const at = text.indexOf("=");
  if (!text.startsWith("urn:pulumi:") || at < 0 || at === text.length - 1)
    throw new InvalidArgumentError("Give it as URN=ID, with the URN as the run's failure tells it.");
  return [...before, { urn: text.slice(0, at), id: text.slice(at + 1) }];
}

async function act(
  service: ServiceClient,
  stack: string,
  action: "adoptable" | "adopt",
  body: unknown,
): Promise<RunBody> {
  const route = `/api/stacks/${encodeURIComponent(stack)}/${action}`;
  const { runs } = acceptedBody.parse(await service.post(route, body));
  const [run] = runs;
  if (run === undefined) throw new Error(`Stack ${stack} has no run.`);
  return followRun(service, run.id, () => {});
}

/**
 * What cannot be looked up, like a role assignment of the same scope, role and principal under another name, is named
 * by the refusal of its create: in the steps of the stack's last update, if that failed.
 */
async function withCollisions(
  service: ServiceClient,
  stack: string,
  found: readonly Found[],
): Promise<readonly Found[]> {
  const { runs } = stackBody.parse(await service.get(`/api/stacks/${encodeURIComponent(stack)}`));
  const last = runs.find(({ kind, endedAt }) => kind === "update" && endedAt !== null);
  if (last?.status !== "failed") return found;
  const known = new Set(found.map(({ urn }) => urn));
  const collided = (await foundBy(service, last.runId)).filter(({ urn }) => !known.has(urn));
  return [...found, ...collided];
}

// As many as one request gives; a stack has some dozens of objects.
const page = 500;

async function foundBy(service: ServiceClient, runId: string): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (let after = 0; ; ) {
    const { steps } = stepListBody.parse(
      await service.get(`/api/runs/${runId}/steps?after=${after}&limit=${page}`),
    );
    found.push(...steps.filter(({ operation, objectId }) => operation === "adopt" && objectId !== null));
    const last = steps.at(-1);
    if (last === undefined || steps.length < page) return found;
    after = last.number;
  }
}

function foundText(stack: string, found: readonly Found[]): string {
  if (found.length === 0) return `Nothing that stack ${stack} would make exists already.`;
  const rows = found.map(({ type, objectId, message }) => [type, objectId ?? "", oneLine(message ?? "")]);
  return `${formatTable(["TYPE", "EXISTING OBJECT", "WHAT WOULD CHANGE"], rows)}\nTaken over, they belong to the stack: its rows change them, and destroy them once nothing asks for them.`;
}

async function agreed({ confirm }: AdoptOptions, objects: number): Promise<boolean> {
  if (confirm === null)
    throw new Error(`${count(objects)} would be taken over. Say so with --yes, or only look with --dry-run.`);
  return confirm(`Take over ${count(objects)}? Type yes: `);
}

const count = (objects: number): string => `${objects} ${objects === 1 ? "object" : "objects"}`;

function tellFailure({ print, endWith }: AdoptOptions, output: Format, run: RunBody): void {
  print(inFormat(output, run, () => oneLine(run.failure?.message ?? `The run ended as ${run.status}.`)));
  endWith(failedExit);
}
