/** `rowgate describe`: all there is to know of one job, stack or run. */
import { Command } from "commander";
import {
  type AlertBody,
  alertListBody,
  type JobBody,
  jobBody,
  type OutputsBody,
  outputsBody,
  type RowListBody,
  type RunBody,
  rowListBody,
  runBody,
  runListBody,
  type StackBody,
  type StepListBody,
  stackBody,
  stepListBody,
} from "../http/contract.ts";
import { type CommandContext, jobId } from "./command-context.ts";
import { alertCells, alertHeads, changesText, runCells, runHeads, took } from "./get.ts";
import { rowKindOf } from "./kinds.ts";
import { age, cell, type Format, fields, inFormat, outputOption, section } from "./output.ts";
import type { ServiceClient } from "./service-client.ts";

interface DescribeFlags {
  readonly output: Format;
}

export const describeCommand = (context: CommandContext): Command =>
  new Command("describe")
    .description("Tell all there is to know of one job, stack or run.")
    .addCommand(jobCommand(context))
    .addCommand(stackCommand(context))
    .addCommand(runCommand(context));

const recentRuns = 10;

function jobCommand({ open, print }: CommandContext): Command {
  return new Command("job")
    .description("Its conditions, open alerts, rows, stacks, outputs and last runs.")
    .argument("<id>", "number of the job", jobId)
    .addOption(outputOption())
    .action(async (id: number, { output }: DescribeFlags) => {
      const service = await open();
      const job = jobBody.parse(await service.get(`/api/jobs/${id}`));
      const { rows } = rowListBody.parse(await service.get(`/api/rows?jobId=${id}`));
      const outputs = outputsBody.parse(await service.get(`/api/jobs/${id}/outputs`));
      const { runs } = runListBody.parse(await service.get(`/api/runs?jobId=${id}&limit=${recentRuns}`));
      const { alerts } = alertListBody.parse(await service.get(`/api/alerts?jobId=${id}&state=Fired`));
      const all = { job, rows, outputs, runs, alerts };
      print(inFormat(output, all, () => jobText(all)));
    });
}

function jobText({
  job,
  rows,
  outputs,
  runs,
  alerts,
}: {
  readonly job: JobBody;
  readonly rows: RowListBody["rows"];
  readonly outputs: OutputsBody;
  readonly runs: readonly RunBody[];
  /** those that have not resolved */
  readonly alerts: readonly AlertBody[];
}): string {
  const { name, owner, priority, enabled } = job;
  return [
    fields({ job: job.jobId, name, environment: outputs.environment, owner, priority, enabled }),
    conditionsText(job.conditions),
    section("open alerts", alertHeads, alerts.map(alertCells)),
    section("rows", ["TABLE", "KEY", "VALUES", "HELD BY"], rows.map(rowCells)),
    section(
      "stacks",
      ["STACK", "KIND", "IN SYNC", "LAST SUCCESS", "CONDITIONS"],
      job.stacks.map((stack) => [
        stack.stack,
        stack.kind,
        cell(stack.inSync),
        age(stack.lastSuccessAt),
        cell(stack.conditions.map(({ type, status, reason }) => `${type} ${status} (${reason})`)),
      ]),
    ),
    outputsText(outputs),
    section("last runs", runHeads, runs.map(runCells)),
  ].join("\n\n");
}

export function outputsText({ outputs, stale, asOf, runId }: OutputsBody): string {
  const from = asOf === null ? "nothing was applied yet" : `of ${asOf}, run ${runId}`;
  return section(
    `outputs (${from}${stale && asOf !== null ? "; stale: the rows ask for more" : ""})`,
    ["NAME", "VALUE"],
    Object.entries(outputs).map(([name, value]) => [name, cell(value)]),
  );
}

function rowCells({ table, key, values, conditions }: RowListBody["rows"][number]): readonly string[] {
  const columns = rowKindOf(table)?.columns.slice(1) ?? [];
  const shown = columns.filter((column) => column !== "job_id" && cell(values[column]) !== "-");
  return [
    table,
    key,
    cell(shown.map((column) => `${column}=${cell(values[column])}`).join(" ")),
    cell(conditions.map(({ type, message }) => `${type}: ${message}`)),
  ];
}

const conditionsText = (conditions: JobBody["conditions"]): string =>
  section(
    "conditions",
    ["TYPE", "STATUS", "REASON", "FOR", "MESSAGE"],
    conditions.map(({ type, status, reason, since, message }) => [
      type,
      status,
      reason,
      status === "Unknown" ? "-" : age(since),
      message,
    ]),
  );

function stackCommand({ open, print }: CommandContext): Command {
  return new Command("stack")
    .description("Its conditions, the rows that ask it for something, and its last runs.")
    .argument("<name>", "like job-eastus-201")
    .addOption(outputOption())
    .action(async (name: string, { output }: DescribeFlags) => {
      const body = stackBody.parse(await (await open()).get(`/api/stacks/${encodeURIComponent(name)}`));
      print(inFormat(output, body, () => stackText(body)));
    });
}

function stackText(stack: StackBody): string {
  const { kind, environment, lane, wanted, inSync, attempts } = stack;
  const lastSuccess = stack.lastSuccessAt;
  return [
    fields({
      stack: stack.stack,
      kind,
      environment,
      lane,
      wanted,
      "in sync": inSync,
      "failed attempts": attempts,
      "last success": lastSuccess,
      "running now": stack.runningRunId,
    }),
    conditionsText(stack.conditions),
    section(
      "asked for by",
      ["ROW", "JOB", "ADMITTED", "OBJECT"],
      stack.contributions.flatMap(({ jobId: id, asks }) =>
        asks.flatMap(({ table, key, admitted, objects }) =>
          objects.map((object) => [`${table}/${key}`, cell(id), cell(admitted), object]),
        ),
      ),
    ),
    section("last runs", runHeads, stack.runs.map(runCells)),
  ].join("\n\n");
}

function runCommand({ open, print }: CommandContext): Command {
  return new Command("run")
    .description("How it went, step by step.")
    .argument("<id>", "as `rowgate get runs` lists it")
    .addOption(outputOption())
    .action(async (id: string, { output }: DescribeFlags) => {
      const service = await open();
      const route = `/api/runs/${encodeURIComponent(id)}`;
      const run = runBody.parse(await service.get(route));
      const steps = await readSteps(service, route);
      print(inFormat(output, { ...run, steps }, () => runText(run, steps)));
    });
}

// the most that the service gives at once
const stepPage = 500;

async function readSteps(service: ServiceClient, route: string): Promise<StepListBody["steps"]> {
  const steps: StepListBody["steps"] = [];
  for (;;) {
    const after = steps.at(-1)?.number ?? 0;
    const page = stepListBody.parse(await service.get(`${route}/steps?limit=${stepPage}&after=${after}`));
    steps.push(...page.steps);
    if (page.steps.length < stepPage) return steps;
  }
}

function runText(run: RunBody, steps: StepListBody["steps"]): string {
  const { stack, kind, reason, status } = run;
  return [
    fields({
      run: run.runId,
      stack,
      kind,
      reason,
      status,
      request: run.requestId,
      trace: run.traceId,
      queued: run.queuedAt,
      took: took(run),
      changes: changesText(run),
      failure: run.failure?.message,
    }),
    section(
      "steps",
      ["NUMBER", "STATUS", "OPERATION", "TYPE", "OBJECT", "MESSAGE"],
      steps.map((step) => [
        cell(step.number),
        step.status,
        cell(step.operation),
        cell(step.type),
        cell(step.urn.split("::").at(-1)),
        cell(step.message),
      ]),
    ),
  ].join("\n\n");
}
