/** What resolving the rows of one job has in common. */
import type { OutputReference } from "../../metadata-schema/contributions.ts";
import type { EnvironmentFacts, WorkspaceFacts } from "../../metadata-schema/desired-state.ts";
import type { EnvironmentRow, JobRow, RowRef } from "../../metadata-schema/rows.ts";
import type { JobSnapshot, RecordedReference } from "../../metadata-schema/store.ts";
import { jobStack, platformStack } from "../../program/layout/names.ts";
import { type EnvironmentVault, environmentFacts, vaultOf, workspaceFacts } from "./environment.ts";
import type { Answers } from "./names-needed.ts";

export interface JobContext {
  readonly job: JobRow;
  readonly jobId: number;
  readonly environment: EnvironmentRow;
  readonly environmentName: string;
  readonly facts: EnvironmentFacts;
  readonly vault: EnvironmentVault;
  /** null: the platform stack has not been applied yet */
  readonly workspace: WorkspaceFacts | null;
  readonly workspaceReferences: readonly OutputReference[];
  /** three-level name of the job's own model */
  readonly model: string;
  readonly answers: Answers;
  readonly nowMs: number;
  /** value of another stack's output; undefined: none yet */
  output(reference: OutputReference): unknown;
  /** value of an output of the job's own stack; undefined: none yet */
  ownOutput(output: string): unknown;
  /** the service's own address, as a CIDR */
  readonly serviceAddress: string;
  /** the object id first found for a name that the row still has; null: none yet */
  recordedId(row: RowRef, name: string): string | null;
  record(row: RowRef, name: string, objectId: string): void;
}

export function jobContext(
  snapshot: JobSnapshot,
  known: { job: JobRow; environment: EnvironmentRow; answers: Answers; now: string },
  record: (reference: RecordedReference) => void,
): JobContext {
  const { job, environment } = known;
  const facts = environmentFacts(environment);
  return {
    job,
    jobId: job.job_id,
    environment,
    environmentName: environment.name,
    facts,
    vault: vaultOf(environment),
    workspace: workspaceFacts(facts, snapshot.outputs),
    workspaceReferences: [{ stack: platformStack(facts.name), output: "workspace_url" }],
    model: job.model ?? `${environment.catalog_name}.${environment.schema_name}.job_${job.job_id}`,
    answers: known.answers,
    nowMs: Date.parse(known.now),
    output: ({ stack, output }) => snapshot.outputs[stack]?.[output],
    ownOutput: (output) => snapshot.outputs[jobStack(facts.name, job.job_id)]?.[output],
    serviceAddress: environment.service_address.includes("/")
      ? environment.service_address
      : `${environment.service_address}/32`,
    recordedId: (row, name) =>
      snapshot.recorded.find(
        (each) => each.row.table === row.table && each.row.key === row.key && each.name === name,
      )?.objectId ?? null,
    record: (row, name, objectId) => record({ row, name, objectId }),
  };
}
