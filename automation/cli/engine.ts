/** `rowgate engine status`: which engine runs stacks, how busy it is, and what holds it back. */
import { Command } from "commander";
import { type EngineBody, engineBody } from "../http/contract.ts";
import type { CommandContext } from "./command-context.ts";
import { oneLine } from "./one-line.ts";
import { type Format, fields, inFormat, outputOption } from "./output.ts";
import { formatTable } from "./table.ts";

export const engineCommand = ({ open, print }: CommandContext): Command =>
  new Command("engine").description("The Pulumi engine that runs stacks.").addCommand(
    new Command("status")
      .description("Which engine it is, what its slots do, and why none starts a run for now.")
      .addOption(outputOption())
      .action(async ({ output }: { readonly output: Format }) => {
        const body = engineBody.parse(await (await open()).get("/api/engine"));
        print(inFormat(output, body, () => text(body)));
      }),
  );

function text(body: EngineBody): string {
  const { path, version, running, slots, urgentSlots, closedFor, slotStates, pauses, unknownState } = body;
  const inUse = `${running} of ${slots} slots in use, ${urgentSlots} more for urgent work`;
  const head = fields({ engine: path, version, runs: inUse, held: closedFor.join(" ") || "no" });
  const table = formatTable(
    ["SLOT", "FOR", "MEMORY", "STACK"],
    slotStates.map(({ state, forMs, rssBytes, stack }) => [
      state,
      `${Math.round(forMs / 1_000)} s`,
      `${Math.round(rssBytes / 2 ** 20)} MB`,
      stack ?? "-",
    ]),
  );
  const paused = pauses.map(({ subscriptionId, until }) =>
    oneLine(`Subscription ${subscriptionId} is throttled: its runs wait until ${until}.`),
  );
  const unknown = unknownState.map(({ stack, changedAt }) =>
    oneLine(
      `There is state of stack ${stack}, last changed ${changedAt}, that no row asks for: its objects may still exist. Bring its rows back, or remove objects and state by hand.`,
    ),
  );
  return [head, table, ...paused, ...unknown].join("\n");
}
