/** When a child is given up: pure, so that each rule can be tested without waiting for it. All times are monotonic, in ms. */

export interface ChildFacts {
  readonly state: "starting" | "idle" | "running" | "stopping";
  readonly stateSinceMs: number;
  /** when the child last said anything */
  readonly lastHeardMs: number;
  /** since when the run's engine process is gone, and no other took its place, or is suspended; null: it runs, or none was started */
  readonly engineGoneSinceMs: number | null;
  /** null: no run */
  readonly leaseEndsAtMs: number | null;
  readonly childBytes: number;
  readonly engineBytes: number;
}

export type GivenUp =
  /** it hangs: its run may be well, but nobody can tell */
  | { readonly reason: "killed-stuck"; readonly why: string; readonly isUrgent: boolean }
  | { readonly reason: "killed-memory"; readonly why: string; readonly isUrgent: boolean };

// All of these together keep a slot from being dead for a minute.
// The SDKs are imported in 2 s; a machine that swaps or scans them may take many times that.
const startMs = 40_000;
// A child parses and prints for a second at most; it is asked every two.
const silenceMs = 20_000;
// Between two engine processes of one run lie some hundred milliseconds.
const engineGoneMs = 20_000;
// TERM, 20 s, TERM, 5 s, KILL (engine-command.ts), and what the child does after it.
const stoppingMs = 40_000;
// The child kills its engine 5 s before the lease ends. If it did not, this is the last moment.
const leaseMarginMs = 3_000;
// A child weighs 200 to 400 MB with all SDKs, its heap is limited to 1 GB; the engine's collector begins at 512 MB.
const maxChildBytes = 1.5 * 2 ** 30;
const maxEngineBytes = 2 * 2 ** 30;

/** Null: it goes on. */
export function givenUp(facts: ChildFacts, nowMs: number): GivenUp | null {
  const stuck = (why: string, isUrgent = false): GivenUp => ({ reason: "killed-stuck", why, isUrgent });
  const { state, stateSinceMs, leaseEndsAtMs, engineGoneSinceMs } = facts;
  if (facts.childBytes > maxChildBytes)
    return {
      reason: "killed-memory",
      why: `its program took ${megabytes(facts.childBytes)} MB`,
      isUrgent: false,
    };
  if (facts.engineBytes > maxEngineBytes)
    return {
      reason: "killed-memory",
      why: `its engine took ${megabytes(facts.engineBytes)} MB`,
      isUrgent: false,
    };
  if (state === "starting") return nowMs - stateSinceMs > startMs ? stuck("its process did not start") : null;
  if (leaseEndsAtMs !== null && nowMs > leaseEndsAtMs - leaseMarginMs)
    return stuck("its lease is about to end, and it still ran", true);
  if (nowMs - facts.lastHeardMs > silenceMs) return stuck("its process does not answer");
  if (engineGoneSinceMs !== null && nowMs - engineGoneSinceMs > engineGoneMs)
    return stuck("its engine had ended or was suspended, and the run had not ended");
  if (state === "stopping" && nowMs - stateSinceMs > stoppingMs) return stuck("it did not stop");
  return null;
}

const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
