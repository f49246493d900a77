/**
 * A job's rows → its contributions. Pure: rows, answers to names and outputs go in, a Resolution comes out.
 *
 * Removals are admitted at once, whatever the rest of the job looks like; additions only from rows that
 * nothing refuses. A refused row keeps what it last had admitted, less what it plainly no longer asks for.
 */
import type { Contribution, Entry } from "../../metadata-schema/contributions.ts";
import { type MalformedRow, type RowRef, rowName } from "../../metadata-schema/rows.ts";
import type {
  EnvironmentSnapshot,
  JobSnapshot,
  RecordedReference,
  Resolution,
  StoredContribution,
} from "../../metadata-schema/store.ts";
import { partsOfStackName } from "../../program/layout/names.ts";
import { type JobContext, jobContext } from "./job-context.ts";
import type { Answers } from "./names-needed.ts";
import {
  blocked,
  conditionOf,
  keptEntries,
  type RowOutcome,
  refused,
  type Target,
  waiting,
} from "./outcome.ts";
import { resolveClusterConfig, resolveJobRow, resolveSecretReference } from "./resolve-compute.ts";
import { resolveEnvironmentRow } from "./resolve-environment.ts";
import { resolveNetworkRule } from "./resolve-network.ts";
import { resolvePolicy } from "./resolve-policies.ts";

// How long a name that was not found stays unasked; a person who just made the group waits this long.
const retryNameMs = 15_000;

/** `seq` is the change that is resolved; null when the job was woken by time or by hand. */
export function resolveJob(
  snapshot: JobSnapshot,
  answers: Answers,
  { seq, now }: { seq: number | null; now: string },
): Resolution {
  const { subject, job, environment } = snapshot;
  const empty = { subject, seq, contributions: [], rowConditions: [], recorded: [], wakeAt: null };
  const malformed = snapshot.malformed.map(malformedOutcome);
  const jobRow: RowRef = { table: "Jobs", key: String(subject.jobId) };
  const unreadable = (refusal: ReturnType<typeof blocked>): Resolution => ({
    ...empty,
    contributions: snapshot.contributions,
    recorded: snapshot.recorded,
    rowConditions: [...malformed, refused(jobRow, refusal, "unreadable")].map(asRowCondition),
    wakeAt: later(now),
  });
  if (job === null) {
    if (malformed.some(({ row }) => row.table === "Jobs")) {
      return unreadable(
        waiting("RowUnreadable", `${rowName(jobRow)} cannot be read; all its rows stay as they were.`),
      );
    }
    return empty;
  }
  if (environment === null) return unreadable(missingEnvironment(jobRow, job.environment));
  const recorded: RecordedReference[] = [];
  const context = jobContext(snapshot, { job, environment, answers, now }, (each) => recorded.push(each));
  const outcomes = [...malformed, ...rowOutcomes(snapshot, context)];
  const { contributions, unplaced } = contribute(snapshot.contributions, outcomes, job.priority === "urgent");
  return {
    subject,
    seq,
    contributions,
    recorded: keepRecorded(snapshot, recorded),
    rowConditions: [...outcomes, ...unplaced].filter((each) => each.refusal !== null).map(asRowCondition),
    wakeAt: wakeAt(snapshot, outcomes, now),
  };
}

/** Everything stays as it was: what a subject gets when its rows could not be resolved for a fault of ours. */
export function keepAll(
  snapshot: JobSnapshot | EnvironmentSnapshot,
  { seq, now, fault }: { seq: number; now: string; fault: string },
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
  };
}

export function resolveEnvironment(
  snapshot: EnvironmentSnapshot,
  answers: Answers,
  { seq, now }: { seq: number | null; now: string },
): Resolution {
  const { subject, environment } = snapshot;
  const outcomes = [
    ...snapshot.malformed.map(malformedOutcome),
    ...(environment === null ? [] : [resolveEnvironmentRow(environment, answers)]),
  ];
  const { contributions } = contribute(snapshot.contributions, outcomes, false);
  const waits = outcomes.some((each) => each.refusal?.type === "Waiting");
  return {
    subject,
    seq,
    contributions,
    recorded: [],
    rowConditions: outcomes.filter((each) => each.refusal !== null).map(asRowCondition),
    wakeAt: waits ? later(now) : null,
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

interface Draft {
  readonly target: Target;
  readonly wanted: Entry[];
  readonly admitted: Entry[];
}

/** Puts the outcomes together, stack by stack; `unplaced` are good rows that wait for another stack's output. */
function contribute(
  before: readonly StoredContribution[],
  outcomes: readonly RowOutcome[],
  urgent: boolean,
): { contributions: readonly Contribution[]; unplaced: readonly RowOutcome[] } {
  const drafts = new Map<string, Draft>();
  const draftOf = (target: Target): Draft => {
    const draft = drafts.get(target.stack) ?? { target, wanted: [], admitted: [] };
    drafts.set(target.stack, draft);
    return draft;
  };
  const waitsFor = new Map<RowOutcome, Target>();
  for (const outcome of outcomes) {
    for (const { target, entry } of outcome.placed) {
      const draft = draftOf(target);
      draft.wanted.push(entry);
      if (target.base !== null) draft.admitted.push(entry);
      else waitsFor.set(outcome, target);
    }
  }
  for (const contribution of before) {
    for (const outcome of outcomes) {
      if (outcome.refusal === null && !waitsFor.has(outcome)) continue;
      const kept = keptEntries(outcome, contribution).filter(
        (entry) => !holds(drafts, contribution.stack, entry),
      );
      if (kept.length > 0) draftOf(contribution).admitted.push(...kept);
    }
  }
  const contributions = [...drafts.values()].map((draft) => contributionOf(draft, before, urgent));
  return {
    contributions,
    unplaced: [...waitsFor].map(([outcome, target]) => waitingOutcome(outcome, target)),
  };
}

const holds = (drafts: ReadonlyMap<string, Draft>, stack: string, entry: Entry): boolean =>
  drafts
    .get(stack)
    ?.admitted.some(
      (other) => other.ask === entry.ask && JSON.stringify(other.item) === JSON.stringify(entry.item),
    ) ?? false;

function contributionOf(
  { target, wanted, admitted }: Draft,
  before: readonly StoredContribution[],
  urgent: boolean,
): Contribution {
  const previous = before.find((each) => each.stack === target.stack);
  const base = target.base ?? previous?.base ?? null;
  const environment = base?.environment.name ?? partsOfStackName(target.stack).environment;
  return {
    stack: target.stack,
    kind: target.kind,
    environment,
    base,
    wanted,
    admitted,
    references: target.references,
    urgent,
  };
}

function waitingOutcome(outcome: RowOutcome, target: Target): RowOutcome {
  const needed = target.references.at(-1);
  const message =
    needed === undefined
      ? `${rowName(outcome.row)} waits.`
      : `${rowName(outcome.row)} waits for stack ${needed.stack}, whose output ${needed.output} has no value yet.`;
  return { ...outcome, refusal: waiting("WaitingForStack", message) };
}

const missingEnvironment = (row: RowRef, name: string | null) =>
  waiting(
    "EnvironmentNotFound",
    name === null
      ? `${rowName(row)}, environment: none is named and none is the default. Set Environments.is_default on one.`
      : `${rowName(row)}, environment: "${name}" has no row in Environments that can be read. Add it, or mend the name.`,
  );

const malformedOutcome = ({ ref, field, fault }: MalformedRow): RowOutcome =>
  refused(ref, blocked("MalformedRow", `${rowName(ref)}, ${field}: ${fault}. Mend the value.`), "unreadable");

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
  const malformed = new Set(snapshot.malformed.map(({ ref }) => rowName(ref)));
  const isNew = (old: RecordedReference): boolean =>
    !recorded.some((each) => each.row.key === old.row.key && each.row.table === old.row.table);
  const kept = snapshot.recorded.filter(
    (old) => isNew(old) && (names.get(old.row.key) === old.name || malformed.has(rowName(old.row))),
  );
  return [...recorded, ...kept];
}

const later = (now: string): string => new Date(Date.parse(now) + retryNameMs).toISOString();

function wakeAt(snapshot: JobSnapshot, outcomes: readonly RowOutcome[], now: string): string | null {
  const expiries = snapshot.policies
    .map((policy) => Date.parse(policy.expires_at ?? ""))
    .filter((expiry) => expiry > Date.parse(now))
    .map((expiry) => new Date(expiry).toISOString());
  const waits = outcomes.some((each) => each.refusal?.type === "Waiting");
  return [...expiries, ...(waits ? [later(now)] : [])].toSorted()[0] ?? null;
}
