/**
 * A job's rows → its contributions. Pure: rows, answers to names and outputs go in, a Resolution comes out.
 *
 * Removals are admitted at once, whatever the rest of the job looks like; additions only from rows that
 * nothing refuses. A refused row keeps what it last had admitted, less what it plainly no longer asks for.
 */
import type { Entry, StackBase } from "../../metadata-schema/contributions.ts";
import {
  type EnvironmentRow,
  type IntegrationRuntimeRow,
  type RowRef,
  rowName,
} from "../../metadata-schema/rows.ts";
import type {
  EnvironmentSnapshot,
  JobSnapshot,
  RecordedReference,
  Resolution,
} from "../../metadata-schema/store.ts";
import { idsNow } from "./acl-target.ts";
import { contribute } from "./contribute.ts";
import { expiryOf } from "./expiry.ts";
import { Guard, type RowCondition, refusedTexts } from "./guard.ts";
import { heldOutcomes, malformedExpiry, malformedOutcome } from "./held-rows.ts";
import { accessBase, type JobContext, jobContext } from "./job-context.ts";
import type { Answers } from "./names-needed.ts";
import { conditionOf, keptEntries, type Refusal, type RowOutcome, refused, waiting } from "./outcome.ts";
import { resolveAlert } from "./resolve-alerts.ts";
import { resolveClusterConfig, resolveJobRow, resolveSecretReference } from "./resolve-compute.ts";
import {
  refusedEnvironment,
  resolveEnvironmentRow,
  resolveRuntime,
  runtimeAsk,
} from "./resolve-environment.ts";
import { resolveNetworkRule } from "./resolve-network.ts";
import { resolvePipeline } from "./resolve-pipeline.ts";
import { resolvePolicy } from "./resolve-policies.ts";
import { withoutSecrets } from "./tainted-rows.ts";

// How long a name that was not found stays unasked; a person who just made the group waits this long.
const retryNameMs = 15_000;
// How late a runtime's going away may be seen. Each look is one call for each runtime in use, and no engine.
const lookAgainMs = 60_000;

export interface ResolveMoment {
  /** the change that is resolved */
  readonly seq: number;
  /** database time, ISO 8601 */
  readonly now: string;
  /** groups that rows of other jobs let run pipelines, where the job's own let them change these */
  readonly runners?: ReadonlySet<string>;
}

export function resolveJob(
  snapshot: JobSnapshot,
  answers: Answers,
  { seq, now, runners }: ResolveMoment,
): Resolution {
  const { subject, job, environment, outputVersions } = snapshot;
  const nowMs = Date.parse(now);
  const isGone = job === null && !snapshot.malformed.some(({ ref }) => ref.table === "Jobs");
  if (isGone)
    return { subject, seq, contributions: [], rowConditions: [], recorded: [], wakeAt: null, outputVersions };
  const malformed = snapshot.malformed
    .map((row) => malformedOutcome(row, nowMs))
    .filter((outcome) => outcome !== null);
  const guard = new Guard(snapshot.guardrailExceptions, nowMs);
  const stands = guard.stands.bind(guard);
  const usable = usableRows(snapshot, answers, guard);
  if ("refusal" in usable) {
    const held = heldOutcomes(snapshot, usable.refusal, nowMs);
    const { contributions } = contribute({
      before: snapshot.contributions,
      outcomes: [...malformed, ...held],
      urgent: job?.priority === "urgent",
      environment: environment?.name ?? job?.environment ?? null,
      stands,
      refreshBase: (base) => base,
    });
    // One reason for all of them is told once, on the Jobs row, which comes first.
    const told = [...malformed, ...held.slice(0, 1)];
    return {
      subject,
      seq,
      contributions,
      recorded: keepRecorded(snapshot, []),
      rowConditions: told.flatMap(toldOf),
      wakeAt: wakeAt(snapshot, true, now),
      outputVersions,
    };
  }
  const recorded: RecordedReference[] = [];
  const { clean, tainted } = withoutSecrets(snapshot, guard, nowMs);
  const context = jobContext(snapshot, { ...usable, answers, guard, now, runners }, (each) =>
    recorded.push(each),
  );
  const unusable = [...malformed, ...tainted];
  const outcomes = [...unusable, ...rowOutcomes(clean, context, unusable)];
  const { contributions, unplaced } = contribute({
    before: snapshot.contributions,
    outcomes,
    urgent: usable.job.priority === "urgent",
    environment: context.environmentName,
    stands,
    refreshBase: (base) => refreshedBase(base, context),
  });
  const told = [...[...outcomes, ...unplaced].flatMap(toldOf), ...guard.conditions()];
  const waits = told.some(({ condition }) => condition.type === "Waiting");
  return {
    subject,
    seq,
    contributions,
    recorded: keepRecorded(snapshot, recorded),
    rowConditions: oneOfEachType(told),
    outputVersions,
    wakeAt: soonest(
      wakeAt(snapshot, waits, now),
      context.hasPipeline || context.online || runners?.size ? lookAgainAt(now) : null,
    ),
  };
}

type Usable = { readonly job: JobContext["job"]; readonly environment: EnvironmentRow };

/** The job's row and its environment's, or why nothing may be built from them now. */
function usableRows(
  snapshot: JobSnapshot,
  answers: Answers,
  guard: Guard,
): Usable | { readonly refusal: Refusal } {
  const { job, environment, subject } = snapshot;
  const row: RowRef = { table: "Jobs", key: String(subject.jobId) };
  if (job === null) {
    return {
      refusal: waiting(
        "RowUnreadable",
        `${rowName(row)} cannot be read; its rows add nothing until it is mended.`,
      ),
    };
  }
  const tainted = refusedTexts(row, job, guard);
  if (tainted !== null) return { refusal: tainted };
  if (environment === null) return { refusal: missingEnvironment(row, job.environment) };
  const fault = refusedEnvironment(environment, answers);
  if (fault === null) return { job, environment };
  const message = `${rowName(row)} waits for its environment ${environment.name}: ${fault.message}`;
  return { refusal: waiting("EnvironmentNotReady", message) };
}

const missingEnvironment = (row: RowRef, name: string | null): Refusal =>
  waiting(
    "EnvironmentNotFound",
    name === null
      ? `${rowName(row)}, environment: none is named and none is the default. Set Environments.is_default on one.`
      : `${rowName(row)}, environment: "${name}" has no row in Environments that can be read. Add it, or mend the name.`,
  );

/** Everything stays as it was: what a subject gets when its rows could not be resolved for a fault of ours. */
export function keepAll(
  snapshot: JobSnapshot | EnvironmentSnapshot,
  { seq, now, fault }: ResolveMoment & { fault: string },
): Resolution {
  const { subject } = snapshot;
  const row: RowRef =
    subject.kind === "job"
      ? { table: "Jobs", key: String(subject.jobId) }
      : { table: "Environments", key: subject.name };
  const message = `${rowName(row)} could not be resolved: ${fault}. Its stacks stay as they are; the service's log has the cause.`;
  return {
    subject,
    seq,
    contributions: snapshot.contributions,
    recorded: snapshot.recorded,
    rowConditions: [{ row, condition: conditionOf(waiting("ResolveFailed", message)) }],
    wakeAt: later(now),
    outputVersions: snapshot.outputVersions,
  };
}

/** A runtime whose environment cannot be read stays as it was. */
function heldRuntime(runtime: IntegrationRuntimeRow): RowOutcome {
  const row: RowRef = { table: "Integration_Runtimes", key: runtime.name };
  const message = `${rowName(row)} waits: its environment's row cannot be read.`;
  const own = runtimeAsk(runtime);
  return refused(row, waiting("EnvironmentNotReady", message), ({ ask }) => ask === own);
}

export function resolveEnvironment(
  snapshot: EnvironmentSnapshot,
  answers: Answers,
  { seq, now }: ResolveMoment,
): Resolution {
  const { subject, environment, outputs, outputVersions } = snapshot;
  const malformed = snapshot.malformed.map((row) => malformedOutcome(row, Date.parse(now)));
  const isUnreadable = snapshot.malformed.some(({ ref }) => ref.table === "Environments");
  const outcomes = [
    ...malformed.filter((outcome) => outcome !== null),
    ...(isUnreadable ? snapshot.integrationRuntimes.map(heldRuntime) : []),
    ...(environment === null
      ? []
      : [
          resolveEnvironmentRow(environment, answers, outputs),
          ...snapshot.integrationRuntimes.map((row) => resolveRuntime(row, environment, answers, outputs)),
        ]),
  ];
  // Until the platform stands its row waits for nothing: what is inside the workspace follows by itself.
  const { contributions } = contribute({
    before: snapshot.contributions,
    outcomes,
    urgent: false,
    environment: subject.name,
    stands: () => false, // an environment has no exceptions
    refreshBase: (base) => base,
  });
  const waits = outcomes.some((each) => each.refusal?.type === "Waiting");
  return {
    subject,
    seq,
    contributions,
    recorded: [],
    rowConditions: outcomes.flatMap(toldOf),
    wakeAt: waits ? later(now) : null,
    outputVersions,
  };
}

/** @param refusedBefore rows that are not in the snapshot any more */
function rowOutcomes(
  snapshot: JobSnapshot,
  context: JobContext,
  refusedBefore: readonly RowOutcome[],
): readonly RowOutcome[] {
  const policies = snapshot.policies.map((row) => resolvePolicy(row, context));
  const clusters = snapshot.clusterConfigs.map((row) => resolveClusterConfig(row, context));
  return [
    resolveJobRow(
      context,
      hasCluster([...clusters, ...refusedBefore.filter(isClusterConfig)], snapshot, context),
    ),
    ...clusters,
    ...snapshot.secretReferences.map((row) => resolveSecretReference(row, context)),
    ...snapshot.networkRules.map((row) => resolveNetworkRule(row, context)),
    ...snapshot.pipelineSettings.map((row) => resolvePipeline(row, context)),
    ...snapshot.alertRules.map((row) => resolveAlert(row, context)),
    ...policies.filter((outcome) => outcome !== null),
  ];
}

/**
 * Whether rows say what cluster the job has. Not where they have just lost the say (an exception ended, a row that
 * can't be used came): without any cluster all of the job would go, so it takes its environment's.
 */
function hasCluster(rows: readonly RowOutcome[], snapshot: JobSnapshot, context: JobContext): boolean {
  if (rows.some(({ refusal }) => refusal === null)) return true;
  if (rows.length === 0) return false;
  const had = snapshot.contributions.filter(({ admitted }) => admitted.some(isCluster));
  const kept = had.flatMap((before) =>
    rows.flatMap((row) =>
      keptEntries(row, before, context.environmentName, context.guard.stands.bind(context.guard)),
    ),
  );
  return had.length === 0 || kept.some(isCluster);
}

const isCluster = ({ item }: Entry): boolean => item.kind === "cluster";
const isClusterConfig = ({ row }: RowOutcome): boolean => row.table === "Cluster_Configs";

/** A base with today's facts of the job's environment; one of another environment stays as it is. */
function refreshedBase(base: StackBase, context: JobContext): StackBase {
  if (base.environment.name !== context.environmentName) return base;
  const environment = context.factsFor(base.kind);
  switch (base.kind) {
    case "platform":
    case "runtimes":
    case "network":
      return { ...base, environment };
    case "firewall":
      return base.service === "sql"
        ? { ...base, environment }
        : {
            ...base,
            environment,
            workspace: context.workspace ?? base.workspace,
            serviceAddress: context.serviceAddress,
          };
    case "workspace":
    case "job":
      return { ...base, environment, workspace: context.workspace ?? base.workspace };
    case "access":
      return accessBase(context.workspace ?? base.workspace, base.principal, context);
    case "acl":
      return {
        ...base,
        environment,
        workspace: context.workspace ?? base.workspace,
        objectIds: idsNow(base.objectIds, context),
      };
    default:
      return base satisfies never;
  }
}

const toldOf = ({ row, refusal, note }: RowOutcome): RowCondition[] =>
  [refusal, note].filter((each) => each !== null).map((each) => ({ row, condition: conditionOf(each) }));

/** A row has one condition of each type: the first that was told. */
function oneOfEachType(told: readonly RowCondition[]): readonly RowCondition[] {
  const keyOf = ({ row, condition }: RowCondition): string => `${rowName(row)}|${condition.type}`;
  return told.filter((each, index) => told.findIndex((other) => keyOf(other) === keyOf(each)) === index);
}

/** No row of its own tells when a runtime goes offline or comes back, a model gets a version, another job lets go. */
const lookAgainAt = (now: string): string => new Date(Date.parse(now) + lookAgainMs).toISOString();

const soonest = (a: string | null, b: string | null): string | null =>
  a === null || b === null ? (a ?? b) : a < b ? a : b;

/** What this resolve recorded, and what was recorded before for names that rows still have. */
function keepRecorded(
  snapshot: JobSnapshot,
  recorded: readonly RecordedReference[],
): readonly RecordedReference[] {
  const names = new Map(snapshot.policies.map((row) => [String(row.policy_id), row.entra_id_group]));
  for (const { ref, raw } of snapshot.malformed) {
    if (ref.table === "Access_Policies" && typeof raw.entra_id_group === "string")
      names.set(ref.key, raw.entra_id_group);
  }
  const isNew = (old: RecordedReference): boolean =>
    !recorded.some((each) => each.row.key === old.row.key && each.row.table === old.row.table);
  const kept = snapshot.recorded.filter((old) => isNew(old) && names.get(old.row.key) === old.name);
  return [...recorded, ...kept];
}

const later = (now: string): string => new Date(Date.parse(now) + retryNameMs).toISOString();

// The last instant whose text still sorts after every other; what expires later never does.
const lastInstant = Date.parse("9999-12-31T23:59:59.999Z");

function wakeAt(snapshot: JobSnapshot, waits: boolean, now: string): string | null {
  const expiries = [
    ...snapshot.policies.map((policy) => expiryOf(policy.expires_at)),
    ...snapshot.guardrailExceptions.map((exception) => expiryOf(exception.expires_at)),
    ...snapshot.malformed.map(({ raw }) => malformedExpiry(raw)),
  ];
  const coming = expiries.filter(
    (expiry) => typeof expiry === "number" && expiry > Date.parse(now) && expiry <= lastInstant,
  );
  const times = coming.map((expiry) => new Date(Number(expiry)).toISOString());
  return [...times, ...(waits ? [later(now)] : [])].toSorted()[0] ?? null;
}
