/**
 * Operations that take time. While one is under way its object shows a state that is not final, and whatever
 * it holds refuses other writes; both end with the operation, however it ends. In memory only: what a process
 * leaves behind when it dies is marked as failed by the next one.
 */
import { NoAnswer } from "./strike.ts";

/** States in which an object waits for an operation to end. */
export const movingStates = ["Accepted", "Creating", "Updating", "Deleting"] as const;
export type MovingState = (typeof movingStates)[number];

interface Hold {
  readonly state: MovingState;
}

export class UnderWay {
  readonly #holds = new Map<string, Set<Hold>>();
  readonly #waiting = new Set<(fault: Error) => void>();
  #stopped = false;

  get count(): number {
    return this.#waiting.size;
  }

  /** What an object is in the middle of; undefined: nothing. */
  stateOf(id: string): MovingState | undefined {
    const [hold] = this.#holds.get(id.toLowerCase()) ?? [];
    return hold?.state;
  }

  /** Holds an object, and others that are busy with it, until the returned function is called. */
  hold(id: string, state: MovingState, others: readonly string[]): () => void {
    const releases = [
      this.#holdOne(id, { state }),
      ...others.map((other) => this.#holdOne(other, { state: "Updating" })),
    ];
    return () => {
      for (const release of releases) release();
    };
  }

  #holdOne(id: string, hold: Hold): () => void {
    const key = id.toLowerCase();
    const holds = this.#holds.get(key) ?? new Set();
    this.#holds.set(key, holds.add(hold));
    return () => {
      holds.delete(hold);
      if (holds.size === 0) this.#holds.delete(key);
    };
  }

  /** Rejects when nobody waits for the answer any more. */
  wait(ms: number, gone: AbortSignal): Promise<void> {
    if (this.#stopped) return Promise.reject(new NoAnswer("the simulated clouds stop"));
    if (gone.aborted) return Promise.reject(canceled());
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        gone.removeEventListener("abort", leave);
        this.#waiting.delete(fail);
        end();
      };
      const fail = (fault: Error): void => settle(() => reject(fault));
      const leave = (): void => fail(canceled());
      const timer = setTimeout(() => settle(resolve), ms);
      gone.addEventListener("abort", leave);
      this.#waiting.add(fail);
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const fail of this.#waiting) fail(new NoAnswer("the simulated clouds stop"));
  }
}

/** in the words of a Go provider */
const canceled = (): Error => new Error("context canceled");
