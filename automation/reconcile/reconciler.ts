/**
 * The loop that turns changes into what stacks must become: changes → resolve → contributions → merge →
 * desired state. It starts no engine; the task pool does, for stacks that are due.
 *
 * Every step is level-triggered and stored before the next: after a crash at any point the loop takes up
 * what the tables say.
 */
import type {
  Change,
  EnvironmentSnapshot,
  JobSnapshot,
  MetadataStore,
  Resolution,
  StackToMerge,
  StoredContribution,
} from "../../metadata-schema/store.ts";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { RunObserver } from "../observe/run-observer.ts";
import { newestOf, TracedChange } from "./change-traces.ts";
import { runnersBeside, toldOfDuties } from "./duties.ts";
import { type Merged, merge } from "./merge.ts";
import {
  Answers,
  type Directory,
  type NameAnswer,
  type NameQuery,
  namesOfEnvironment,
  namesOfJob,
  queryKey,
} from "./names-needed.ts";
import { laneOf } from "./plan.ts";
import { readyCondition } from "./readiness.ts";
import { keepAll, resolveEnvironment, resolveJob } from "./resolve.ts";
import { specHash } from "./spec-hash.ts";

export interface ReconcilerOptions {
  readonly store: MetadataStore;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly log: Logger;
  /** of spec-hash.ts: ends every hash made by this version */
  readonly hashSuffix: string;
  readonly observer: RunObserver;
  /** the database's address without a user or a password: keeps the traces of two databases apart */
  readonly realm: string;
  /** Called when stacks may have become due. */
  onDesired(): void;
}

interface Resolved {
  readonly trace: TracedChange;
  /** what its subject contributed until then */
  readonly before: readonly StoredContribution[];
  readonly resolution: Resolution;
}

// An edit is seen within this time; the poll costs a few indexed look-ups.
const pollMs = 200;
// Names are looked up together for so many subjects at a time; then their stacks are merged.
const chunk = 20;
// A directory that answers later than this is taken as unavailable: a removal needs no answer and must not wait
// for one. The row is resolved again by itself.
const lookUpDeadlineMs = 3_000;
// Enough to keep transactions short and the loop fair; the rest comes in the next round.
const batch = 200;
// After a database fault: long enough not to flood the log, short enough to resume at once.
const faultPauseMs = 1_000;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #stop = new AbortController();
  #poke = new AbortController();
  #running: Promise<void> | null = null;
  /** stacks whose fault was logged, so that each poll does not log it again */
  readonly #unmergeable = new Set<string>();
  #lastRound: Promise<unknown> = Promise.resolve();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.poke();
    await this.#running;
  }

  /** Something changed: looks at once instead of at the next poll. */
  poke(): void {
    this.#poke.abort();
  }

  async #loop(): Promise<void> {
    // What a crash left untold between a run's end and its conditions.
    await this.#tellAllReady().catch((fault) =>
      this.#options.log.warn({ err: fault }, "Ready of all jobs not told"),
    );
    let healthy = true;
    while (!this.#stop.signal.aborted) {
      this.#poke = new AbortController();
      let pauseMs = pollMs;
      try {
        const worked = await this.round();
        healthy = true;
        if (worked) pauseMs = 0;
      } catch (fault) {
        this.#options.observer.databaseFault("resolve");
        if (healthy) this.#options.log.warn({ err: fault }, "reconcile round failed; it is tried again");
        healthy = false;
        pauseMs = faultPauseMs;
      }
      await this.#options.clock.sleep(pauseMs, this.#poke.signal);
    }
  }

  /** One round. True: there was something to do, and there may be more. Rounds never overlap. */
  round(): Promise<boolean> {
    const round = this.#lastRound.then(() => this.#round());
    this.#lastRound = round.catch(() => {});
    return round;
  }

  async #round(): Promise<boolean> {
    const { store, observer, realm } = this.#options;
    await store.wake();
    const changes = await store.readChanges(batch);
    let merged = 0;
    for (let start = 0; start < Math.max(1, changes.length); start += chunk) {
      const part = changes.slice(start, start + chunk);
      const jobs = new Set(part.flatMap(({ subject }) => (subject.kind === "job" ? [subject.jobId] : [])));
      const traced = part.map((change) => ({ ...change, trace: new TracedChange(realm, change) }));
      const resolved = await Promise.all(traced.map((change) => this.#resolution(change)));
      for (const { trace, before, resolution } of resolved) {
        await store.commitResolution(resolution);
        trace.resolved(before, resolution);
      }
      const stacks = await this.#mergeStacks(
        jobs,
        traced.map(({ trace }) => trace),
      );
      for (const { trace } of traced) trace.tell(observer);
      merged += stacks;
      await this.updateReadiness([...jobs]);
      if (stacks > 0) this.#options.onDesired();
    }
    const upgraded = await this.#upgradeStacks();
    if (upgraded > 0) this.#options.onDesired();
    return changes.length > 0 || merged > 0 || upgraded > 0;
  }

  /** Resolves a job again and merges what came of it, before it returns. */
  async resolveNow(jobId: number): Promise<void> {
    const { store } = this.#options;
    await store.touch([{ kind: "job", jobId }]);
    do await this.round();
    while ((await store.jobFacts([jobId]))[0]?.changePending);
  }

  async #resolution({ subject, seq, trace }: Change & { readonly trace: TracedChange }) {
    const { store, log } = this.#options;
    const now = await store.now();
    const of = async <S extends JobSnapshot | EnvironmentSnapshot>(
      snapshot: S,
      names: (snapshot: S) => readonly NameQuery[],
      resolve: (
        snapshot: S,
        answers: Answers,
        at: { seq: number; now: string },
      ) => Resolution | Promise<Resolution>,
    ): Promise<Resolved> => {
      const before = snapshot.contributions;
      try {
        const answers = await this.#answers(names(snapshot));
        return { trace, before, resolution: await resolve(snapshot, answers, { seq, now }) };
      } catch (fault) {
        // A fault of ours in one job's rows must not hold up the others'.
        const { traceId } = trace;
        log.error({ err: fault, traceId, subject: trace.subject }, "subject could not be resolved");
        return { trace, before, resolution: keepAll(snapshot, { seq, now, fault: messageOf(fault) }) };
      }
    };
    return subject.kind === "job"
      ? of(await store.loadJob(subject.jobId), namesOfJob, async (snapshot, answers, at) =>
          resolveJob(snapshot, answers, { ...at, runners: await runnersBeside(snapshot, answers, store) }),
        )
      : of(await store.loadEnvironment(subject.name), namesOfEnvironment, resolveEnvironment);
  }

  async #answers(queries: readonly NameQuery[]): Promise<Answers> {
    const { directory, clock } = this.#options;
    const answers = queries.map(async (query): Promise<readonly [string, NameAnswer]> => {
      const late = new AbortController();
      const answer = await Promise.race([
        directory
          .lookUp(query)
          .catch((fault): NameAnswer => ({ status: "unavailable", message: messageOf(fault) })),
        clock
          .sleep(lookUpDeadlineMs, late.signal)
          .then((): NameAnswer => ({ status: "unavailable", message: "no answer yet" })),
      ]);
      late.abort();
      return [queryKey(query), answer];
    });
    return new Answers(new Map(await Promise.all(answers)));
  }

  async #mergeStacks(jobs: Set<number>, changes: readonly TracedChange[]): Promise<number> {
    let merged = 0;
    for (const stack of await this.#options.store.stacksToMerge(batch)) {
      if (await this.#mergeStack(stack, changes)) merged += 1;
      for (const { subject } of stack.contributions) if (subject.kind === "job") jobs.add(subject.jobId);
    }
    return merged;
  }

  /** False: a fault of ours; the stack stays listed, and others go on. */
  async #mergeStack(stack: StackToMerge, changes: readonly TracedChange[]): Promise<boolean> {
    const { store, hashSuffix, log } = this.#options;
    const traceId = newestOf(changes, stack.stack)?.traceId ?? null;
    let merged: Merged;
    try {
      merged = merge(stack);
    } catch (fault) {
      if (!this.#unmergeable.has(stack.stack))
        log.error({ err: fault, traceId, stack: stack.stack }, "stack could not be merged");
      this.#unmergeable.add(stack.stack);
      return false;
    }
    this.#unmergeable.delete(stack.stack);
    const hash = specHash(merged.spec, hashSuffix);
    const before = await store.getStack(stack.stack);
    const isDue = before !== null && before.appliedHash !== before.desired.hash;
    // What is already due keeps its urgency: a removal not applied yet is still one.
    const urgent = stack.contributions.some((each) => each.urgent) || (isDue && before.lane === "urgent");
    const lane =
      before?.desired.hash === hash ? before.lane : laneOf(stack.desired?.spec ?? null, merged.spec, urgent);
    if (merged.spec?.kind === "access") {
      const last = stack.desired?.spec?.kind === "access" ? stack.desired.spec : null;
      const told = toldOfDuties(stack.contributions, last, merged.spec);
      if (told.length > 0) await store.touch(told);
    }
    await store.setDesired(stack.stack, stack.version, { ...merged, hash }, lane, traceId);
    if (traceId !== null && before?.desired.hash !== hash)
      for (const change of changes)
        if (change.touches(stack.stack)) change.desired({ stack: stack.stack, traceId });
    return true;
  }

  /** Stacks that another version of program or providers built become due, in the lowest lane. */
  async #upgradeStacks(): Promise<number> {
    const { store, hashSuffix } = this.#options;
    const stacks = await store.stacksOfOtherVersion(hashSuffix, batch);
    for (const { stack, desired, version, appliedHash, lane, traceId } of stacks) {
      const hash = specHash(desired.spec, hashSuffix);
      // A change that is not applied yet is no mere upgrade and keeps its place.
      const isInSync = appliedHash === desired.hash;
      const next = isInSync ? ({ lane: "upgrade", traceId: null } as const) : { lane, traceId };
      await store.setDesired(stack, version, { ...desired, hash }, next.lane, next.traceId);
    }
    return stacks.length;
  }

  async #tellAllReady(): Promise<void> {
    const { store } = this.#options;
    let after = Number.MIN_SAFE_INTEGER;
    while (!this.#stop.signal.aborted) {
      const jobs = await store.listJobs({ after, limit: batch });
      await this.updateReadiness(jobs.map((job) => job.job_id));
      const last = jobs.at(-1);
      if (last === undefined) return;
      after = last.job_id;
    }
  }

  /** Tells Ready of these jobs again from what is stored. */
  async updateReadiness(jobIds: readonly number[]): Promise<void> {
    const { store } = this.#options;
    if (jobIds.length === 0) return;
    const facts = await store.jobFacts(jobIds);
    await store.setConditions(
      facts.map((each) => ({
        subject: { kind: "job", jobId: each.jobId } as const,
        condition: readyCondition(each),
      })),
    );
  }
}
