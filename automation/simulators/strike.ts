/**
 * What a fault does to the call that it strikes, whether the call came over gRPC or HTTP. Only a struck call
 * becomes asynchronous: all others are answered within one turn of the event loop.
 */
import type { CloudError } from "./cloud-error.ts";
import type { Fault } from "./faults.ts";

/** The caller gets no answer: its connection is cut, it went away, or the clouds stop. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

// A caller that died before the fault was cleared is heard of first: the two come over different connections.
const lastWordMs = 100;

/** Calls that hang, by fault. In memory only: a call does not outlive the process that it hangs in. */
export class Hangs {
  readonly #waiting = new Set<{ readonly faultId: number; end(fault?: NoAnswer): void }>();
  #stopped = false;

  /** how many wait now */
  get count(): number {
    return this.#waiting.size;
  }

  /** Resolves when the fault is cleared or its seconds are over. Rejects when nobody waits for the answer. */
  wait({ faultId, seconds }: Fault, gone: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = {
        faultId,
        end: (fault?: NoAnswer): void => {
          clearTimeout(timer);
          gone.removeEventListener("abort", leave);
          this.#waiting.delete(entry);
          if (fault) reject(fault);
          else resolve();
        },
      };
      const leave = (): void => entry.end(new NoAnswer("the caller went away"));
      const timer = seconds === null ? undefined : setTimeout(() => entry.end(), seconds * 1000);
      this.#waiting.add(entry);
      gone.addEventListener("abort", leave);
      if (gone.aborted) leave();
      else if (this.#stopped) entry.end(new NoAnswer("the simulated clouds stop"));
    });
  }

  /** The calls of one fault, or all, go on in a moment. */
  release(faultId?: number): void {
    for (const entry of this.#waiting) {
      if (faultId === undefined || entry.faultId === faultId) setTimeout(() => entry.end(), lastWordMs);
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const entry of this.#waiting) entry.end(new NoAnswer("the simulated clouds stop"));
  }
}

/** One call that a fault strikes. */
export interface StruckCall<T> {
  work(): T | Promise<T>;
  /** the refusal in the words of the cloud that is called */
  refusal(): CloudError;
  /** told when the call is refused or cut before any work */
  failed(message: string): void;
  /** cuts the connection of the caller */
  cut(): void;
  /** the caller waits no longer */
  readonly gone: AbortSignal;
}

export async function strike<T>(fault: Fault, hangs: Hangs, call: StruckCall<T>): Promise<T> {
  const { kind, afterCommit } = fault;
  switch (kind) {
    case "error":
    case "throttle": {
      const refusal = call.refusal();
      if (afterCommit) await call.work();
      else call.failed(refusal.message);
      throw refusal;
    }
    case "drop": {
      if (afterCommit) await call.work();
      else call.failed("the connection was cut before the work");
      call.cut();
      throw new NoAnswer("the connection was cut");
    }
    case "hang": {
      const done = afterCommit ? { answer: await call.work() } : null;
      await hangs.wait(fault, call.gone);
      return done ? done.answer : call.work();
    }
    case "lag":
      // strikes no call
      return call.work();
    default:
      return kind satisfies never;
  }
}
