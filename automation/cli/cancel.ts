/** `rowgate cancel`: ends a run, or all of a stack that have not ended. */
import { Command } from "commander";
import { type CancelBody, cancelBody, type RunBody, stackBody } from "../http/contract.ts";
import type { CommandContext } from "./command-context.ts";
import { type Format, inFormat, outputOption } from "./output.ts";
import { type ServiceClient, ServiceRefusal } from "./service-client.ts";
import { formatTable } from "./table.ts";

const words = {
  canceled: "canceled before it began",
  asked: "ends once its calls under way have ended",
} as const;

export const cancelCommand = ({ open, print }: CommandContext): Command =>
  new Command("cancel")
    .description("End a run, or the runs of a stack. What they had begun is found by the stack's next run.")
    .argument("<run-or-stack>", "id of a run, or name of a stack")
    .addOption(outputOption())
    .action(async (name: string, { output }: { readonly output: Format }) => {
      const service = await open();
      const runs = await unendedRunsOf(service, name);
      const canceled: CancelBody[] = [];
      for (const run of runs ?? [name])
        canceled.push(
          cancelBody.parse(await service.post(`/api/runs/${encodeURIComponent(run)}/cancel`, {})),
        );
      print(
        inFormat(output, canceled, () =>
          canceled.length === 0
            ? `No run of stack ${name} is queued or under way.`
            : formatTable(
                ["RUN", "CANCEL"],
                canceled.map(({ run, status }) => [run, words[status]]),
              ),
        ),
      );
    });

/** Null: it is no stack's name. */
async function unendedRunsOf(service: ServiceClient, name: string): Promise<readonly string[] | null> {
  const body = await service.get(`/api/stacks/${encodeURIComponent(name)}`).catch((fault: unknown) => {
    if (fault instanceof ServiceRefusal && fault.code === "StackNotFound") return null;
    throw fault;
  });
  if (body === null) return null;
  const isUnended = ({ status }: RunBody): boolean => status === "queued" || status === "running";
  return stackBody
    .parse(body)
    .runs.filter(isUnended)
    .map(({ runId }) => runId);
}
