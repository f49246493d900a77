/** `rowgate get`: lists with their state at a glance. */
import { Argument, Command, InvalidArgumentError } from "commander";
import {
  type AlertBody,
  alertListBody,
  type JobSummaryBody,
  type RowListBody,
  type RunBody,
  rowListBody,
  runListBody,
  type StackSummaryBody,
  stackListBody,
} from "../http/contract.ts";
import { type CommandContext, jobId } from "./command-context.ts";
import { readJob, readJobs, unknownJob } from "./job-list.ts";
import { type Kind, kindOf, kinds, type RowKindName, rowKinds } from "./kinds.ts";
import { age, cell, type Format, inFormat, outputOption } from "./output.ts";
import type { ServiceClient } from "./service-client.ts";
import { formatTable } from "./table.ts";

interface GetFlags {
  readonly job?: number;
  readonly limit?: number;
  readonly output: Format;
}

interface Listing {
  /** as the service gave it */
  readonly items: readonly unknown[];
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function getCommand({ open, print }: CommandContext): Command {
  return new Command("get")
    .description("List jobs, stacks, runs, alerts that fired, or the rows of a table.")
    .addArgument(
      new Argument("<kind>", "a table's own name is understood too").choices(kinds).argParser(parseKind),
    )
    .option("--job <id>", "only what belongs to this job", jobId)
    .option("--limit <n>", "runs and alerts: how many of the newest (50)", limit)
    .addOption(outputOption())
    .action(async (kind: Kind, flags: GetFlags, command: Command) => {
      if (flags.limit !== undefined && kind !== "runs" && kind !== "alerts")
        command.error("error: --limit is for runs and alerts alone");
      const { items, heads, rows } = await listingOf(kind, await open(), flags);
      const none = `no ${kind}${flags.job === undefined ? "" : ` of job ${flags.job}`}`;
      print(inFormat(flags.output, items, () => (rows.length === 0 ? none : formatTable(heads, rows))));
    });
}

function parseKind(text: string): Kind {
  const kind = kindOf(text);
  if (kind === null) throw new InvalidArgumentError(`Kinds are ${kinds.join(", ")}.`);
  return kind;
}

function limit(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 500)
    throw new InvalidArgumentError("Give a whole number from 1 to 500.");
  return value;
}

async function listingOf(kind: Kind, service: ServiceClient, flags: GetFlags): Promise<Listing> {
  const ofJob = flags.job === undefined ? "" : `jobId=${flags.job}`;
  switch (kind) {
    case "jobs":
      return jobListing(await jobsOf(service, flags.job));
    case "stacks":
      return stackListing(stackListBody.parse(await service.get(`/api/stacks?${ofJob}`)).stacks);
    case "runs": {
      const { runs } = runListBody.parse(await service.get(`/api/runs?limit=${flags.limit ?? 50}&${ofJob}`));
      return { items: runs, heads: runHeads, rows: runs.map(runCells) };
    }
    case "alerts": {
      const route = `/api/alerts?limit=${flags.limit ?? 50}&${ofJob}`;
      const { alerts } = alertListBody.parse(await service.get(route));
      return { items: alerts, heads: alertHeads, rows: alerts.map(alertCells) };
    }
    default: {
      const route = `/api/rows?table=${rowKinds[kind].table}&${ofJob}`;
      return rowListing(kind, rowListBody.parse(await service.get(route)).rows);
    }
  }
}

async function jobsOf(service: ServiceClient, id: number | undefined): Promise<readonly JobSummaryBody[]> {
  if (id === undefined) return readJobs(service);
  const job = await readJob(service, id);
  if (job === null) throw unknownJob(id);
  return [job];
}

const jobListing = (jobs: readonly JobSummaryBody[]): Listing => ({
  items: jobs,
  heads: ["JOB", "NAME", "ENVIRONMENT", "PRIORITY", "ENABLED", "READY", "REASON", "FOR"],
  rows: jobs.map(({ jobId: id, name, environment, priority, enabled, ready }) => [
    cell(id),
    cell(name),
    environment ?? "(default)",
    priority,
    cell(enabled),
    ready.status,
    ready.reason,
    // A job that was never resolved is in that state since no instant that means anything.
    ready.status === "Unknown" ? "-" : age(ready.since),
  ]),
});

const stackListing = (stacks: readonly StackSummaryBody[]): Listing => ({
  items: stacks,
  heads: ["STACK", "KIND", "GROUP", "READY", "REASON", "IN SYNC", "DRIFTED", "RUNNING", "LAST SUCCESS"],
  rows: stacks.map((stack) => [
    stack.stack,
    stack.kind,
    cell(stack.group),
    stack.ready?.status ?? "Unknown",
    cell(stack.ready?.reason),
    cell(stack.inSync),
    stack.drifted === null ? "-" : cell(stack.drifted.status === "True"),
    cell(stack.runningRunId !== null),
    age(stack.lastSuccessAt),
  ]),
});

export const runHeads = ["RUN", "STACK", "KIND", "REASON", "STATUS", "QUEUED", "TOOK", "CHANGES"] as const;
export const runCells = (run: RunBody): readonly string[] => [
  run.runId,
  run.stack,
  run.kind,
  run.reason,
  run.status,
  age(run.queuedAt),
  took(run),
  changesText(run),
];

export const alertHeads = ["STATE", "SEVERITY", "JOB", "METRIC", "FIRED", "RESOLVED", "WHAT"] as const;
export const alertCells = (alert: AlertBody): readonly string[] => [
  alert.state,
  cell(alert.severity),
  cell(alert.jobId),
  cell(alert.metric),
  age(alert.firedAt),
  age(alert.resolvedAt),
  cell(alert.description || alert.ruleId.split("/").at(-1)),
];

export function took({ startedAt, endedAt }: RunBody): string {
  if (startedAt === null || endedAt === null) return "-";
  return `${((Date.parse(endedAt) - Date.parse(startedAt)) / 1_000).toFixed(1)}s`;
}

export const changesText = ({ changes }: RunBody): string =>
  cell(Object.entries(changes).map(([operation, count]) => `${operation} ${count}`));

function rowListing(kind: RowKindName, rows: RowListBody["rows"]): Listing {
  const { columns } = rowKinds[kind];
  return {
    items: rows,
    heads: [...columns.map((column) => column.toUpperCase().replaceAll("_", " ")), "HELD BY"],
    rows: rows.map(({ values, conditions }) => [
      ...columns.map((column) => cell(values[column])),
      cell(conditions.map(({ type, reason }) => `${type}: ${reason}`)),
    ]),
  };
}
