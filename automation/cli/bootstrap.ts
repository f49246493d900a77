/** `rowgate bootstrap`: the least that the service needs in an environment, told, written as a script, or given. */
import { Command, Option } from "commander";
import { readDocuments } from "../../metadata-schema/documents/read-documents.ts";
import { azureAccess, type CloudAccess } from "../azure/cloud-access.ts";
import { personTokens } from "../azure/tokens.ts";
import { rowListBody } from "../http/contract.ts";
import { applyBootstrap, type StepResult } from "../privilege/apply-bootstrap.ts";
import { bootstrapScript } from "../privilege/az-script.ts";
import {
  type BootstrapEnvironment,
  readBootstrapFacts,
  type ServicePrincipalFacts,
} from "../privilege/bootstrap-facts.ts";
import { type BootstrapPlan, planBootstrap } from "../privilege/bootstrap-plan.ts";
import { bootstrapText } from "../privilege/bootstrap-text.ts";
import { type CommandContext, failedExit } from "./command-context.ts";
import { oneLine } from "./one-line.ts";
import { dataText } from "./output.ts";
import { readSources } from "./read-files.ts";

export interface BootstrapOptions extends CommandContext {
  stdin(): Promise<Uint8Array>;
  /** asks a person; null: nobody is at the terminal */
  readonly confirm: ((question: string) => Promise<boolean>) | null;
}

const formats = ["text", "json", "yaml", "az"] as const;

interface BootstrapFlags {
  readonly filename?: readonly string[];
  readonly subscription?: string;
  readonly resourceGroup?: string;
  readonly location?: string;
  readonly tenant?: string;
  readonly principal: string;
  readonly applicationId?: string;
  readonly principalName?: string;
  readonly apply?: boolean;
  readonly yes?: boolean;
  readonly output?: (typeof formats)[number];
  readonly format?: (typeof formats)[number];
}

/** @param access as the person who is signed in; tests hand in their own */
export function bootstrapCommand(
  options: BootstrapOptions,
  access: () => CloudAccess = () => azureAccess(personTokens()),
): Command {
  return new Command("bootstrap")
    .description("Tell what the service needs on Azure for an environment, and no more; or give it that.")
    .argument(
      "[environment]",
      "its name, from a running service or from files; may be left out where there is one",
    )
    .option("-f, --filename <path...>", "take the environment from files instead")
    .option("--subscription <guid>", "without a row: its subscription")
    .option("--resource-group <name>", "without a row: its resource group")
    .option("--location <region>", "without a row: its region, e.g. eastus")
    .option("--tenant <guid>", "without a row: its Entra tenant")
    .requiredOption(
      "--principal <guid>",
      "object id of the service's identity in Entra ID (not its application id)",
    )
    .option("--application-id <guid>", "its application id, by which Databricks knows it")
    .option("--principal-name <name>", "its display name, by which the database knows it")
    .option("--apply", "give it that, as whoever is signed in (az login)")
    .option("-y, --yes", "with --apply: do not ask before")
    .addOption(new Option("-o, --output <format>", "how to print").choices(formats))
    .addOption(new Option("--format <format>", "the same; az is a script for the Azure CLI").choices(formats))
    .action(async (name: string | undefined, flags: BootstrapFlags) => {
      const plan = planBootstrap(await environmentOf(options, name, flags), principalOf(flags));
      if (flags.apply === true) {
        await apply(options, access(), plan, flags.yes === true);
        return;
      }
      options.print(planText(plan, flags.output ?? flags.format ?? "text"));
    });
}

function planText(plan: BootstrapPlan, format: (typeof formats)[number]): string {
  switch (format) {
    case "text":
      return bootstrapText(plan);
    case "az":
      return bootstrapScript(plan);
    case "json":
    case "yaml":
      return dataText(format, plan);
    default:
      return format satisfies never;
  }
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function principalOf({ principal, applicationId, principalName }: BootstrapFlags): ServicePrincipalFacts {
  for (const [flag, value] of [
    ["--principal", principal],
    ["--application-id", applicationId],
  ] as const)
    if (value !== undefined && !guid.test(value))
      throw new Error(
        `${flag} ${oneLine(value)} is no GUID. \`az ad sp list --display-name NAME\` shows both ids.`,
      );
  return { objectId: principal, applicationId: applicationId ?? null, displayName: principalName ?? null };
}

/** By its flags, from files, or from the service that runs. */
async function environmentOf(
  options: BootstrapOptions,
  name: string | undefined,
  flags: BootstrapFlags,
): Promise<BootstrapEnvironment> {
  const { subscription, resourceGroup, location, tenant } = flags;
  const given = [subscription, resourceGroup, location, tenant].filter((value) => value !== undefined);
  if (given.length > 0)
    return usable({
      name: name ?? "",
      location,
      subscription_id: subscription,
      tenant_id: tenant,
      resource_group: resourceGroup,
    });
  const rows =
    flags.filename === undefined ? await rowsOfService(options) : await rowsOfFiles(flags.filename, options);
  const wanted = name === undefined ? rows : rows.filter((row) => row.name === name);
  const [only, ...more] = wanted;
  const names = rows.map((row) => oneLine(String(row.name))).join(", ") || "none";
  if (only === undefined)
    throw new Error(`There is no environment ${oneLine(name ?? "at all")}. There is: ${names}.`);
  if (more.length > 0) throw new Error(`There are several environments: name one of ${names}.`);
  return usable(only);
}

type Row = Readonly<Record<string, unknown>>;

async function rowsOfService({ open }: BootstrapOptions): Promise<readonly Row[]> {
  const { rows } = rowListBody.parse(await (await open()).get("/api/rows?table=Environments"));
  return rows.map(({ values }) => values);
}

async function rowsOfFiles(
  files: readonly string[],
  { stdin }: Pick<BootstrapOptions, "stdin">,
): Promise<readonly Row[]> {
  const sources = await readSources(files, stdin);
  if (sources.faults.length > 0) throw new Error(sources.faults.join("\n"));
  const { rows } = readDocuments(sources.documents.map(({ value }) => value));
  return rows.filter(({ table }) => table === "Environments").map(({ values }) => values);
}

function usable(values: Row): BootstrapEnvironment {
  const read = readBootstrapFacts(values);
  if (read.status === "read") return read.facts;
  throw new Error(
    `The environment cannot be used: ${read.faults.map(oneLine).join("; ")}. Name it with its row, or give its name, ` +
      "--subscription, --resource-group, --location and --tenant.",
  );
}

async function apply(
  options: BootstrapOptions,
  { arm, graph }: CloudAccess,
  plan: BootstrapPlan,
  agreed: boolean,
): Promise<void> {
  options.print(bootstrapText(plan));
  if (!agreed && !(await isAgreed(options))) throw new Error("Nothing was changed.");
  const worked = await applyBootstrap({ arm, graph, plan, onStep: (step) => options.print(stepLine(step)) });
  if (!worked) options.endWith(failedExit);
  options.print(
    worked
      ? "All of it is given. What stands under By hand remains; Azure takes up to ten minutes until roles count."
      : "Not all of it is given: see the lines above. It can be run again.",
  );
}

async function isAgreed({ confirm }: BootstrapOptions): Promise<boolean> {
  if (confirm === null)
    throw new Error(
      "Nobody is at the terminal to agree. Look at it without --apply, then run it with --yes.",
    );
  return confirm("Give the service all that stands above, but for By hand? Only yes does it: ");
}

const stepLine = ({ step, status, message }: StepResult): string =>
  oneLine(`${status.padEnd(13)}  ${step}${message === null ? "" : `: ${message}`}`);
