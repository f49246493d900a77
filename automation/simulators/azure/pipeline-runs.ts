/** What is kept of pipeline runs and of their activities' runs. */
import type { Body, Json } from "../json.ts";
import { keepNewest } from "../keep-newest.ts";
import type { Store } from "../store.ts";

export interface RunEnd {
  readonly status: "Succeeded" | "Failed";
  readonly message: string;
}

export function addRun(
  store: Store,
  run: { runId: string; factoryId: string; pipeline: string; parameters: Body },
): void {
  store.run(
    "insert into pipeline_runs (run_id, factory_key, pipeline, parameters, status, started_at) values (?, ?, ?, ?, 'InProgress', ?)",
    run.runId,
    run.factoryId.toLowerCase(),
    run.pipeline,
    JSON.stringify(run.parameters),
    new Date().toISOString(),
  );
  keepNewest(store, "pipeline_runs");
}

export function endRun(store: Store, runId: string, { status, message }: RunEnd): void {
  store.run(
    "update pipeline_runs set status = ?, message = ?, ended_at = ? where run_id = ?",
    status,
    message,
    new Date().toISOString(),
    runId,
  );
}

/** Runs live in the process; those of a process that is gone will not go on. */
export function endInterrupted(store: Store): void {
  store.run(
    "update pipeline_runs set status = 'Failed', message = 'The simulated factory stopped during the run.', ended_at = ? where status = 'InProgress'",
    new Date().toISOString(),
  );
}

export interface ActivityRun {
  readonly name: string;
  readonly type: string;
  readonly status: "Succeeded" | "Failed" | "Skipped";
  readonly input: Json;
  readonly output: Json;
  readonly error: Json;
  readonly startedAt: string;
}

export function addActivityRun(store: Store, runId: string, run: ActivityRun): void {
  store.run(
    `insert into activity_runs (activity_run_id, run_id, name, type, status, input, output, error, started_at, ended_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    crypto.randomUUID(),
    runId,
    run.name,
    run.type,
    run.status,
    JSON.stringify(run.input),
    JSON.stringify(run.output),
    JSON.stringify(run.error),
    run.startedAt,
    new Date().toISOString(),
  );
  keepNewest(store, "activity_runs");
}

export function showRun(store: Store, factoryId: string, runId: string): Body | undefined {
  const [row] = store.all(
    "select * from pipeline_runs where run_id = ? and factory_key = ?",
    runId,
    factoryId.toLowerCase(),
  );
  if (!row) return undefined;
  const [from, to] = [Date.parse(String(row.started_at)), Date.parse(String(row.ended_at ?? ""))];
  return {
    runId,
    pipelineName: String(row.pipeline),
    parameters: JSON.parse(String(row.parameters)) as Body,
    invokedBy: { name: "Manual", invokedByType: "Manual" },
    status: String(row.status),
    message: String(row.message ?? ""),
    runStart: String(row.started_at),
    runEnd: row.ended_at === null ? null : String(row.ended_at),
    durationInMs: Number.isNaN(to) ? null : to - from,
    isLatest: true,
  };
}

export function showActivityRuns(store: Store, runId: string): Body[] {
  return store
    .all("select * from activity_runs where run_id = ? order by started_at, rowid", runId)
    .map((row) => ({
      activityRunId: String(row.activity_run_id),
      activityName: String(row.name),
      activityType: String(row.type),
      pipelineRunId: runId,
      status: String(row.status),
      input: JSON.parse(String(row.input)) as Json,
      output: JSON.parse(String(row.output)) as Json,
      error: JSON.parse(String(row.error)) as Json,
      activityRunStart: String(row.started_at),
      activityRunEnd: String(row.ended_at),
    }));
}
