/**
 * The loop that keeps a home from growing without end: soon after the start, then once an hour. Each step is on
 * its own: one that fails is told and tried again in an hour, and the others are done.
 */
import type { Clock } from "../clock.ts";
import { stateFolder } from "../engine/stack-files.ts";
import type { Logger } from "../log.ts";
import { engineLogFolder, stateRoot, temporaryFolder } from "./home-files.ts";
import { pruneEngineLogs, pruneTemporary } from "./prune-files.ts";
import { type KnownStacks, pruneState } from "./prune-state.ts";
import { findUnknownState, type UnknownState } from "./unknown-state.ts";

export interface RunPruning {
  readonly olderThanMs: number;
  readonly keepPerStack: number;
  /** runs in one transaction */
  readonly limit: number;
}

/** Of results of probes and of alerts. */
export interface HistoryPruning {
  readonly olderThanMs: number;
  /** the newest of each, however old */
  readonly keep: number;
  /** of each in one transaction */
  readonly limit: number;
}

export interface UpkeepOptions {
  readonly home: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly knownStacks: KnownStacks;
  /** Deletes old runs with their steps; returns how many. The next call goes on from there. */
  readonly pruneRuns: (what: RunPruning) => Promise<number>;
  /** Deletes old results of probes and old alerts; returns how many. 0: none is left. */
  readonly pruneHistory: (what: HistoryPruning) => Promise<number>;
  /** replaces Math.random; for tests */
  readonly random?: () => number;
}

const secondMs = 1_000;
const hourMs = 60 * 60 * secondMs;
// Not in the first seconds, when everything rolls out; soon enough for a service that is restarted every night.
const firstAfterMs = 60 * secondMs;
// Services that were started together do not load a shared disk together.
const jitter = 0.2;
const runPruning: RunPruning = { olderThanMs: 90 * 24 * hourMs, keepPerStack: 50, limit: 200 };
const historyPruning: HistoryPruning = { olderThanMs: 90 * 24 * hourMs, keep: 1_000, limit: 200 };
// A call looks at ten times its limit: five times the runs that a service makes in its busiest hour.
const callsPerRound = 20;
/** between two transactions: writers go first */
const pauseMs = 100;

export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #stop = new AbortController();
  #ended: Promise<void> | null = null;
  #unknown: readonly UnknownState[] = [];
  /** stacks that were warned of: each is once */
  #told: ReadonlySet<string> = new Set();

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  start(): void {
    this.#ended ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  /** State of stacks that nobody asks for, as the last round found it. */
  get unknownState(): readonly UnknownState[] {
    return this.#unknown;
  }

  async #loop(): Promise<void> {
    const { clock, random = Math.random } = this.#options;
    let waitMs = firstAfterMs;
    while (!this.#stop.signal.aborted) {
      await clock.sleep(waitMs * (1 + jitter * (2 * random() - 1)), this.#stop.signal);
      if (!this.#stop.signal.aborted) await this.round();
      waitMs = hourMs;
    }
  }

  /** Every step once. Ends without an error. */
  async round(): Promise<void> {
    const { home, knownStacks, log } = this.#options;
    const { signal } = this.#stop;
    const state = stateFolder(stateRoot(home));
    const began = this.#options.clock.monotonicMs();
    const pruned = {
      ...(await this.#step("state", () => pruneState({ state, knownStacks, signal }))),
      engineLogs: await this.#step("engine logs", () => pruneEngineLogs(engineLogFolder(home), { signal })),
      temporary: await this.#step("temporary folder", () =>
        pruneTemporary(temporaryFolder(home), { signal }),
      ),
      runs: await this.#step("runs", () => this.#pruneRuns()),
      probesAndAlerts: await this.#step("probes and alerts", () => this.#pruneHistory()),
    };
    if (Object.values(pruned).some((count) => count !== null && count > 0)) {
      const tookMs = Math.round(this.#options.clock.monotonicMs() - began);
      log.info({ ...pruned, tookMs }, "old files, runs, probes and alerts deleted");
    }
    const unknown = await this.#step("unknown state", () => findUnknownState(state, knownStacks));
    if (unknown !== null) this.#tellUnknown(unknown);
  }

  async #pruneRuns(): Promise<number> {
    const { pruneRuns, clock } = this.#options;
    let deleted = 0;
    for (let call = 0; call < callsPerRound && !this.#stop.signal.aborted; call++) {
      deleted += await pruneRuns(runPruning);
      await clock.sleep(pauseMs, this.#stop.signal);
    }
    return deleted;
  }

  async #pruneHistory(): Promise<number> {
    const { pruneHistory, clock } = this.#options;
    let deleted = 0;
    for (let call = 0; call < callsPerRound && !this.#stop.signal.aborted; call++) {
      const found = await pruneHistory(historyPruning);
      if (found === 0) break;
      deleted += found;
      await clock.sleep(pauseMs, this.#stop.signal);
    }
    return deleted;
  }

  #tellUnknown(unknown: readonly UnknownState[]): void {
    this.#unknown = unknown;
    for (const { stack, file, changedAt } of unknown) {
      if (this.#told.has(stack)) continue;
      this.#options.log.warn(
        { stack, file, changedAt },
        "there is state of a stack that no row asks for; its objects may still exist, and nothing is deleted",
      );
    }
    this.#told = new Set(unknown.map(({ stack }) => stack));
  }

  async #step<T>(name: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (fault) {
      this.#options.log.warn({ err: fault, step: name }, "upkeep failed; it is tried again in an hour");
      return null;
    }
  }
}
