/** What the rules of Azure Monitor share: numbers in ranges, spans of time, scopes that must exist. */
import { armError } from "../cloud-error.ts";
import { at, type Body, isUnknown, textsAt } from "../json.ts";
import type { InputFault } from "../resource-type.ts";
import { type ArmCall, requireReference } from "./arm-type.ts";

export const actionGroupToken = "azure-native:monitor:ActionGroup";

/** Fault unless the number at `path` is absent, unknown or a whole one in the range. */
export function between(inputs: Body, path: string, least: number, most: number): InputFault[] {
  const value = at(inputs, path);
  if (value === undefined || isUnknown(value)) return [];
  const fits = typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
  return fits ? [] : [{ property: path, reason: `must be a whole number from ${least} to ${most}` }];
}

/** Minutes of an ISO 8601 duration as Azure Monitor takes it: P1D, PT1H, PT5M. */
export function minutesOf(text: string): number | undefined {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(text);
  if (!match || text === "P" || text.endsWith("T")) return undefined;
  const [days = 0, hours = 0, minutes = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return days * 1440 + hours * 60 + minutes;
}

export function duration(inputs: Body, path: string, allowed: readonly number[]): InputFault[] {
  const value = at(inputs, path);
  if (value === undefined || isUnknown(value)) return [];
  const minutes = minutesOf(String(value));
  if (minutes !== undefined && allowed.includes(minutes)) return [];
  return [
    {
      property: path,
      reason: `'${String(value)}' is not supported. Supported granularities are: ${allowed.join(", ")}`,
    },
  ];
}

/** A window shorter than the time between two looks would let data pass unseen. */
export function windowCovers(inputs: Body): InputFault[] {
  const [window, frequency] = ["windowSize", "evaluationFrequency"].map((key) =>
    minutesOf(String(inputs[key])),
  );
  if (window === undefined || frequency === undefined || window >= frequency) return [];
  return [{ property: "windowSize", reason: "must not be less than evaluationFrequency" }];
}

export function requireScopes(call: ArmCall): void {
  for (const scope of textsAt(call.inputs, "scopes")) {
    const subscription = `/subscriptions/${call.ctx.tenant.subscriptionId}`;
    if (scope.toLowerCase() === subscription.toLowerCase() || call.ctx.store.get("azure", scope)) continue;
    throw armError(404, "ResourceNotFound", `The scope '${scope}' of ${call.name} was not found.`);
  }
}

export function requireActionGroups(call: ArmCall, ids: readonly string[]): void {
  for (const id of ids) requireReference(call, id, [actionGroupToken]);
}

/** Alert rules that watch more than one region live in none. */
export function requireGlobal(call: ArmCall, armType: string): void {
  const location = String(call.inputs.location ?? "");
  if (location.toLowerCase() === "global") return;
  throw armError(
    400,
    "LocationNotAvailableForResourceType",
    `The provided location '${location}' is not available for resource type '${armType}'. List of available regions for the resource type is 'global'.`,
  );
}

export const operators: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  Equals: (value, threshold) => value === threshold,
  GreaterThan: (value, threshold) => value > threshold,
  GreaterThanOrEqual: (value, threshold) => value >= threshold,
  LessThan: (value, threshold) => value < threshold,
  LessThanOrEqual: (value, threshold) => value <= threshold,
};

export const aggregations = {
  Average: "avg",
  Minimum: "min",
  Maximum: "max",
  Total: "sum",
  Count: "count",
} as const;

export const isAggregation = (word: string): word is keyof typeof aggregations =>
  Object.hasOwn(aggregations, word);
