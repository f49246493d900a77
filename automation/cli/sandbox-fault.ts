/** `rowgate sandbox fault`: let calls of the clouds fail, to see what the service makes of it. */
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import type { CloudsClient, Fault } from "./clouds-client.ts";
import { type Format, inFormat, outputOption } from "./output.ts";
import { formatTable } from "./table.ts";

interface AddFlags {
  readonly kind?: Fault["kind"];
  readonly nth: number;
  readonly times?: number | "forever";
  readonly retryAfter?: number;
  readonly seconds?: number;
  /** milliseconds */
  readonly slow?: number;
  readonly message?: string;
  readonly code?: string;
  readonly afterCommit?: boolean;
}

type Print = (text: string) => void;
type Open = () => Promise<CloudsClient>;

export function faultCommand(print: Print, open: Open): Command {
  return new Command("fault")
    .description("Let calls of the clouds fail, hang, lose their connection, or not find what is new.")
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
        .description("Remove one fault, or all; calls that hang in them go on.")
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
    .description("The n-th call from now is refused, throttled, hangs, or loses its connection.")
    .argument("<type>", "Job, a whole token like databricks:index/job:Job, a package like databricks, or any")
    .addArgument(
      new Argument("<call>", "lookup: of names, over HTTP; any: all but check").choices([
        "check",
        "create",
        "read",
        "update",
        "delete",
        "invoke",
        "lookup",
        "any",
      ]),
    )
    .addOption(
      new Option(
        "--kind <kind>",
        "error: refused; throttle: refused with 429; hang: no answer until cleared; drop: the connection is cut; lag: new objects are not found for --seconds (default: error)",
      ).choices(["error", "throttle", "hang", "drop", "lag"]),
    )
    .option("--nth <n>", "which call, counted from now", whole, 1)
    .option("--times <n>", "how many in a row, or `forever` (default: 1)", wholeOrForever)
    .option("--retry-after <seconds>", "how long a throttling cloud asks to wait", wholeOrZero)
    .option(
      "--seconds <n>",
      "how long a call hangs before it is carried out, or a new object is not found",
      wholeOrZero,
    )
    .addOption(
      new Option("--slow <ms>", "each matching call takes so much longer: a hang, forever")
        .argParser(whole)
        .conflicts(["seconds", "kind"]),
    )
    .option("--message <text>", "what the cloud says")
    .option("--code <code>", "its error code, e.g. AuthorizationFailed")
    .option("--after-commit", "the cloud does the work first, and its answer fails, hangs or is lost")
    .addHelpText("after", addExamples)
    .action(async (type: string, call: string, flags: AddFlags) => {
      const fault = await (await open()).addFault({ type, call, ...requestOf(flags) });
      print(table([fault]));
    });
}

const addExamples = `
Examples:
  rowgate sandbox fault add any any --kind throttle --retry-after 5 --times forever
  rowgate sandbox fault add RoleAssignment create --code AuthorizationFailed
  rowgate sandbox fault add Job create --kind drop --after-commit
  rowgate sandbox fault add any lookup --kind hang --seconds 30
  rowgate sandbox fault add databricks any --slow 200
  rowgate sandbox fault add Vault any --kind lag --seconds 20`;

function requestOf({ slow, retryAfter, times, ...flags }: AddFlags): Readonly<Record<string, unknown>> {
  const delay = slow === undefined ? {} : { kind: "hang", seconds: slow / 1000 };
  return {
    ...flags,
    ...delay,
    times: times ?? (slow === undefined && flags.kind !== "lag" ? 1 : "forever"),
    ...(retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter }),
  };
}

function table(faults: readonly Fault[]): string {
  const rows = faults.map((fault) => [
    String(fault.faultId),
    fault.type,
    fault.call,
    fault.times === "forever" ? "forever" : `${fault.remaining} of ${fault.times}`,
    // counted from where it stands now
    fault.remaining === 0 ? "-" : String(Math.max(1, fault.nth - fault.seen)),
    `${fault.afterCommit ? "(after commit) " : ""}${effect(fault)}`,
  ]);
  return formatTable(["FAULT", "TYPE", "CALL", "LEFT", "NEXT CALL", "WHAT"], rows);
}

function effect({ kind, code, message, retryAfterSeconds, seconds }: Fault): string {
  switch (kind) {
    case "error":
      return [code ?? "InternalServerError", message].filter((word) => word !== null).join(": ");
    case "throttle": {
      const wait = retryAfterSeconds === null ? "" : `, retry after ${retryAfterSeconds} s`;
      return `throttled${wait}${message === null ? "" : `: ${message}`}`;
    }
    case "hang":
      return seconds === null ? "hangs until cleared" : `takes ${seconds} s longer`;
    case "drop":
      return "connection cut";
    case "lag":
      return `new objects are not found for ${seconds} s`;
    default:
      return kind satisfies never;
  }
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("Not a whole number from 1 on.");
  return value;
}

const wholeOrZero = (text: string): number => (text === "0" ? 0 : whole(text));
const wholeOrForever = (text: string): number | "forever" => (text === "forever" ? text : whole(text));
