/**
 * ARM's limits, as token buckets of one subscription. They always count, so that the headers can say what is
 * left of Azure's classic limits, and refuse only where a limit was set. Full again after a restart.
 */
import type { Settings } from "./settings.ts";

export type ArmCallKind = "read" | "write";

type BucketName = "reads" | "writes" | "networkWrites";

interface Bucket {
  tokens: number;
  limit: number;
  filledAt: number;
}

const hourMs = 3_600_000;
/** Azure's classic limits (Microsoft: "Understand how Azure Resource Manager throttles requests") */
const buckets = {
  reads: { setting: "readsPerHour", classic: 12_000, periodMs: hourMs },
  writes: { setting: "writesPerHour", classic: 1_200, periodMs: hourMs },
  networkWrites: { setting: "networkWritesPer5Minutes", classic: 1_000, periodMs: hourMs / 12 },
} as const;

export class Throttle {
  readonly #buckets = new Map<BucketName, Bucket>();

  /** Takes one call from its buckets; the seconds to wait where a limit refuses it, else null. */
  take(kind: ArmCallKind, isNetwork: boolean, settings: Settings, now: number): number | null {
    const names: readonly BucketName[] =
      kind === "read" ? ["reads"] : isNetwork ? ["writes", "networkWrites"] : ["writes"];
    for (const name of names) {
      const bucket = this.#fill(name, settings, now);
      const { setting, periodMs } = buckets[name];
      if (bucket.tokens >= 1 || settings[setting] === null) continue;
      return Math.max(1, Math.ceil(((1 - bucket.tokens) * periodMs) / bucket.limit / 1000));
    }
    for (const name of names) {
      const bucket = this.#fill(name, settings, now);
      bucket.tokens = Math.max(0, bucket.tokens - 1);
    }
    return null;
  }

  remaining(kind: ArmCallKind, settings: Settings, now: number): number {
    return Math.floor(this.#fill(kind === "read" ? "reads" : "writes", settings, now).tokens);
  }

  #fill(name: BucketName, settings: Settings, now: number): Bucket {
    const { setting, classic, periodMs } = buckets[name];
    const limit = settings[setting] ?? classic;
    const held = this.#buckets.get(name);
    // a limit that is set anew starts full
    const bucket = held?.limit === limit ? held : { tokens: limit, limit, filledAt: now };
    bucket.tokens = Math.min(limit, bucket.tokens + ((now - bucket.filledAt) * limit) / periodMs);
    bucket.filledAt = now;
    this.#buckets.set(name, bucket);
    return bucket;
  }
}
