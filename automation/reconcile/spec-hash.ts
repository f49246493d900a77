/** The hash that decides whether a stack is due: the spec, and what would build it differently. */
import { createHash } from "node:crypto";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { absentHash } from "../../metadata-schema/store.ts";

/** Versions of the program and the providers, as one text that ends every hash. */
export const versionSuffix = (versions: Readonly<Record<string, string>>): string =>
  `+${digest(canonicalJson(versions)).slice(0, 12)}`;

export function specHash(spec: StackSpec | null, suffix: string): string {
  return spec === null ? absentHash : `${digest(canonicalJson(spec)).slice(0, 40)}${suffix}`;
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

/** JSON with the keys of every object in order, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
