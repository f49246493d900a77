/** What resolving the rows of one job has in common. */
import type { OutputReference, StackBase } from "../../metadata-schema/contributions.ts";
import type {
  EnvironmentFacts,
  PrincipalSpec,
  StackKind,
  WorkspaceFacts,
} from "../../metadata-schema/desired-state.ts";
import type {
  AccessPolicyRow,
  DataSourceRow,
  EnvironmentRow,
  IntegrationRuntimeRow,
  JobRow,
  ModelRow,
  RowRef,
} from "../../metadata-schema/rows.ts";
import type { JobSnapshot, RecordedReference } from "../../metadata-schema/store.ts";
import { factsFor } from "../../program/layout/existing-resources.ts";
import { jobStack, ownModelName, platformStack, workspaceStack } from "../../program/layout/names.ts";
import { type EnvironmentVault, environmentFacts, vaultOf, workspaceFacts } from "./environment.ts";
import { expiryOf } from "./expiry.ts";
import type { Guard } from "./guard.ts";
import type { Answers } from "./names-needed.ts";

export interface JobContext {
  readonly job: JobRow;
  readonly jobId: number;
  readonly environment: EnvironmentRow;
  readonly environmentName: string;
  /** all of them, to compute ids with */
  readonly facts: EnvironmentFacts;
  /** those that a stack of one kind is told */
  factsFor(kind: StackKind): EnvironmentFacts;
  readonly vault: EnvironmentVault;
  /** null: the platform stack has not been applied yet */
  readonly workspace: WorkspaceFacts | null;
  /** the job has a serving endpoint in place of a Databricks job */
  readonly online: boolean;
  /** three-level name of the job's model */
  readonly model: string;
  /** whether a model is the job's own, which its stack registers */
  isOwnModel(name: string): boolean;
  /** rows that jobs share, as far as this one may use them */
  readonly sources: readonly DataSourceRow[];
  readonly runtimes: readonly IntegrationRuntimeRow[];
  readonly models: readonly ModelRow[];
  readonly hasPipeline: boolean;
  /** all permissions that the job's policies ask for now for one group, and what other jobs' add to its duties */
  permissionsOf(group: string): readonly string[];
  /** endpoints that rows of the job name, with the service as each row writes it */
  readonly endpoints: readonly { readonly service: string; readonly name: string }[];
  /** some rows of Network_Rules can't be read */
  readonly hidesEndpoints: boolean;
  readonly guard: Guard;
  readonly answers: Answers;
  readonly nowMs: number;
  /** value of another stack's output; undefined: none yet */
  output(reference: OutputReference): unknown;
  /** the service's own address, as a CIDR */
  readonly serviceAddress: string;
  /** the object id first found for a name that the row still has; null: none yet */
  recordedId(row: RowRef, name: string): string | null;
  record(row: RowRef, name: string, objectId: string): void;
}

export function jobContext(
  snapshot: JobSnapshot,
  known: {
    readonly job: JobRow;
    readonly environment: EnvironmentRow;
    readonly answers: Answers;
    readonly guard: Guard;
    readonly now: string;
    /** groups that rows of other jobs let run pipelines, as far as that counts here */
    readonly runners: ReadonlySet<string> | undefined;
  },
  record: (reference: RecordedReference) => void,
): JobContext {
  const { job, environment } = known;
  const facts = environmentFacts(environment);
  const { catalog_name: catalog, schema_name: schema } = environment;
  const ownModel = ownModelName(catalog, schema, job.job_id);
  const nowMs = Date.parse(known.now);
  return {
    job,
    jobId: job.job_id,
    environment,
    environmentName: environment.name,
    facts,
    factsFor: (kind) => factsFor(kind, facts),
    vault: vaultOf(facts),
    workspace: workspaceFacts(facts, snapshot.outputs),
    online: job.kind === "online",
    model: job.model ?? ownModel,
    // A job whose row names another model makes none of its own.
    isOwnModel: (name) => isSame(name, ownModel) && isSame(job.model ?? ownModel, ownModel),
    sources: snapshot.dataSources,
    runtimes: snapshot.integrationRuntimes,
    models: snapshot.models,
    hasPipeline:
      snapshot.pipelineSettings.length > 0 ||
      snapshot.malformed.some(({ ref }) => ref.table === "Pipeline_Settings"),
    permissionsOf: (group) => [
      ...permissionsOf(snapshot.policies, group, nowMs),
      ...(known.runners?.has(group) ? ["run_pipeline"] : []),
    ],
    endpoints: snapshot.networkRules.flatMap(({ service, private_endpoint: name }) =>
      name === null ? [] : [{ service, name }],
    ),
    hidesEndpoints: snapshot.malformed.some(({ ref }) => ref.table === "Network_Rules"),
    guard: known.guard,
    answers: known.answers,
    nowMs,
    output: ({ stack, output }) => snapshot.outputs[stack]?.[output],
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

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

function permissionsOf(
  policies: readonly AccessPolicyRow[],
  group: string,
  nowMs: number,
): readonly string[] {
  const now = policies.filter(({ entra_id_group: named, expires_at: expires }) => {
    const expiry = expiryOf(expires);
    return named === group && (typeof expiry !== "number" || expiry > nowMs);
  });
  return [...new Set(now.flatMap(({ permissions }) => permissions))];
}

/** What the access of one principal has in common, whichever row asks for it. */
export const accessBase = (
  workspace: WorkspaceFacts,
  principal: PrincipalSpec,
  context: JobContext,
): StackBase => ({
  kind: "access",
  environment: context.factsFor("access"),
  workspace,
  ...productionOf(context),
  principal,
});
/** Left out where it is none: specs of others stay what they were. */
export const productionOf = ({ environment }: JobContext): { readonly production?: true } =>
  environment.production ? { production: true } : {};

/** An output of the environment's platform stack. */
export const platformOutput = ({ environmentName }: JobContext, output: string): OutputReference => ({
  stack: platformStack(environmentName),
  output,
});

/** An output of what the environment has inside its workspace. */
export const workspaceOutput = ({ environmentName }: JobContext, output: string): OutputReference => ({
  stack: workspaceStack(environmentName),
  output,
});

/** An output of the job's own stack. */
export const ownOutput = ({ environmentName, jobId }: JobContext, output: string): OutputReference => ({
  stack: jobStack(environmentName, jobId),
  output,
});

/** Value of an output that is text; null: none yet. */
export function textOutput(context: JobContext, reference: OutputReference): string | null {
  const value = context.output(reference);
  return typeof value === "string" ? value : null;
}

/** The same references with the first that has no value yet as the last: it is what a row is told to wait for. */
export function firstMissingLast(
  context: JobContext,
  references: readonly OutputReference[],
): readonly OutputReference[] {
  const missing = references.find((reference) => context.output(reference) === undefined);
  return missing === undefined
    ? references
    : [...references.filter((reference) => reference !== missing), missing];
}
