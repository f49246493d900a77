/** `rowgate sandbox fault`: let calls of the engine fail, to see what the service makes of it. */
import { Argument, Command, InvalidArgumentError } from "commander";
import type { CloudsClient, Fault } from "./clouds-client.ts";
import { type Format, inFormat, outputOption } from "./output.ts";
import { formatTable } from "./table.ts";

interface AddFlags {
  readonly nth: number;
  readonly times: number;
  readonly message?: string;
  readonly code?: string;
  readonly afterCommit?: boolean;
}

type Print = (text: string) => void;
type Open = () => Promise<CloudsClient>;

export function faultCommand(print: Print, open: Open): Command {
  return new Command("fault")
    .description("Let calls of the engine on a type fail.")
    .addCommand(addCommand(print, open))
    .addCommand(
      new Command("list")
        .description("Faults, with how often each will still strike.")
        .addOption(outputOption())
        .action(async ({ output }: { readonly output: Format }) => {
          const faults = await (await open()).faults();
          print(inFormat(output, faults, () => (faults.length === 0 ? "no faults" : table(faults))));
        }),
    )
    .addCommand(
      new Command("clear")
        .description("Remove one fault, or all.")
        .argument("[fault-id]", "from `fault list`", whole)
        .action(async (faultId: number | undefined) => {
          const cleared = await (await open()).clearFaults(faultId);
          if (faultId !== undefined && cleared === 0) {
            throw new Error(`There is no fault ${faultId}. See \`rowgate sandbox fault list\`.`);
          }
          print(`cleared ${cleared} ${cleared === 1 ? "fault" : "faults"}`);
        }),
    );
}

function addCommand(print: Print, open: Open): Command {
  return new Command("add")
    .description("The n-th call from now fails.")
    .argument("<type>", "Job, or a whole token like databricks:index/job:Job")
    .addArgument(new Argument("<call>").choices(["check", "create", "read", "update", "delete"]))
    .option("--nth <n>", "which call, counted from now", whole, 1)
    .option("--times <n>", "how many in a row", whole, 1)
    .option("--message <text>", "what the cloud says")
    .option("--code <code>", "its error code, e.g. TooManyRequests")
    .option("--after-commit", "the cloud does the work, and its answer is lost")
    .action(async (type: string, call: string, flags: AddFlags) => {
      const fault = await (await open()).addFault({ type, call, ...flags });
      print(table([fault]));
    });
}

function table(faults: readonly Fault[]): string {
  const rows = faults.map((fault) => [
    String(fault.faultId),
    fault.type,
    fault.call,
    `${fault.remaining} of ${fault.times}`,
    // counted from where it stands now
    fault.remaining === 0 ? "-" : String(Math.max(1, fault.nth - fault.seen)),
    `${fault.afterCommit ? "(after commit) " : ""}${fault.code}: ${fault.message}`,
  ]);
  return formatTable(["FAULT", "TYPE", "CALL", "LEFT", "NEXT CALL", "SAYS"], rows);
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("Not a whole number from 1 on.");
  return value;
}
