/**
 * Read, for refresh: what the inputs would have to be for the object to be what it is now. Where the cloud
 * still shows what was last recorded, the recorded input stands; elsewhere the live value takes its place,
 * so that the next `up` sees a difference and mends it.
 */
import { declarationOf } from "./declared/declarations.ts";
import { type Body, equal, isBody, type Json, omit, pick } from "./json.ts";
import type { ResourceType } from "./resource-type.ts";

/** What ARM tells of every object; the declarations of some types list it among the inputs too. */
const toldByArm = ["id", "name", "type"];

/** Properties that a program may set: refresh and import read back these. */
function inputNames(type: ResourceType): readonly string[] {
  const filledIn = type.cloud === "azure" ? [...type.outputsOnly, ...toldByArm] : type.outputsOnly;
  return Object.keys(declarationOf(type.token).properties).filter((name) => !filledIn.includes(name));
}

export interface Reading {
  readonly id: string;
  readonly inputs: Body;
  /** outputs as the engine recorded them last */
  readonly recorded: Body;
  readonly live: Body;
}

export function driftedInputs(type: ResourceType, reading: Reading): Body {
  const { id, inputs, recorded, live } = reading;
  const inId = type.inputsOfId(id);
  const result: Body = { ...inputs };
  for (const key of inputNames(type)) {
    // path parameters are in the id, not in what the cloud shows
    if (key in inId) continue;
    if (live[key] === undefined && recorded[key] === undefined) continue;
    if (inputs[key] === undefined && type.computed.includes(key)) continue;
    const now = drifted(type, key, { input: inputs[key], before: recorded[key], after: live[key] });
    if (now === undefined) delete result[key];
    else result[key] = now;
  }
  return result;
}

/** Inputs of something that the engine has never seen: all that a program could have set. */
export function importedInputs(type: ResourceType, id: string, live: Body): Body {
  const cleaned = clean(type, pick(live, inputNames(type)));
  return { ...(isBody(cleaned) ? cleaned : {}), ...type.inputsOfId(id) };
}

interface Value {
  readonly input: Json | undefined;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** @param path with `[*]` for any list index, as the type's own paths have it */
function drifted(type: ResourceType, path: string, { input, before, after }: Value): Json | undefined {
  if (equal(clean(type, before), clean(type, after))) return input;
  // of what was never recorded, an input tells the shape
  const recorded = before === undefined && isBody(input) ? {} : before;
  if (isBody(recorded) && isBody(after) && (input === undefined || isBody(input))) {
    const result: Body = { ...input };
    for (const key of new Set([...Object.keys(recorded), ...Object.keys(after)])) {
      const inner = `${path}.${key}`;
      if (type.outputsOnly.includes(key)) continue;
      if (input?.[key] === undefined && type.computed.includes(inner)) continue;
      const now = drifted(type, inner, { input: input?.[key], before: recorded[key], after: after[key] });
      if (now === undefined) delete result[key];
      else result[key] = now;
    }
    return input === undefined && Object.keys(result).length === 0 ? undefined : result;
  }
  if (Array.isArray(input) && Array.isArray(after) && input.length === after.length) {
    const old = Array.isArray(before) ? before : [];
    return after.map((item, index) => {
      const value = { input: input[index], before: old[index], after: item };
      return drifted(type, `${path}[*]`, value) ?? item;
    });
  }
  return clean(type, after);
}

function clean(type: ResourceType, value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => clean(type, item) as Json);
  if (!isBody(value)) return value;
  const kept = omit(value, type.outputsOnly);
  return Object.fromEntries(
    Object.entries(kept).map(([key, inner]) => [
      key,
      // ARM shows a map of identities where a program gives their ids
      key === "userAssignedIdentities" && isBody(inner) ? Object.keys(inner) : (clean(type, inner) as Json),
    ]),
  );
}
