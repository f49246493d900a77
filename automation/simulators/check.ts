/** Check: defaults, names that the provider makes up, the SDK's declaration, then what the service asks beyond it. */
import { at, type Body, isBody, isUnknown, type Json } from "./json.ts";
import type { CallContext, InputFault, ResourceType } from "./resource-type.ts";
import { validateResourceInputs } from "./validate.ts";

/** azure-native keeps this mark so that only resources with made-up names are created before the old is deleted. */
export const createBeforeDeleteMark = "__createBeforeDelete";

export interface CheckCall {
  readonly name: string;
  readonly olds: Body;
  readonly news: Body;
  readonly seed: Uint8Array;
}

export interface Checked {
  readonly inputs: Body;
  readonly faults: InputFault[];
}

export function checkInputs(type: ResourceType, ctx: CallContext, call: CheckCall): Checked {
  const named = withName(type, call);
  const inputs = type.defaults(ctx, named);
  const declared = validateResourceInputs(type.token, inputs).map(({ path, fault }) => ({
    property: path,
    reason: fault,
  }));
  const missing = type.required
    .filter((path) => isMissing(inputs, path))
    .map((path) => ({ property: path, reason: `missing required property '${path}'` }));
  const faults = [...declared, ...missing];
  // a type's own rules may rely on its inputs being there and having their types
  return { inputs, faults: faults.length > 0 ? faults : type.check(inputs, ctx) };
}

function withName(type: ResourceType, call: CheckCall): Body {
  const rule = type.autoname;
  if (!rule || call.news[rule.property] !== undefined) return call.news;
  const kept = call.olds[createBeforeDeleteMark] === true ? call.olds[rule.property] : undefined;
  const made = kept ?? rule.make(call.name, call.seed);
  return { ...call.news, [rule.property]: made, [createBeforeDeleteMark]: true };
}

/** True when the path is absent; false when any step of it is unknown yet. */
function isMissing(inputs: Body, path: string): boolean {
  let here: Json | undefined = inputs;
  for (const step of path.split(".")) {
    if (isUnknown(here)) return false;
    here = isBody(here) ? here[step] : undefined;
  }
  return here === undefined || here === null || here === "";
}

/** Fault unless the text at `path` is absent, unknown or one of `allowed` (without regard to case). */
export function oneOf(inputs: Body, path: string, allowed: readonly string[]): InputFault[] {
  const value = at(inputs, path);
  if (value === undefined || value === null || isUnknown(value)) return [];
  const fits =
    typeof value === "string" && allowed.some((item) => item.toLowerCase() === value.toLowerCase());
  if (fits) return [];
  return [{ property: path, reason: `'${String(value)}' is not one of ${allowed.join(", ")}` }];
}

/** Fault unless the text at `path` is absent, unknown or matches. */
export function matches(inputs: Body, path: string, rule: { pattern: RegExp; says: string }): InputFault[] {
  const value = at(inputs, path);
  if (value === undefined || isUnknown(value)) return [];
  if (typeof value === "string" && rule.pattern.test(value)) return [];
  return [{ property: path, reason: `'${String(value)}' is not valid: ${rule.says}` }];
}

/** Any unknown value inside? Rules that need the whole value wait for the real run. */
export function hasUnknown(value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.some(hasUnknown);
  if (isBody(value)) return Object.values(value).some(hasUnknown);
  return isUnknown(value);
}
