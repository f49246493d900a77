/** What azure-native shows in a preview of something that is not there yet, or not as asked yet. */
import { type Body, isBody, pick, unknownValue } from "../json.ts";

/** The ids of a resource's own identity are Azure's to make: a preview only knows those that are there already. */
export function previewed(inputs: Body, recorded: Body): Body {
  const { identity } = inputs;
  if (!isBody(identity)) return { ...recorded, ...inputs };
  const ids = { principalId: unknownValue, tenantId: unknownValue };
  const known = isBody(recorded.identity) ? pick(recorded.identity, Object.keys(ids)) : {};
  return { ...recorded, ...inputs, identity: { ...ids, ...known, ...identity } };
}
