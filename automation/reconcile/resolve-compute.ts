/** Jobs, Cluster_Configs and Secret_References rows → entries of the job's own stack. */
import type { Entry, EntryItem, JobPart } from "../../metadata-schema/contributions.ts";
import type { AclObjectType, ClusterSpec, ServingSpec } from "../../metadata-schema/desired-state.ts";
import {
  type ClusterConfigRow,
  type JobRow,
  type RowRef,
  rowName,
  type SecretReferenceRow,
} from "../../metadata-schema/rows.ts";
import { isSecretName, jobStack } from "../../program/layout/names.ts";
import { clusterPiece } from "../../program/policies/from-cluster.ts";
import type { Piece } from "../../program/policies/pieces.ts";
import { aclEntry } from "./acl-target.ts";
import { blockedBy, type Judged, withExceptions } from "./guard.ts";
import {
  firstMissingLast,
  type JobContext,
  ownOutput,
  platformOutput,
  textOutput,
  workspaceOutput,
} from "./job-context.ts";
import { modelFault } from "./model-names.ts";
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

/** An entry of the job's own stack, which needs the platform's workspace and the place that takes metrics. */
export function placeInJob(row: RowRef, ask: string, item: EntryItem, context: JobContext): PlacedEntry {
  const { workspace } = context;
  const environment = context.factsFor("job");
  const entry: Entry = { row, ask, item };
  const references = [
    ...jobReferences.map((output) => platformOutput(context, output)),
    workspaceOutput(context, "storage_credential"),
  ];
  const isReady = workspace !== null && references.every((each) => textOutput(context, each) !== null);
  return {
    target: {
      stack: jobStack(environment.name, context.jobId),
      kind: "job",
      base: isReady ? { kind: "job", environment, workspace } : null,
      references: firstMissingLast(context, references),
    },
    entry,
  };
}

const jobReferences = [
  "workspace_url",
  "metrics_endpoint",
  "metrics_rule_id",
  "connector_principal_id",
] as const;

function metricsOf(context: JobContext): JobPart["metrics"] | null {
  const endpoint = textOutput(context, platformOutput(context, "metrics_endpoint"));
  const ruleId = textOutput(context, platformOutput(context, "metrics_rule_id"));
  return endpoint === null || ruleId === null ? null : { endpoint, ruleId };
}

/** The Jobs row; a job without a Cluster_Configs row takes its environment's defaults. */
export function resolveJobRow(context: JobContext, hasClusterConfig: boolean): RowOutcome {
  const { job } = context;
  const row: RowRef = { table: "Jobs", key: String(job.job_id) };
  const refusal = refusedJob(job, row) ?? refusedModel(row, context);
  if (refusal !== null) return refused(row, refusal, asksForAll);
  const serving = servingOf(row, context);
  const item: EntryItem = { kind: "job", job: jobPart(job, serving.spec, context) };
  const placed = [placeInJob(row, jobAsk, item, context), ...ownPermissions(row, context)];
  if (hasClusterConfig) return good(row, placed, serving.note);
  const cluster = judgeCluster(defaults, context);
  const fault = blockedBy(row, "its cluster", cluster.verdicts);
  if (fault !== null) return refused(row, fault, asksForAll);
  return good(row, [...placed, ...placeCluster(row, cluster, context)], serving.note);
}

/** The cluster of a job that has no row for it. */
const defaults = {
  node_type: null,
  spark_version: null,
  min_workers: 1,
  max_workers: 2,
  spot: true,
  auto_termination_minutes: 30,
};

function refusedJob(job: JobRow, row: RowRef): Refusal | null {
  const faults = [kindFault(job), priorityFault(job), scheduleFault(job), federationFault(job)].filter(
    (fault) => fault !== null,
  );
  const [first] = faults;
  if (first === undefined) return null;
  return blocked(first.reason, `${rowName(row)}, ${faults.map(({ message }) => message).join(" ")}`);
}

type JobFault = Pick<Refusal, "reason" | "message">;

const kindFault = ({ kind }: JobRow): JobFault | null =>
  kind === "batch" || kind === "online"
    ? null
    : { reason: "UnknownKind", message: `kind: "${kind}" is unknown. Use "batch" or "online".` };

const priorityFault = ({ priority }: JobRow): JobFault | null =>
  priority === "normal" || priority === "urgent"
    ? null
    : { reason: "UnknownPriority", message: `priority: "${priority}" is unknown. Use "normal" or "urgent".` };

/** What nobody takes. What a trigger can't say is told of the pipeline. */
function scheduleFault({ schedule, schedule_time_zone: timeZone }: JobRow): JobFault | null {
  if (schedule === null) return null;
  const fields = schedule.trim().split(/\s+/).length;
  if (fields !== 6 && fields !== 7) {
    const message = `schedule: "${schedule}" is not a Quartz cron expression: it has ${fields} fields, not 6 or 7. Write it like 0 30 2 * * ?.`;
    return { reason: "InvalidSchedule", message };
  }
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return null;
  } catch {
    const message = `schedule_time_zone: "${timeZone}" is not a time zone. Write it like America/New_York or UTC.`;
    return { reason: "InvalidTimeZone", message };
  }
}

function federationFault({
  federation_issuer: issuer,
  federation_subject: subject,
}: JobRow): JobFault | null {
  if ((issuer === null) !== (subject === null)) {
    const field = issuer === null ? "federation_issuer" : "federation_subject";
    const message = `${field}: issuer and subject come together. Write both or neither.`;
    return { reason: "InvalidFederation", message };
  }
  if (issuer === null || /^https:\/\/[^\s/]+/.test(issuer)) return null;
  const message = `federation_issuer: "${issuer}" is not an https address. Write the issuer's, e.g. https://token.actions.githubusercontent.com.`;
  return { reason: "InvalidFederation", message };
}

const refusedModel = (row: RowRef, context: JobContext): Refusal | null => {
  const fault = modelFault(context.model, context);
  return fault === null ? null : { ...fault, message: `${rowName(row)}, model: ${fault.message}` };
};

/** What an online job serves. The endpoint comes once the model has a version; until then the row says so. */
function servingOf(
  row: RowRef,
  context: JobContext,
): { readonly spec: ServingSpec | null; readonly note: Refusal | null } {
  if (!context.online) return { spec: null, note: null };
  const name = context.model.toLowerCase();
  const model = context.models.find((each) => each.name.toLowerCase() === name);
  const size = model?.serving_size ?? "Small";
  if (model !== undefined && model.version !== null)
    return { spec: { version: String(model.version), size }, note: null };
  const host = context.workspace?.host;
  if (host === undefined) return { spec: null, note: null };
  const answer = context.answers.of({ kind: "model-version", name: context.model, workspace: host });
  if (answer.status === "found") return { spec: { version: answer.objectId, size }, note: null };
  const where = `${rowName(row)}, model: `;
  const note =
    answer.status === "unavailable"
      ? waiting("DirectoryUnavailable", `${where}its versions could not be looked up: ${answer.message}.`)
      : waiting(
          "ModelVersionNotFound",
          `${where}"${context.model}" has no version to serve. Register one, or name one in Models; it is looked up again.`,
        );
  return { spec: null, note };
}

/** What the job itself needs on its own Databricks objects. */
function ownPermissions(row: RowRef, context: JobContext): readonly PlacedEntry[] {
  const self = textOutput(context, ownOutput(context, "identity_client_id"));
  const isBatch = !context.online;
  const needs: readonly (readonly [AclObjectType, string])[] = [
    ["experiment", "CAN_EDIT"],
    ...(isBatch ? [["cluster-policy", "CAN_USE"] as const] : []),
    ...(isBatch && context.job.priority === "urgent" ? [["instance-pool", "CAN_ATTACH_TO"] as const] : []),
  ];
  return needs.map(([objectType, level]) => {
    const accessControl = { principal: "service-principal", name: self ?? "", level } as const;
    const item = { kind: "access-control", objectType, accessControl } as const;
    const entry: Entry = { row, ask: `own|${context.environmentName}|${objectType}`, item };
    return aclEntry(entry, objectType, context, [ownOutput(context, "identity_client_id")]);
  });
}

const jobPart = (job: JobRow, serving: ServingSpec | null, context: JobContext): JobPart => ({
  jobId: job.job_id,
  name: job.name ?? `job ${job.job_id}`,
  enabled: job.enabled,
  urgent: job.priority === "urgent",
  owner: job.owner,
  // A pipeline runs the job itself: its trigger has the schedule then.
  schedule:
    job.schedule === null || context.hasPipeline
      ? null
      : { cron: job.schedule, timeZone: job.schedule_time_zone },
  taskPath: job.task_path ?? `/Workspace/Jobs/job_${job.job_id}`,
  model: context.model,
  ownsModel: context.isOwnModel(context.model),
  catalog: context.environment.catalog_name,
  schema: context.environment.schema_name,
  online: context.online,
  serving,
  federation:
    job.federation_issuer === null || job.federation_subject === null
      ? null
      : { issuer: job.federation_issuer, subject: job.federation_subject },
  accountId: context.environment.databricks_account_id,
  connectorPrincipalId: textOutput(context, platformOutput(context, "connector_principal_id")) ?? "",
  metrics: metricsOf(context) ?? { endpoint: "", ruleId: "" },
});

export function resolveClusterConfig(config: ClusterConfigRow, context: JobContext): RowOutcome {
  const row: RowRef = { table: "Cluster_Configs", key: String(config.config_id) };
  const cluster = judgeCluster(config, context);
  const refusal = blockedBy(row, null, cluster.verdicts);
  return refusal === null
    ? good(row, placeCluster(row, cluster, context))
    : refused(row, refusal, asksForAll);
}

type JudgedCluster = Judged & { readonly cluster: ClusterSpec };

function judgeCluster(
  config: Omit<ClusterConfigRow, "config_id" | "job_id">,
  context: JobContext,
): JudgedCluster {
  const cluster = clusterSpec(config, context);
  const piece = clusterPiece({
    name: `the cluster of job ${context.jobId}`,
    // People may work on one like it: its policy for that has the same bounds.
    purpose: "interactive",
    nodeType: cluster.nodeType,
    runtime: cluster.sparkVersion,
    maxWorkers: cluster.maxWorkers,
    idleMinutes: cluster.autoTerminationMinutes,
  });
  return { cluster, ...context.guard.judge([piece]) };
}

const placeCluster = (
  row: RowRef,
  { cluster, exceptions }: JudgedCluster,
  context: JobContext,
): readonly PlacedEntry[] =>
  withExceptions(placeInJob(row, clusterAsk, { kind: "cluster", cluster }, context), exceptions);

const clusterSpec = (
  config: Omit<ClusterConfigRow, "config_id" | "job_id">,
  { environment }: JobContext,
): ClusterSpec => ({
  nodeType: config.node_type ?? environment.default_node_type,
  sparkVersion: config.spark_version ?? environment.default_spark_version,
  minWorkers: config.min_workers,
  maxWorkers: config.max_workers,
  spot: config.spot,
  autoTerminationMinutes: config.auto_termination_minutes,
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
  return good(row, [placeInJob(row, ask, { kind: "secret", secret }, context)]);
}

function refusedSecret(reference: SecretReferenceRow, row: RowRef, context: JobContext): Refusal | null {
  const fault = secretFault(
    { vault: reference.key_vault, name: reference.secret_name },
    { vault: "key_vault", name: "secret_name" },
    context,
  );
  return fault === null ? null : { ...fault, message: `${rowName(row)}, ${fault.message}` };
}

/** Why a job may not read a secret now; `fields`: what the row calls vault and name. */
export function secretFault(
  secret: { readonly vault: string; readonly name: string },
  fields: { readonly vault: string; readonly name: string },
  { vault, environmentName, answers, guard }: JobContext,
): Refusal | null {
  const { name } = secret;
  const reference: Piece = {
    kind: "reference",
    what: "key vault",
    name: secret.vault,
    environment: environmentName,
    isOwn: secret.vault.toLowerCase() === vault.name.toLowerCase(),
    instead: `"${vault.name}"`,
  };
  const [verdict] = guard.judge([reference]).verdicts;
  if (verdict !== undefined)
    return blocked(verdict.reason, `${fields.vault}: ${verdict.message} ${verdict.fix}`);
  if (!isSecretName(name)) {
    return blocked(
      "InvalidSecretName",
      `${fields.name}: a name has 1 to 127 letters, digits or "-". Mend the name.`,
    );
  }
  const answer = answers.of({ kind: "secret", name: vault.secretId(name) });
  if (answer.status === "found") return null;
  if (answer.status === "missing") {
    return waiting(
      "SecretNotFound",
      `${fields.name}: vault "${vault.name}" has no secret "${name}". Add it there; it is looked up again.`,
    );
  }
  const why = answer.status === "unavailable" ? answer.message : "the name is not unique";
  return waiting("DirectoryUnavailable", `${fields.name}: "${name}" could not be looked up: ${why}.`);
}
