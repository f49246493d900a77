/** The hash that decides whether a stack is due: the spec, and what would build it differently. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../metadata-schema/canonical-json.ts";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { absentHash } from "../../metadata-schema/store.ts";

/** Versions of the program and the providers, as one text that ends every hash. */
export const versionSuffix = (versions: Readonly<Record<string, string>>): string =>
  `+${digest(canonicalJson(versions)).slice(0, 12)}`;

export function specHash(spec: StackSpec | null, suffix: string): string {
  return spec === null ? absentHash : `${digest(canonicalJson(spec)).slice(0, 40)}${suffix}`;
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
