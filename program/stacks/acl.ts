import type { AclSpec } from "../../metadata-schema/desired-state.ts";
import { objectPermissions } from "../components/object-permissions.ts";
import { databricksProvider } from "../components/providers.ts";
import type { PromisedOutputs } from "../outputs.ts";

/** Whole permission lists, one for each object. */
export function acl(spec: AclSpec): PromisedOutputs<"acl"> {
  if (spec.objects.length > 0) {
    const provider = databricksProvider(spec.environment, spec.workspace);
    for (const object of spec.objects) objectPermissions(object, { provider });
  }
  return {
    objects: spec.objects.map(({ type, id, accessControls }) => ({
      type,
      id,
      access_controls: accessControls.map(({ name, level }) => ({ principal: name, level })),
    })),
  };
}
