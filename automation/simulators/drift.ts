/**
 * Read, for refresh: what the inputs would have to be for the object to be what it is now. Where the cloud
 * still shows what was last recorded, the recorded input stands; elsewhere the live value takes its place,
 * so that the next `up` sees a difference and mends it.
 */
import { type Body, equal, isBody, type Json, omit, pick } from "./json.ts";
import type { ResourceType } from "./resource-type.ts";

export interface Reading {
  readonly inputs: Body;
  /** outputs as the engine recorded them last */
  readonly recorded: Body;
  readonly live: Body;
}

export function driftedInputs(type: ResourceType, reading: Reading): Body {
  const { inputs, recorded, live } = reading;
  const result: Body = { ...inputs };
  for (const key of type.inputs) {
    // path parameters are in the id, not in what the cloud shows
    if (live[key] === undefined && recorded[key] === undefined) continue;
    if (inputs[key] === undefined && type.computed.includes(key)) continue;
    const now = drifted(type, { input: inputs[key], before: recorded[key], after: live[key] });
    if (now === undefined) delete result[key];
    else result[key] = now;
  }
  return result;
}

/** Inputs of something that the engine has never seen: all that a program could have set. */
export function importedInputs(type: ResourceType, id: string, live: Body): Body {
  const cleaned = clean(type, pick(live, type.inputs));
  return { ...(isBody(cleaned) ? cleaned : {}), ...type.inputsOfId(id) };
}

interface Value {
  readonly input: Json | undefined;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

function drifted(type: ResourceType, { input, before, after }: Value): Json | undefined {
  if (equal(clean(type, before), clean(type, after))) return input;
  if (isBody(before) && isBody(after) && (input === undefined || isBody(input))) {
    const result: Body = { ...input };
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (type.outputsOnly.includes(key)) continue;
      const now = drifted(type, { input: input?.[key], before: before[key], after: after[key] });
      if (now === undefined) delete result[key];
      else result[key] = now;
    }
    return input === undefined && Object.keys(result).length === 0 ? undefined : result;
  }
  return clean(type, after);
}

function clean(type: ResourceType, value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => clean(type, item) as Json);
  if (!isBody(value)) return value;
  const kept = omit(value, type.outputsOnly);
  return Object.fromEntries(Object.entries(kept).map(([key, inner]) => [key, clean(type, inner) as Json]));
}
