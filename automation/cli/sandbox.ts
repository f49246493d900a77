/**
 * `rowgate sandbox`: what is in the simulated clouds, and what a person in the portals would do there:
 * change something behind the service's back, or let a call fail.
 */
import { Command, InvalidArgumentError } from "commander";
import { type CloudObject, type CloudsClient, openClouds } from "./clouds-client.ts";
import { dataText, type Format, outputOption } from "./output.ts";
import { activityCommand, settingsCommand } from "./sandbox-azure.ts";
import { faultCommand } from "./sandbox-fault.ts";
import { evaluateCommand, metricCommand } from "./sandbox-monitor.ts";
import type { ServiceClient } from "./service-client.ts";
import { formatTable } from "./table.ts";

export interface SandboxOptions {
  /** ROWGATE_HOME */
  readonly home: string;
  print(text: string): void;
  /** the running service */
  open(): Promise<ServiceClient>;
}

export function sandboxCommand(options: SandboxOptions): Command {
  const open = (): Promise<CloudsClient> => openClouds(options.home);
  return new Command("sandbox")
    .description(
      "Look into the simulated clouds of the running service, and change them as a person in a portal would.",
    )
    .addCommand(listCommand(options, open))
    .addCommand(showCommand(options, open))
    .addCommand(setCommand(options, open))
    .addCommand(deleteCommand(options, open))
    .addCommand(activityCommand(options, open))
    .addCommand(settingsCommand(options, open))
    .addCommand(metricCommand(options, open))
    .addCommand(evaluateCommand(options, open))
    .addCommand(faultCommand(options.print, open));
}

type Open = () => Promise<CloudsClient>;

interface ListFlags {
  readonly type?: string;
  readonly name?: string;
  readonly deleted?: boolean;
  readonly output: Format;
}

const contains = ({ name, id, summary, type }: CloudObject, text: string): boolean =>
  [name, id, summary, shortType(type)].some((each) => each.toLowerCase().includes(text.toLowerCase()));

function listCommand({ print }: SandboxOptions, open: Open): Command {
  return new Command("list")
    .description("Every object: who may do what, endpoints and their addresses, jobs, policies, groups.")
    .argument("[text]", "only objects with this text in their name, id, type or description")
    .option("--type <type>", "only this type: Grant, or a whole token like databricks:index/grant:Grant")
    .option("--name <name>", "only objects of exactly this name")
    .option("--deleted", "soft-deleted objects instead of live ones")
    .addOption(outputOption())
    .action(async (text: string | undefined, flags: ListFlags) => {
      const { output, ...query } = flags;
      const found = (await (await open()).list(query)).filter((object) => contains(object, text ?? ""));
      if (output !== "table") {
        print(dataText(output, found));
        return;
      }
      if (found.length > 0) {
        const rows = found.map((object) => [
          object.cloud,
          shortType(object.type),
          object.name,
          object.summary,
        ]);
        print(formatTable(["CLOUD", "TYPE", "NAME", "WHAT"], rows));
      }
      print(
        `${found.length} ${found.length === 1 ? "object" : "objects"} in the simulated clouds (sandbox, not Azure)`,
      );
    });
}

function showCommand({ print }: SandboxOptions, open: Open): Command {
  return new Command("show")
    .description("One object with all its properties.")
    .argument("<id-or-name>", "id, or a name that only one object has")
    .option("--type <type>", "which one, where several types share a name")
    .addOption(outputOption())
    .action(async (wanted: string, flags: { type?: string; output: Format }) => {
      const object = await findOne(await open(), wanted, flags.type);
      if (flags.output !== "table") {
        print(dataText(flags.output, object));
        return;
      }
      const { body, ...about } = object;
      const rows = Object.entries(about).filter(([, value]) => value !== null && value !== "");
      print(
        formatTable(
          ["", ""],
          rows.map(([key, value]) => [key, String(value)]),
        ).trimStart(),
      );
      print(`properties\n${JSON.stringify(body, null, 2)}`);
    });
}

function setCommand({ print }: SandboxOptions, open: Open): Command {
  return new Command("set")
    .description("Change properties of an object, or create one: the service will find it as drift.")
    .argument("<id-or-name>", "id, or a name that only one object has; an id that nothing has is created")
    .argument("[property=value...]", "dotted paths; JSON or text; null removes", collect, [])
    .option("--type <type>", "type of a new object whose id doesn't tell, or which of several of that name")
    .addHelpText("after", setExamples)
    .action(
      async (wanted: string, pairs: readonly (readonly [string, unknown])[], flags: { type?: string }) => {
        const clouds = await open();
        const found = await seek(clouds, wanted, flags.type);
        const id = found[0]?.id ?? wanted;
        if (found.length > 1) throw new Error(ambiguous(wanted, found));
        if (found.length === 0 && !wanted.includes("/")) throw new Error(unknownObject(wanted));
        const properties = nest(pairs);
        const changed = await clouds.put(id, { properties, ...(flags.type ? { type: flags.type } : {}) });
        print(`${found.length === 0 ? "created" : "changed"} ${changed.id}`);
      },
    );
}

const setExamples = `
Examples:
  rowgate sandbox set /subscriptions/…/vaults/ml-vault/secrets/new-secret
  rowgate sandbox set dbw-eastus publicNetworkAccess=Enabled
  rowgate sandbox set ID privateLinkServiceConnectionState.status=Rejected   of a PrivateEndpointConnection
  rowgate sandbox set ir-plant-lyon properties.state=Offline
  rowgate sandbox set "ds_team on catalog ml" 'privileges=["USE_CATALOG","BROWSE"]'`;

function deleteCommand({ print }: SandboxOptions, open: Open): Command {
  return new Command("delete")
    .description("Delete an object behind the service's back; deleting a soft-deleted one purges it.")
    .argument("<id-or-name>", "id, or a name that only one object has")
    .option("--type <type>", "which one, where several types share a name")
    .action(async (wanted: string, flags: { type?: string }) => {
      const clouds = await open();
      const object = await findOne(clouds, wanted, flags.type);
      await clouds.remove(object.id);
      print(`deleted ${object.id}`);
    });
}

/** Live objects first: a soft-deleted one is meant only where no live one is. */
async function seek(clouds: CloudsClient, wanted: string, type: string | undefined): Promise<CloudObject[]> {
  for (const deleted of [false, true]) {
    const all = await clouds.list({ deleted, type });
    const same = (text: string): boolean => text.toLowerCase() === wanted.toLowerCase();
    const byId = all.filter((object) => same(object.id));
    const found = byId.length > 0 ? byId : all.filter((object) => same(object.name));
    if (found.length > 0) return found;
  }
  return [];
}

async function findOne(clouds: CloudsClient, wanted: string, type: string | undefined): Promise<CloudObject> {
  const found = await seek(clouds, wanted, type);
  const [only] = found;
  if (!only) throw new Error(unknownObject(wanted));
  if (found.length > 1) throw new Error(ambiguous(wanted, found));
  return only;
}

const unknownObject = (wanted: string): string =>
  `No object has the id or name ${wanted}. See \`rowgate sandbox list\`.`;

const ambiguous = (wanted: string, found: readonly CloudObject[]): string =>
  `${found.length} objects are named ${wanted}; say which by its id, or by --type:\n${found
    .map((object) => `  ${object.id} (${shortType(object.type)})`)
    .join("\n")}`;

/** `databricks:index/grant:Grant` is a Grant to a person. */
const shortType = (token: string): string => token.split(":").at(-1) ?? token;

function collect(
  text: string,
  before: readonly (readonly [string, unknown])[],
): readonly (readonly [string, unknown])[] {
  const cut = text.indexOf("=");
  if (cut < 1) throw new InvalidArgumentError("A property is set as property=value.");
  return [...before, [text.slice(0, cut), parseValue(text.slice(cut + 1))]];
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // plain text needs no quotes
    return text;
  }
}

function nest(pairs: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of pairs) {
    const steps = path.split(".");
    const last = steps.pop() ?? path;
    let here = root;
    for (const step of steps) {
      const next = here[step];
      const inner = typeof next === "object" && next !== null ? (next as Record<string, unknown>) : {};
      here[step] = inner;
      here = inner;
    }
    here[last] = value;
  }
  return root;
}
