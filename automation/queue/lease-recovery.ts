/**
 * Leases of a service that is gone. A service of this host whose process is dead can be proved dead, with
 * the child of each of its runs: then the lease is broken at once, and the stack's next run ends what is left of its
 * engine before it begins. A child outlives its service for as long as its engine takes to stop politely, and is
 * waited for. Leases of other hosts expire.
 */
import type { LeaseInfo, MetadataStore, ProcessRef, RunRecord } from "../../metadata-schema/store.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { RunObserver } from "../observe/run-observer.ts";
import { traceIdOfRun } from "../observe/trace-ids.ts";

export interface LeaseRecoveryOptions {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer: RunObserver;
  processState(ref: ProcessRef): "alive" | "dead" | "unknown";
  /** Leases were broken: their stacks can run again. */
  onBroken(): void;
}

const pollMs = 500;

export class LeaseRecovery {
  readonly #options: LeaseRecoveryOptions;
  readonly #stop = new AbortController();
  #ended: Promise<void> | null = null;

  constructor(options: LeaseRecoveryOptions) {
    this.#options = options;
  }

  start(): void {
    this.#ended ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #loop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      // A fault of the database is logged by every other loop; this one only has to go on.
      await this.round().catch(() => this.#options.observer.databaseFault("recovery"));
      await this.#options.clock.sleep(pollMs, this.#stop.signal);
    }
  }

  /** Breaks what is proved dead; returns how many. */
  async round(): Promise<number> {
    const { store, log, observer } = this.#options;
    let broken = 0;
    for (const { lease, info, run } of await store.listLeases()) {
      if (!this.#isDead(info, run)) continue;
      if (await store.breakLease(lease)) {
        broken += 1;
        observer.leaseBroken(lease.stack);
        const traceId = run.traceId ?? traceIdOfRun(run.runId);
        log.warn({ traceId, stack: lease.stack, runId: lease.runId }, "lease of a dead process broken");
      }
    }
    if (broken > 0) this.#options.onBroken();
    return broken;
  }

  #isDead(info: LeaseInfo, run: RunRecord): boolean {
    const processes = [info.owner, run.child].filter((ref) => ref !== null);
    return processes.every((ref) => this.#options.processState(ref) === "dead");
  }
}
