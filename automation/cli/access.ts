/** `rowgate access`: who can do what by the rows; in the sandbox also where the simulated clouds differ. */
import { Command } from "commander";
import { compareAccess } from "../access/compare-access.ts";
import { type AccessBody, accessBody } from "../http/contract.ts";
import { openClouds } from "./clouds-client.ts";
import { type CommandContext, failedExit } from "./command-context.ts";
import { cell, type Format, inFormat, outputOption } from "./output.ts";
import { formatTable } from "./table.ts";

export interface AccessOptions {
  /** ROWGATE_HOME */
  readonly home: string;
}

interface Flags {
  readonly object?: string;
  readonly compare?: true;
  readonly output: Format;
}

export const accessCommand = ({ open, print, endWith, home }: CommandContext & AccessOptions): Command =>
  new Command("access")
    .description("Tell what somebody can do by the rows, and which rows say so.")
    .argument(
      "[principal]",
      "name of a group or identity, a person's sign-in name, or an object id; left out: what groups and identities hold",
    )
    .option("--object <text>", "only on objects with this text in their name")
    .option("--compare", "in the sandbox: only where the simulated clouds allow something else")
    .addOption(outputOption())
    .addHelpText("after", examples)
    .action(async (principal: string | undefined, { object, compare, output }: Flags) => {
      const query = new URLSearchParams({
        ...(principal === undefined || compare ? {} : { principal }),
        ...(object === undefined || compare ? {} : { object }),
      });
      const service = await open();
      const { access } = accessBody.parse(await service.get(`/api/access?${query}`));
      if (!compare) {
        print(inFormat(output, access, () => accessText(access)));
        return;
      }
      const lines = (await differences(access, home)).filter(
        (line) =>
          (principal === undefined || [line.principal, line.name].includes(principal)) &&
          (object === undefined || line.object.toLowerCase().includes(object.toLowerCase())),
      );
      print(inFormat(output, lines, () => differenceText(lines)));
      if (lines.length > 0) endWith(failedExit);
    });

const examples = `
Examples:
  rowgate access ds_team                            what the group ds_team can do
  rowgate access ada@contoso.example --object 201   what Ada can do on what has 201 in its name
  rowgate access --compare                          where the simulated clouds differ from the rows`;

interface Difference {
  readonly what: "missing" | "surplus";
  readonly principal: string;
  readonly name: string;
  readonly action: string;
  readonly object: string;
  readonly because: readonly string[];
}

/** Groups of Databricks that everybody is in: no row leads to them. */
const everybody: ReadonlySet<string> = new Set(["account users", "users"]);

/** Of what is held in person, or as everybody: who is in a group is the directory's to say, and no row does. */
async function differences(said: AccessBody["access"], home: string): Promise<readonly Difference[]> {
  const { principals, can } = await (await openClouds(home)).everyonesAccess();
  const nameOf = (id: string): string => principals.find(({ objectId }) => objectId === id)?.name ?? id;
  const held = can.filter(({ through }) => through === null || everybody.has(through));
  const { missing, surplus } = compareAccess(said, held);
  const line = (
    what: Difference["what"],
    { principal, action, object }: { principal: string; action: string; object: string },
    because: readonly string[],
  ): Difference => ({ what, principal, name: nameOf(principal), action, object, because });
  return [
    ...missing.map((each) => line("missing", each, rowsOf(each))),
    ...surplus.map((each) => line("surplus", each, [])),
  ];
}

const rowsOf = ({ because }: AccessBody["access"][number]): readonly string[] =>
  because.map(({ table, key }) => `${table}/${key}`);

const accessText = (access: AccessBody["access"]): string =>
  access.length === 0
    ? "Nothing, by the rows."
    : formatTable(
        ["WHO", "CAN", "ON", "THROUGH", "BECAUSE"],
        access.map((each) => [
          each.name,
          each.action,
          each.object,
          cell(each.through),
          rowsOf(each).join(", "),
        ]),
      );

const differenceText = (lines: readonly Difference[]): string =>
  lines.length === 0
    ? "The simulated clouds allow what the rows say, and nothing else."
    : formatTable(
        ["", "WHO", "CAN", "ON", "BECAUSE"],
        lines.map((each) => [each.what, each.name, each.action, each.object, each.because.join(", ") || "-"]),
      );
