/** `rowgate engine status`: which engine runs stacks, and how busy it is. */
import { Command } from "commander";
import { engineBody } from "../http/contract.ts";
import type { CommandContext } from "./command-context.ts";
import { type Format, fields, inFormat, outputOption } from "./output.ts";

export const engineCommand = ({ open, print }: CommandContext): Command =>
  new Command("engine").description("The Pulumi engine that runs stacks.").addCommand(
    new Command("status")
      .description("Which engine it is, and how many runs are under way.")
      .addOption(outputOption())
      .action(async ({ output }: { readonly output: Format }) => {
        const body = engineBody.parse(await (await open()).get("/api/engine"));
        const { path, version, running, slots, urgentSlots } = body;
        const inUse = `${running} of ${slots} slots in use, ${urgentSlots} more for urgent work`;
        print(inFormat(output, body, () => fields({ engine: path, version, runs: inUse })));
      }),
  );
