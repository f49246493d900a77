/**
 * A job's rows → its contributions. Pure: rows, answers to names and outputs go in, a Resolution comes out.
 *
 * Removals are admitted at once, whatever the rest of the job looks like; additions only from rows that
 * nothing refuses. A refused row keeps what it last had admitted, less what it plainly no longer asks for.
 */
import type { StackBase } from "../../metadata-schema/contributions.ts";
import { type EnvironmentRow, type MalformedRow, type RowRef, rowName } from "../../metadata-schema/rows.ts";
import type {
  EnvironmentSnapshot,
  JobSnapshot,
  RecordedReference,
  Resolution,
} from "../../metadata-schema/store.ts";
import { contribute } from "./contribute.ts";
import { heldOutcomes, malformedExpiry, malformedOutcome } from "./held-rows.ts";
import { type JobContext, jobContext } from "./job-context.ts";
import type { Answers } from "./names-needed.ts";
import { conditionOf, type Refusal, type RowOutcome, waiting } from "./outcome.ts";
import { resolveClusterConfig, resolveJobRow, resolveSecretReference } from "./resolve-compute.ts";
import { refusedEnvironment, resolveEnvironmentRow } from "./resolve-environment.ts";
import { resolveNetworkRule } from "./resolve-network.ts";
import { expiryOf, objectIdOutput, resolvePolicy } from "./resolve-policies.ts";

// How long a name that was not found stays unasked; a person who just made the group waits this long.
const retryNameMs = 15_000;

export interface ResolveMoment {
  /** the change that is resolved */
  readonly seq: number;
  /** database time, ISO 8601 */
  readonly now: string;
}

export function resolveJob(snapshot: JobSnapshot, answers: Answers, { seq, now }: ResolveMoment): Resolution {
  const { subject, job, environment, outputVersions } = snapshot;
  const nowMs = Date.parse(now);
  const isGone = job === null && !snapshot.malformed.some(({ ref }) => ref.table === "Jobs");
  if (isGone)
    return { subject, seq, contributions: [], rowConditions: [], recorded: [], wakeAt: null, outputVersions };
  const malformed = snapshot.malformed
    .map((row) => malformedOutcome(row, nowMs))
    .filter((outcome) => outcome !== null);
  const usable = usableRows(snapshot, answers);
  if ("refusal" in usable) {
    const held = heldOutcomes(snapshot, usable.refusal, nowMs);
    const { contributions } = contribute({
      before: snapshot.contributions,
      outcomes: [...malformed, ...held],
      urgent: job?.priority === "urgent",
      environment: environment?.name ?? job?.environment ?? null,
      refreshBase: (base) => base,
    });
    // One reason for all of them is told once, on the Jobs row, which comes first.
    const told = [...malformed, ...held.slice(0, 1)];
    return {
      subject,
      seq,
      contributions,
      recorded: keepRecorded(snapshot, []),
      rowConditions: told.map(asRowCondition),
      wakeAt: wakeAt(snapshot, true, now),
      outputVersions,
    };
  }
  const recorded: RecordedReference[] = [];
  const context = jobContext(snapshot, { ...usable, answers, now }, (each) => recorded.push(each));
  const outcomes = [...malformed, ...rowOutcomes(snapshot, context)];
  const { contributions, unplaced } = contribute({
    before: snapshot.contributions,
    outcomes,
    urgent: usable.job.priority === "urgent",
    environment: context.environmentName,
    refreshBase: (base) => refreshedBase(base, context),
  });
  const told = [...outcomes, ...unplaced].filter((each) => each.refusal !== null);
  return {
    subject,
    seq,
    contributions,
    recorded: keepRecorded(snapshot, recorded),
    rowConditions: told.map(asRowCondition),
    outputVersions,
    wakeAt: wakeAt(
      snapshot,
      outcomes.some((each) => each.refusal?.type === "Waiting"),
      now,
    ),
  };
}

type Usable = { readonly job: JobContext["job"]; readonly environment: EnvironmentRow };

/** The job's row and its environment's, or why nothing may be built from them now. */
function usableRows(snapshot: JobSnapshot, answers: Answers): Usable | { readonly refusal: Refusal } {
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
    outputVersions: "outputVersions" in snapshot ? snapshot.outputVersions : {},
  };
}

export function resolveEnvironment(
  snapshot: EnvironmentSnapshot,
  answers: Answers,
  { seq, now }: ResolveMoment,
): Resolution {
  const { subject, environment } = snapshot;
  const malformed = snapshot.malformed.map((row) => malformedOutcome(row, Date.parse(now)));
  const outcomes = [
    ...malformed.filter((outcome) => outcome !== null),
    ...(environment === null ? [] : [resolveEnvironmentRow(environment, answers)]),
  ];
  const { contributions } = contribute({
    before: snapshot.contributions,
    outcomes,
    urgent: false,
    environment: subject.name,
    refreshBase: (base) => base,
  });
  const waits = outcomes.some((each) => each.refusal?.type === "Waiting");
  return {
    subject,
    seq,
    contributions,
    recorded: [],
    rowConditions: outcomes.filter((each) => each.refusal !== null).map(asRowCondition),
    wakeAt: waits ? later(now) : null,
    outputVersions: {}, // a platform refers to no outputs
  };
}

function rowOutcomes(snapshot: JobSnapshot, context: JobContext): readonly RowOutcome[] {
  const policies = snapshot.policies.map((row) => resolvePolicy(row, context));
  return [
    resolveJobRow(context, snapshot.clusterConfigs.length > 0 || snapshot.malformed.some(isClusterConfig)),
    ...snapshot.clusterConfigs.map((row) => resolveClusterConfig(row, context)),
    ...snapshot.secretReferences.map((row) => resolveSecretReference(row, context)),
    ...snapshot.networkRules.map((row) => resolveNetworkRule(row, context)),
    ...policies.filter((outcome) => outcome !== null),
  ];
}

const isClusterConfig = ({ ref }: MalformedRow): boolean => ref.table === "Cluster_Configs";

/** A base with today's facts of the job's environment; one of another environment stays as it is. */
function refreshedBase(base: StackBase, context: JobContext): StackBase {
  if (base.environment.name !== context.environmentName) return base;
  const environment = context.facts;
  if (base.kind === "platform" || base.kind === "network") return { ...base, environment };
  const fresh = { environment, workspace: context.workspace ?? base.workspace };
  if (base.kind === "firewall") return { ...base, ...fresh, serviceAddress: context.serviceAddress };
  if (base.kind !== "acl") return { ...base, ...fresh };
  const id = context.ownOutput(objectIdOutput[base.object.type]);
  return { ...base, ...fresh, object: { ...base.object, id: typeof id === "string" ? id : base.object.id } };
}

function asRowCondition({ row, refusal }: RowOutcome): Resolution["rowConditions"][number] {
  if (refusal === null) throw new RangeError(`${rowName(row)} is not refused`);
  return { row, condition: conditionOf(refusal) };
}

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
    ...snapshot.malformed.map(({ raw }) => malformedExpiry(raw)),
  ];
  const coming = expiries.filter(
    (expiry) => typeof expiry === "number" && expiry > Date.parse(now) && expiry <= lastInstant,
  );
  const times = coming.map((expiry) => new Date(Number(expiry)).toISOString());
  return [...times, ...(waits ? [later(now)] : [])].toSorted()[0] ?? null;
}
