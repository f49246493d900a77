/** `rowgate refresh`, `preview` and `reconcile`: what an operator asks of every stack of a job. */
import { Command } from "commander";
import { type AcceptedBody, acceptedBody, type RequestBody, requestBody } from "../http/contract.ts";
import { type CommandContext, failedExit, jobId } from "./command-context.ts";
import { followRun } from "./follow-run.ts";
import { changesText, took } from "./get.ts";
import { oneLine } from "./one-line.ts";
import { type Format, inFormat, outputOption } from "./output.ts";
import type { ServiceClient } from "./service-client.ts";
import { formatTable } from "./table.ts";

interface ActionFlags {
  readonly wait?: boolean;
  readonly output: Format;
}

const actions = {
  refresh: "Look at the clouds for what was changed behind the service's back. Changes nothing.",
  preview: "Run every stack of a job dry.",
  reconcile: "Resolve a job again, refresh and update every stack of it.",
} as const;

/** What an operation of the engine means where nothing is changed. */
const stepWords: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  refresh: {
    same: "is as it was applied",
    update: "was changed in the cloud",
    delete: "is gone from the cloud",
  },
  preview: {
    same: "stays as it is",
    create: "would be created",
    update: "would be updated",
    delete: "would be deleted",
    replace: "would be replaced",
  },
};

export const actionCommands = (context: CommandContext): readonly Command[] =>
  Object.entries(actions).map(([action, description]) => actionCommand(action, description, context));

function actionCommand(action: string, description: string, context: CommandContext): Command {
  const { open, print, endWith } = context;
  return new Command(action)
    .description(description)
    .argument("<job-id>", "number of the job", jobId)
    .option("--wait", "follow its runs to their end; exit code 1: one of them failed")
    .addOption(outputOption())
    .action(async (id: number, { wait, output }: ActionFlags) => {
      const service = await open();
      const accepted = acceptedBody.parse(await service.post(`/api/jobs/${id}/${action}`, {}));
      if (wait !== true) {
        print(inFormat(output, accepted, () => acceptedText(accepted)));
        return;
      }
      const ended = await follow(service, accepted, {
        words: stepWords[action] ?? {},
        tell: output === "table" ? print : () => {},
      });
      print(inFormat(output, ended, () => endedText(ended)));
      if (ended.status === "failed") endWith(failedExit);
    });
}

function acceptedText({ request, runs }: AcceptedBody): string {
  if (runs.length === 0) return `Request ${request}: the job has no stack yet, so there is nothing to run.`;
  const table = formatTable(
    ["RUN", "STACK"],
    runs.map(({ id, stack }) => [id, stack]),
  );
  return `${table}\nQueued. Follow a run with \`rowgate describe run ID\`, or wait for all with --wait.`;
}

async function follow(
  service: ServiceClient,
  { request, runs }: AcceptedBody,
  { words, tell }: { readonly words: Readonly<Record<string, string>>; tell(line: string): void },
): Promise<RequestBody> {
  await Promise.all(
    runs.map(({ id, stack }) =>
      followRun(service, id, ({ operation, urn, status }) => {
        if (status !== "done" && status !== "failed") return;
        const word = words[operation];
        const name = urn.split("::").at(-1);
        const text = word === undefined ? `${operation} ${name} ${status}` : `${name} ${word}`;
        tell(oneLine(`${stack}: ${text}`));
      }),
    ),
  );
  return requestBody.parse(await service.get(`/api/requests/${request}`));
}

function endedText({ status, runs }: RequestBody): string {
  if (runs.length === 0) return "The job has no stack yet, so there was nothing to run.";
  const table = formatTable(
    ["STACK", "STATUS", "TOOK", "CHANGES", "FAILURE"],
    runs.map((run) => [run.stack, run.status, took(run), changesText(run), run.failure?.message ?? "-"]),
  );
  return `${table}\n${status === "failed" ? "Not all runs succeeded." : "All runs succeeded."}`;
}
