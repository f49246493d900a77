/** How ARM shows an object. */
import { armTypeOf } from "../azure/arm-type.ts";
import { type Body, isBody, omit, pick } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";

/** What ARM shows beside `properties`; all else goes into it. */
const envelope = ["name", "type", "location", "tags", "sku", "kind", "identity", "managedBy"];

export function show(context: CallContext, object: CloudObject): Body {
  const body = context.types.get(object.type)?.read(context, object.id)?.body ?? object.body;
  const inner = omit(body, [...envelope, "properties", "azureApiVersion", "id"]);
  const properties = isBody(body.properties) ? body.properties : {};
  return {
    id: object.id,
    name: object.name,
    type: armTypeOf(object.id),
    ...pick(body, envelope),
    etag: object.etag,
    properties: { ...inner, ...properties },
  };
}

/** ARM lists top-level resources of groups, not their children. */
export const isTracked = (id: string): boolean =>
  /\/resourceGroups\/[^/]+\/providers\/[^/]+\/[^/]+\/[^/]+$/i.test(id);
