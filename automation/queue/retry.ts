/** When a failed run is tried again. Pure but for the jitter that is handed in. */
import type { FailureClass } from "../../metadata-schema/store.ts";

// First pause and its cap: a throttled cloud asks for seconds, an outage is looked at again each few minutes.
const firstPauseMs = 2_000;
export const maxPauseMs = 300_000;
// A failure that nothing explains may be a passing one; after this many tries it waits for a change.
const maxUnknownAttempts = 5;

/**
 * Milliseconds until the next try; null: not before something changes. `attempts` counts the failures in a
 * row, this one included; `random` is in [0, 1); `askedMs` is what the cloud asked to wait, and the least.
 */
export function retryAfterMs(
  failure: FailureClass,
  attempts: number,
  random: number,
  askedMs: number | null,
): number | null {
  if (failure === "permanent") return null;
  if (failure === "unknown" && attempts >= maxUnknownAttempts) return null;
  const pause = Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(attempts - 1, 20));
  // Full range from half to whole, so that stacks that failed together do not come back together.
  const ours = Math.round(pause * (0.5 + random / 2));
  return askedMs === null ? ours : Math.max(ours, Math.round(askedMs * (1 + random / 10)));
}
