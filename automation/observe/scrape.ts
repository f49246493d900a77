/** What is read for a scrape: slots and gate of this process, and the queue as the metadata database has it. */
import type { QueueFacts } from "../../metadata-schema/store.ts";
import type { Clock } from "../clock.ts";
import type { Instruments } from "./instruments.ts";
import { type MetricName, metricDefinitions } from "./metric-definitions.ts";
import { type MetricSources, slotStates, watchedConditions } from "./metric-sources.ts";

export interface Scrape {
  changeResolved(subject: string): void;
  /** Sets every gauge anew. */
  read(sources: MetricSources): Promise<void>;
}

export interface ScrapeOptions {
  readonly made: Instruments;
  readonly clock: Clock;
  /** a reason of a condition, or `other` */
  boundedReason(reason: string): string;
}

// A scrape asks for no more changes than this: that many waiting is news enough.
const mostUnresolved = 1_000;
const mostAlerts = 1_000;
const severities = [0, 1, 2, 3, 4];
// Prometheus gives a scrape ten seconds by default; the rest of the text must not be lost with the database.
const databaseDeadlineMs = 1_000;

interface DatabaseFacts {
  readonly nowMs: number;
  readonly queue: QueueFacts;
  readonly pauses: number;
  readonly unresolved: readonly string[];
  readonly openAlerts: readonly number[];
  readonly conditions: readonly ConditionReasons[];
}

interface ConditionReasons {
  readonly condition: string;
  /** one for each stack */
  readonly reasons: readonly string[];
}

export function createScrape({ made, clock, boundedReason }: ScrapeOptions): Scrape {
  const ages = new UnresolvedAges(clock);
  const conditions = new StackConditions(clock);

  async function readDatabase(sources: MetricSources): Promise<DatabaseFacts> {
    const [now, queue, pauses, unresolved, openAlerts, kept] = await Promise.all([
      sources.now(),
      sources.queueFacts(),
      sources.pauses(),
      sources.unresolved(mostUnresolved),
      sources.openAlerts(mostAlerts),
      conditions.read(sources),
    ]);
    return { nowMs: Date.parse(now), queue, pauses, unresolved, openAlerts, conditions: kept };
  }

  return {
    changeResolved: (subject) => ages.resolved(subject),
    read: async (sources) => {
      tellProcess(made, sources, clock.monotonicMs());
      const facts = await inTime(clock, readDatabase(sources));
      made.set("rowgate_database_up", {}, facts === null ? 0 : 1);
      for (const name of ofDatabase) made.forget(name);
      if (facts === null) {
        made.count("rowgate_database_faults_total", { place: "scrape" });
        return;
      }
      tellQueue(made, facts);
      made.set("rowgate_unresolved_changes", {}, facts.unresolved.length);
      const oldestMs = ages.oldestMs(facts.unresolved);
      made.set("rowgate_oldest_unresolved_change_age_seconds", {}, oldestMs / 1_000);
      for (const severity of severities) {
        const among = facts.openAlerts.filter((each) => each === severity);
        made.set("rowgate_alerts_fired", { severity: String(severity) }, among.length);
      }
      for (const { condition, reasons } of facts.conditions)
        for (const [reason, among] of Map.groupBy(reasons, boundedReason))
          made.set("rowgate_stacks_with_condition", { condition, reason }, among.length);
    },
  };
}

/** null: it failed, or is not there in time. */
async function inTime<T>(clock: Clock, asked: Promise<T>): Promise<T | null> {
  const answered = new AbortController();
  const late = clock.sleep(databaseDeadlineMs, answered.signal).then(() => null);
  try {
    return await Promise.race([asked.catch(() => null), late]);
  } finally {
    answered.abort();
  }
}

function tellProcess(made: Instruments, sources: MetricSources, nowMs: number): void {
  const { version, engineVersion, slots, gate, unknownStackStates } = sources;
  made.set("rowgate_build_info", { version, engine_version: engineVersion }, 1);
  if (gate !== undefined) made.set("rowgate_engine_gate_open", {}, gate().open ? 1 : 0);
  else made.forget("rowgate_engine_gate_open");
  if (unknownStackStates !== undefined) made.set("rowgate_unknown_stack_states", {}, unknownStackStates());
  else made.forget("rowgate_unknown_stack_states");
  if (slots === undefined) {
    for (const name of ofSlots) made.forget(name);
    return;
  }
  const all = slots();
  for (const state of slotStates) {
    const ages = all.filter((slot) => slot.state === state).map((slot) => nowMs - slot.sinceMs);
    made.set("rowgate_slots", { state }, ages.length);
    made.set("rowgate_slot_state_age_seconds", { state }, Math.max(0, ...ages) / 1_000);
  }
  const sizes = all.map((slot) => slot.rssBytes);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  made.set("rowgate_children_memory_bytes", {}, total);
  made.set("rowgate_child_memory_max_bytes", {}, Math.max(0, ...sizes));
}

const ofSlots: readonly MetricName[] = [
  "rowgate_slots",
  "rowgate_slot_state_age_seconds",
  "rowgate_children_memory_bytes",
  "rowgate_child_memory_max_bytes",
];

const ofDatabase = Object.keys(metricDefinitions).filter((name): name is MetricName =>
  /^rowgate_(unresolved|oldest|due|stacks|runs|subscriptions|alerts)_/.test(name),
);

function tellQueue(made: Instruments, { nowMs, queue, pauses }: DatabaseFacts): void {
  const ageOf = (at: string | null): number =>
    at === null ? 0 : Math.max(0, nowMs - Date.parse(at)) / 1_000;
  for (const { lane, due, oldestDueAt } of queue.lanes) {
    made.set("rowgate_due_stacks", { lane }, due);
    made.set("rowgate_oldest_due_age_seconds", { lane }, ageOf(oldestDueAt));
  }
  made.set("rowgate_stacks_waiting_for_retry", {}, queue.waitingForRetry);
  made.set("rowgate_stacks_given_up", {}, queue.givenUp);
  made.set("rowgate_runs_queued", {}, queue.queued);
  made.set("rowgate_runs_running", {}, queue.running);
  made.set("rowgate_oldest_lease_age_seconds", {}, ageOf(queue.oldestLeaseStartedAt));
  made.set("rowgate_subscriptions_paused", {}, pauses);
}

/** Changes carry no time: their age is counted from the first scrape that saw them. */
class UnresolvedAges {
  readonly #clock: Clock;
  #firstSeen = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  resolved(subject: string): void {
    this.#firstSeen.delete(subject);
  }

  /** Age of the oldest of them; 0: there is none. */
  oldestMs(subjects: readonly string[]): number {
    const now = this.#clock.monotonicMs();
    this.#firstSeen = new Map(
      subjects.map((subject) => [subject, this.#firstSeen.get(subject) ?? now] as const),
    );
    return now - Math.min(now, ...this.#firstSeen.values());
  }
}

// 20,000 stacks take 0.1 s to read, in which the service does nothing else.
const conditionsForMs = 30_000;

/** Conditions of stacks, kept for a while: what a person should look at is no matter of seconds. */
class StackConditions {
  readonly #clock: Clock;
  #kept: { readonly atMs: number; readonly conditions: readonly ConditionReasons[] } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async read(sources: MetricSources): Promise<readonly ConditionReasons[]> {
    const atMs = this.#clock.monotonicMs();
    if (this.#kept !== null && atMs - this.#kept.atMs < conditionsForMs) return this.#kept.conditions;
    const conditions = await Promise.all(
      watchedConditions.map(async (watched) => ({
        condition: watched.type,
        reasons: await sources.stackConditions(watched),
      })),
    );
    this.#kept = { atMs, conditions };
    return conditions;
  }
}
