/** Pipeline_Settings rows → the job's pipeline, and what the factory needs for it. */
import type { Entry, OutputReference } from "../../metadata-schema/contributions.ts";
import type {
  DataSourceSpec,
  PipelineSpec,
  PrincipalSpec,
  RoleAssignmentSpec,
  TriggerSpec,
} from "../../metadata-schema/desired-state.ts";
import {
  type DataSourceRow,
  type PipelineSettingRow,
  type RowRef,
  rowName,
} from "../../metadata-schema/rows.ts";
import { grantableRoles } from "../../program/layout/azure-roles.ts";
import {
  accessStack,
  containerId,
  factoryIdentityName,
  lakeId,
  managedRuntimeName,
  runtimeId,
  runtimesStack,
} from "../../program/layout/names.ts";
import { pipelineFaults } from "../../program/layout/pipeline-limits.ts";
import { planRecurrence } from "../../program/layout/recurrence.ts";
import type { Piece } from "../../program/policies/pieces.ts";
import { aclEntry } from "./acl-target.ts";
import { blockedBy, refusedTexts } from "./guard.ts";
import {
  accessBase,
  firstMissingLast,
  type JobContext,
  ownOutput,
  platformOutput,
  textOutput,
} from "./job-context.ts";
import {
  blocked,
  good,
  type PlacedEntry,
  type Refusal,
  type RowOutcome,
  refused,
  waiting,
} from "./outcome.ts";
import { pickRuntime, type RuntimeChoice } from "./pick-runtime.ts";
import { placeInJob, secretFault } from "./resolve-compute.ts";

const pipelineAsk = "pipeline";
/** What a pipeline row asks for, whatever becomes of it: the pipeline, and what the factory gets for it. */
export const pipelineAsks = ({ ask }: Entry): boolean => ask === pipelineAsk || ask.startsWith("pipeline|");

const askOf = (what: "run" | "sink" | "source" | "secret", { environmentName }: JobContext): string =>
  `${pipelineAsk}|${environmentName}|${what}`;

const sourceTypes = ["sql-server", "azure-sql", "adls", "blob", "rest"] as const;

interface Parts {
  readonly source: DataSourceSpec | null;
  readonly runtime: RuntimeChoice;
  readonly trigger: Omit<TriggerSpec, "started"> | null;
}

export function resolvePipeline(settings: PipelineSettingRow, context: JobContext): RowOutcome {
  const row: RowRef = { table: "Pipeline_Settings", key: String(settings.setting_id) };
  const parts = partsOf(settings, row, context);
  if ("type" in parts) return refused(row, parts, pipelineAsks);
  const { source, runtime, trigger } = parts;
  const roles = factoryRoles(source, context);
  const refusal = blockedBy(row, "data_source", context.guard.judge(roles.map(pieceOfRole)).verdicts);
  if (refusal !== null) return refused(row, refusal, pipelineAsks);
  const offline = runtimeNote(runtime, row, context);
  const started = context.job.enabled && settings.enabled && offline === null;
  const pipeline: PipelineSpec = {
    source,
    runtime: runtime.name,
    sinkPath: settings.sink_path ?? `raw/job_${context.jobId}`,
    concurrency: settings.concurrency,
    timeoutMinutes: settings.timeout_minutes,
    retryCount: settings.retry_count,
    retryIntervalSeconds: settings.retry_interval_seconds,
    parameters: settings.parameters,
    trigger: trigger === null ? null : { ...trigger, started },
    serviceUrl: context.environment.service_url,
  };
  const placed = placeInJob(row, pipelineAsk, { kind: "pipeline", pipeline }, context);
  return good(row, [withRuntime(placed, runtime, context), ...factoryEntries(row, roles, context)], offline);
}

function partsOf(settings: PipelineSettingRow, row: RowRef, context: JobContext): Parts | Refusal {
  const refuse = (fault: Refusal): Refusal => ({ ...fault, message: `${rowName(row)}, ${fault.message}` });
  const path = settings.sink_path;
  if (path !== null && !/^[^/\s][^\s?#]*[^/\s]$/.test(path)) {
    const message = `sink_path: "${path}" is not a folder in the lake. Write it like raw/orders.`;
    return refuse(blocked("InvalidSinkPath", message));
  }
  const source = sourceOf(settings, context);
  if (source !== null && "reason" in source) return refuse(source);
  const picked = pickRuntime(settings, source?.row ?? null, {
    rows: context.runtimes,
    facts: context.facts,
  });
  const field = settings.integration_runtime === null ? "data_source" : "integration_runtime";
  if (picked.status === "foreign") {
    const reference = foreignRuntime(picked.name, context);
    const [verdict] = context.guard.judge([reference]).verdicts;
    return refuse(blocked(verdict?.reason ?? "NoRuntime", `${field}: ${verdict?.message} ${verdict?.fix}`));
  }
  if (picked.status === "none") return refuse(blocked(picked.reason, `${field}: ${picked.message}`));
  const trigger = triggerOf(context);
  if (trigger !== null && "reason" in trigger) return refuse(trigger);
  const [fault] = pipelineFaults({
    concurrency: settings.concurrency,
    timeoutMinutes: settings.timeout_minutes,
    retryCount: settings.retry_count,
    retryIntervalSeconds: settings.retry_interval_seconds,
    parameters: settings.parameters,
  });
  if (fault !== undefined) return refuse(blocked("InvalidPipelineSettings", `${fault}.`));
  return { source: source?.spec ?? null, runtime: picked.runtime, trigger };
}

const foreignRuntime = (name: string, { environmentName, runtimes }: JobContext): Piece => ({
  kind: "reference",
  what: "integration runtime",
  name,
  environment: environmentName,
  isOwn: false,
  instead: `one of: ${[managedRuntimeName, ...runtimes.map((runtime) => runtime.name)].join(", ")}`,
});

type Source = { readonly row: DataSourceRow; readonly spec: DataSourceSpec };

function sourceOf({ data_source: name }: PipelineSettingRow, context: JobContext): Source | Refusal | null {
  if (name === null) return null;
  const row = context.sources.find((each) => each.name === name);
  if (row === undefined) {
    const message = `data_source: "${name}" has no row in Data_Sources that can be read. Add it, or mend the name.`;
    return blocked("UnknownDataSource", message);
  }
  const type = sourceTypes.find((each) => each === row.kind);
  if (type === undefined) {
    const message = `data_source: "${name}" is of kind "${row.kind}". Write one of: ${sourceTypes.join(", ")}.`;
    return blocked("UnknownDataSource", message);
  }
  const isOfLake = type === "adls" || type === "blob";
  if (row.host === null && !isOfLake) {
    const message = `data_source: "${name}" names no host, which only adls and blob can do without. Add Data_Sources.host.`;
    return blocked("InvalidDataSource", message);
  }
  const refusal = refusedSource(row, context);
  if (refusal !== null) return refusal;
  const credential = credentialOf(row, context);
  if (credential !== null && "reason" in credential) return credential;
  const { host, database_name: database, path } = row;
  return { row, spec: { name, type, host, database, path, credential } };
}

/** What the guardrails say of the source itself; shared rows are judged where they are used. */
function refusedSource(source: DataSourceRow, { guard }: JobContext): Refusal | null {
  const ref: RowRef = { table: "Data_Sources", key: source.name };
  const piece: Piece = { kind: "data-source", name: source.name, type: source.kind, host: source.host };
  const refusal = refusedTexts(ref, source, guard) ?? blockedBy(ref, "host", guard.judge([piece]).verdicts);
  return refusal === null ? null : { ...refusal, message: `data_source: ${refusal.message}` };
}

function credentialOf(row: DataSourceRow, context: JobContext): DataSourceSpec["credential"] | Refusal {
  const { key_vault: vault, secret_name: name } = row;
  if (vault === null && name === null) return null;
  const where = `data_source: Data_Sources ${row.name}, `;
  if (vault === null || name === null) {
    const message = `${where}key_vault and secret_name come together. Write both or neither.`;
    return blocked("InvalidDataSource", message);
  }
  const fault = secretFault({ vault, name }, { vault: "key_vault", name: "secret_name" }, context);
  if (fault !== null) return { ...fault, message: `${where}${fault.message}` };
  return { vaultId: context.vault.id, vaultUri: context.vault.uri, secretName: name };
}

function triggerOf({ job }: JobContext): Omit<TriggerSpec, "started"> | Refusal | null {
  if (job.schedule === null) return null;
  const plan = planRecurrence(job.schedule, job.schedule_time_zone);
  if (plan.status === "planned") return plan.recurrence;
  const message = `the schedule of its job can't become a trigger: ${plan.reason}.`;
  return blocked("InvalidSchedule", message);
}

/** Why the pipeline's trigger stays stopped although its row is good; null: its runtime is Online. */
function runtimeNote({ name }: RuntimeChoice, row: RowRef, context: JobContext): Refusal | null {
  const answer = context.answers.of({ kind: "runtime", name: runtimeId(context.facts, name) });
  const where = `${rowName(row)}, integration_runtime: `;
  if (answer.status === "found") {
    if (answer.objectId === "Online") return null;
    const next =
      answer.objectId === "NeedRegistration"
        ? "Register a node with one of the runtime's keys"
        : "Start its nodes, or see why they are away";
    const message = `${where}"${name}" is ${answer.objectId}, so the pipeline's trigger stays stopped. ${next}; it is looked up again.`;
    return waiting("RuntimeNotOnline", message);
  }
  const why = answer.status === "unavailable" ? `: ${answer.message}` : "";
  const message = `${where}"${name}" could not be seen to be Online${why}, so the pipeline's trigger stays stopped; it is looked up again.`;
  return waiting("RuntimeNotOnline", message);
}

/** A runtime of a row must be there before anything refers to it. */
function withRuntime(placed: PlacedEntry, runtime: RuntimeChoice, context: JobContext): PlacedEntry {
  if (runtime.builtIn) return placed;
  const reference: OutputReference = {
    stack: runtimesStack(context.environmentName),
    output: "integration_runtimes",
  };
  const known = context.output(reference);
  const isMade = typeof known === "object" && known !== null && Object.hasOwn(known, runtime.name);
  const { target, entry } = placed;
  return {
    target: {
      ...target,
      base: isMade ? target.base : null,
      references: isMade ? [reference, ...target.references] : [...target.references, reference],
    },
    entry,
  };
}

interface FactoryRole {
  readonly what: "sink" | "source" | "secret";
  readonly role: { readonly id: string; readonly name: string };
  readonly scope: string;
}

const pieceOfRole = ({ role, scope }: FactoryRole): Piece => ({
  kind: "role-assignment",
  scope,
  roleId: role.id,
  principalType: "ServicePrincipal",
});

/** Azure roles that the factory's identity gets so that the pipeline can do its work. */
function factoryRoles(source: DataSourceSpec | null, context: JobContext): readonly FactoryRole[] {
  const { facts, jobId } = context;
  const roles: FactoryRole[] = [
    { what: "sink", role: grantableRoles.blobDataContributor, scope: containerId(facts, jobId) },
  ];
  if (source?.credential) {
    const scope = context.vault.secretId(source.credential.secretName);
    roles.push({ what: "secret", role: grantableRoles.keyVaultSecretsUser, scope });
  }
  const container = source?.host === null ? source.database : null;
  if (container !== null && container !== undefined) {
    const scope = `${lakeId(facts)}/blobServices/default/containers/${container}`;
    roles.push({ what: "source", role: grantableRoles.blobDataReader, scope });
  }
  return roles;
}

/** Those, and its right to run the job. */
function factoryEntries(
  row: RowRef,
  roles: readonly FactoryRole[],
  context: JobContext,
): readonly PlacedEntry[] {
  const clientId = platformOutput(context, "factory_client_id");
  const name = textOutput(context, clientId) ?? "";
  const entries: PlacedEntry[] = [];
  if (!context.online) {
    const accessControl = { principal: "service-principal", name, level: "CAN_MANAGE_RUN" } as const;
    const item = { kind: "access-control", objectType: "job", accessControl } as const;
    entries.push(aclEntry({ row, ask: askOf("run", context), item }, "job", context, [clientId]));
  }
  return [...entries, ...roles.flatMap((role) => roleEntries(row, role, context))];
}

function roleEntries(
  row: RowRef,
  { what, role, scope }: FactoryRole,
  context: JobContext,
): readonly PlacedEntry[] {
  const { environmentName, workspace } = context;
  const principalOutput = platformOutput(context, "factory_principal_id");
  const objectId = textOutput(context, principalOutput);
  // Before the platform stands the pipeline itself waits, and there is nobody to give a role.
  if (objectId === null) return [];
  const references = [
    platformOutput(context, "workspace_url"),
    principalOutput,
    // The container is the job stack's, as the pipeline is: until that stands nothing needs the role.
    ownOutput(context, "container_url"),
  ];
  const isKnown = workspace !== null && references.every((each) => textOutput(context, each) !== null);
  const displayName = factoryIdentityName(context.facts);
  const principal: PrincipalSpec = { type: "ServicePrincipal", objectId, displayName };
  const roleAssignment: RoleAssignmentSpec = { scope, roleId: role.id, roleName: role.name };
  return [
    {
      target: {
        stack: accessStack(environmentName, objectId),
        kind: "access",
        base: isKnown ? accessBase(workspace, principal, context) : null,
        references: firstMissingLast(context, references),
      },
      entry: { row, ask: askOf(what, context), item: { kind: "role-assignment", roleAssignment } },
    },
  ];
}
