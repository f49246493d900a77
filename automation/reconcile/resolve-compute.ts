/** Jobs, Cluster_Configs and Secret_References rows → entries of the job's own stack. */
import type { Entry, EntryItem, JobPart } from "../../metadata-schema/contributions.ts";
import type { ClusterSpec } from "../../metadata-schema/desired-state.ts";
import {
  type ClusterConfigRow,
  type JobRow,
  type RowRef,
  rowName,
  type SecretReferenceRow,
} from "../../metadata-schema/rows.ts";
import { isSecretName, jobStack } from "../../program/layout/names.ts";
import type { JobContext } from "./job-context.ts";
import {
  asksForAll,
  blocked,
  good,
  type PlacedEntry,
  type Refusal,
  type RowOutcome,
  refused,
  waiting,
} from "./outcome.ts";

const jobAsk = "job";
const clusterAsk = "cluster";

function place(row: RowRef, ask: string, item: EntryItem, context: JobContext): PlacedEntry {
  const { facts, workspace } = context;
  const entry: Entry = { row, ask, item };
  return {
    target: {
      stack: jobStack(facts.name, context.jobId),
      kind: "job",
      base: workspace === null ? null : { kind: "job", environment: facts, workspace },
      references: context.workspaceReferences,
    },
    entry,
  };
}

/** The Jobs row; a job without a Cluster_Configs row takes its environment's defaults. */
export function resolveJobRow(context: JobContext, hasClusterConfig: boolean): RowOutcome {
  const { job } = context;
  const row: RowRef = { table: "Jobs", key: String(job.job_id) };
  const refusal = refusedJob(job, row);
  if (refusal !== null) return refused(row, refusal, asksForAll);
  const item: EntryItem = { kind: "job", job: jobPart(job, context) };
  const placed = [place(row, jobAsk, item, context)];
  if (hasClusterConfig) return good(row, placed);
  const cluster = clusterSpec(
    { node_type: null, spark_version: null, min_workers: 1, max_workers: 2 },
    context,
  );
  return good(row, [...placed, place(row, clusterAsk, { kind: "cluster", cluster }, context)]);
}

function refusedJob(job: JobRow, row: RowRef): Refusal | null {
  const faults = [kindFault(job), priorityFault(job)].filter((fault) => fault !== null);
  const [first] = faults;
  if (first === undefined) return null;
  return blocked(first.reason, `${rowName(row)}, ${faults.map(({ message }) => message).join(" ")}`);
}

type JobFault = Pick<Refusal, "reason" | "message">;

function kindFault({ kind }: JobRow): JobFault | null {
  if (kind === "batch") return null;
  return kind === "online"
    ? {
        reason: "KindUnavailable",
        message: 'kind: "online" needs a model serving endpoint, which is not built yet. Use "batch".',
      }
    : { reason: "UnknownKind", message: `kind: "${kind}" is unknown. Use "batch".` };
}

const priorityFault = ({ priority }: JobRow): JobFault | null =>
  priority === "normal" || priority === "urgent"
    ? null
    : { reason: "UnknownPriority", message: `priority: "${priority}" is unknown. Use "normal" or "urgent".` };

const jobPart = (job: JobRow, context: JobContext): JobPart => ({
  jobId: job.job_id,
  name: job.name ?? `job ${job.job_id}`,
  enabled: job.enabled,
  urgent: job.priority === "urgent",
  owner: job.owner,
  schedule: job.schedule === null ? null : { cron: job.schedule, timeZone: job.schedule_time_zone },
  taskPath: job.task_path ?? `/Workspace/Jobs/job_${job.job_id}`,
  model: context.model,
});

export function resolveClusterConfig(config: ClusterConfigRow, context: JobContext): RowOutcome {
  const row: RowRef = { table: "Cluster_Configs", key: String(config.config_id) };
  return good(row, [
    place(row, clusterAsk, { kind: "cluster", cluster: clusterSpec(config, context) }, context),
  ]);
}

const clusterSpec = (
  config: Pick<ClusterConfigRow, "node_type" | "spark_version" | "min_workers" | "max_workers">,
  { environment }: JobContext,
): ClusterSpec => ({
  nodeType: config.node_type ?? environment.default_node_type,
  sparkVersion: config.spark_version ?? environment.default_spark_version,
  minWorkers: config.min_workers,
  maxWorkers: config.max_workers,
});

export const secretAsk = (reference: SecretReferenceRow): string =>
  `${reference.key_vault.toLowerCase()}|${reference.secret_name}`;

export function resolveSecretReference(reference: SecretReferenceRow, context: JobContext): RowOutcome {
  const row: RowRef = { table: "Secret_References", key: String(reference.reference_id) };
  const { vault } = context;
  const ask = secretAsk(reference);
  const refusal = refusedSecret(reference, row, context);
  if (refusal !== null) return refused(row, refusal, (entry) => entry.ask === ask);
  const secret = { vaultId: vault.id, vaultUri: vault.uri, secretName: reference.secret_name };
  return good(row, [place(row, ask, { kind: "secret", secret }, context)]);
}

function refusedSecret(reference: SecretReferenceRow, row: RowRef, context: JobContext): Refusal | null {
  const { vault, environmentName } = context;
  const name = reference.secret_name;
  if (reference.key_vault.toLowerCase() !== vault.name.toLowerCase()) {
    return blocked(
      "VaultOfOtherEnvironment",
      `${rowName(row)}, key_vault: "${reference.key_vault}" is not the vault of environment ${environmentName}. ` +
        `Use "${vault.name}".`,
    );
  }
  if (!isSecretName(name)) {
    return blocked(
      "InvalidSecretName",
      `${rowName(row)}, secret_name: a name has 1 to 127 letters, digits or "-". Mend the name.`,
    );
  }
  const answer = context.answers.of({ kind: "secret", name: vault.secretId(name) });
  if (answer.status === "found") return null;
  if (answer.status === "missing") {
    return waiting(
      "SecretNotFound",
      `${rowName(row)}, secret_name: vault "${vault.name}" has no secret "${name}". Add it there; it is looked up again.`,
    );
  }
  const why = answer.status === "unavailable" ? answer.message : "the name is not unique";
  return waiting(
    "DirectoryUnavailable",
    `${rowName(row)}, secret_name: "${name}" could not be looked up: ${why}.`,
  );
}
