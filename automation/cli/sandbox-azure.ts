/** `rowgate sandbox activity` and `settings`: Azure's log of changes, and how true to time the clouds are. */
import { Command, InvalidArgumentError } from "commander";
import type { CloudsClient } from "./clouds-client.ts";
import { type Format, inFormat, outputOption } from "./output.ts";
import { formatTable } from "./table.ts";

interface Printer {
  print(text: string): void;
}

type Open = () => Promise<CloudsClient>;

interface ActivityFlags {
  readonly since: number;
  readonly output: Format;
}

export function activityCommand({ print }: Printer, open: Open): Command {
  return new Command("activity")
    .description("Azure's activity log: who changed what, when, with what result. Oldest first.")
    .argument("[text]", "only events with this text in their operation, resource or caller")
    .option("--since <event>", "only events after this one", whole, 0)
    .addOption(outputOption())
    .action(async (text: string | undefined, { since, output }: ActivityFlags) => {
      const wanted = (text ?? "").toLowerCase();
      const events = (await (await open()).activity(since)).filter((event) =>
        [event.operation, event.resourceId, event.caller].some((word) => word.toLowerCase().includes(wanted)),
      );
      const rows = events.map(({ seq, at, caller, operation, resourceId, status }) => [
        String(seq),
        at,
        status,
        operation,
        resourceId.split("/").at(-1) ?? "",
        caller,
      ]);
      print(
        inFormat(output, events, () =>
          events.length === 0
            ? "no activity"
            : formatTable(["EVENT", "TIME", "STATUS", "OPERATION", "RESOURCE", "CALLER"], rows),
        ),
      );
    });
}

export function settingsCommand({ print }: Printer, open: Open): Command {
  return new Command("settings")
    .description("Show or change how true to time the simulated clouds are.")
    .argument("[name=value...]", "a number, true or false, or `off` for a limit", collect, [])
    .addOption(outputOption())
    .addHelpText("after", settingsHelp)
    .action(async (pairs: readonly Setting[], { output }: { output: Format }) => {
      const clouds = await open();
      const change = Object.fromEntries(pairs);
      const now = pairs.length === 0 ? await clouds.settings() : await clouds.changeSettings(change);
      const rows = Object.entries(now).map(([name, value]) => [name, value === null ? "off" : String(value)]);
      print(inFormat(output, now, () => formatTable(["SETTING", "VALUE"], rows)));
    });
}

const settingsHelp = `
timeFactor                1: operations take as long as on Azure (a workspace 3 minutes); 0: no time at all
rbacLagSeconds            how long a role assignment is there before it allows anything
writesPerHour             limits of one subscription; Azure's own: 1200, 12000, and 1000 network writes
readsPerHour
networkWritesPer5Minutes
requireServicePrincipalUser        true: jobs run as a service principal only if the deployer may use it
managedIdentityGroupDelaySeconds   tokens of managed identities keep their groups so long, times timeFactor

Example:
  rowgate sandbox settings timeFactor=0.1 writesPerHour=1200`;

type Setting = readonly [string, number | boolean | null];

function collect(text: string, before: readonly Setting[]): readonly Setting[] {
  const [, name = "", word = ""] = /^(\w+)=(off|true|false|\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (name === "")
    throw new InvalidArgumentError(
      "A setting is given as name=number, name=true or name=false, a limit also as name=off.",
    );
  return [...before, [name, settingValue(word)]];
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("Not a whole number.");
  return value;
}

function settingValue(word: string): number | boolean | null {
  if (word === "off") return null;
  return word === "true" || word === "false" ? word === "true" : Number(word);
}
