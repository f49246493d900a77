/** Versions of a registered model. No program declares them: training runs make them. */
import type { CallContext } from "../resource-type.ts";
import type { CloudObject, Store } from "../store.ts";
import { metastoreScope, requireSecurable, securableId } from "./metastore.ts";

export const modelVersionToken = "databricks:index/modelVersion:ModelVersion";

const idOf = (model: string, version: string): string => `${securableId("model", model)}/versions/${version}`;

export const modelVersion = (store: Store, model: string, version: string): CloudObject | undefined =>
  store.get("databricks", idOf(model, version));

/** All versions of a model, oldest first. */
export const modelVersions = (store: Store, model: string): CloudObject[] =>
  store
    .below("databricks", `${securableId("model", model)}/versions`)
    .sort((one, other) => Number(one.body.version) - Number(other.body.version));

/** Registers the next version of a model. */
export function addModelVersion(ctx: CallContext, model: string): CloudObject {
  requireSecurable(ctx, "model", model);
  return putModelVersion(ctx.store, model);
}

export function putModelVersion(store: Store, model: string): CloudObject {
  const version = Number(modelVersions(store, model).at(-1)?.body.version ?? 0) + 1;
  return store.put({
    cloud: "databricks",
    id: idOf(model, String(version)),
    type: modelVersionToken,
    name: `${model} version ${version}`,
    scope: metastoreScope,
    body: { model, version, status: "READY" },
  });
}
