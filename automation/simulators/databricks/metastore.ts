/** The Unity Catalog metastore: one for all workspaces of the tenant. */
import { plainError } from "../cloud-error.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject, Store } from "../store.ts";

export const metastoreScope = "metastore";
export const catalogToken = "databricks:index/catalog:Catalog";
export const schemaToken = "databricks:index/schema:Schema";
export const modelToken = "databricks:index/registeredModel:RegisteredModel";

interface Securable {
  readonly folder: string;
  readonly token: string;
  /** as Databricks says it in its errors */
  readonly title: string;
  readonly privileges: readonly string[];
}

const schemaAndBelow = ["APPLY_TAG", "EXECUTE", "MODIFY", "READ_VOLUME", "REFRESH", "SELECT", "WRITE_VOLUME"];
const schemaCreates = [
  "CREATE_FUNCTION",
  "CREATE_MATERIALIZED_VIEW",
  "CREATE_MODEL",
  "CREATE_TABLE",
  "CREATE_VOLUME",
];
const anywhere = ["ALL_PRIVILEGES", "MANAGE"];

export const securables: Readonly<Record<"catalog" | "schema" | "model", Securable>> = {
  catalog: {
    folder: "catalogs",
    token: catalogToken,
    title: "Catalog",
    privileges: [
      "BROWSE",
      "CREATE_SCHEMA",
      "USE_CATALOG",
      "USE_SCHEMA",
      ...schemaAndBelow,
      ...schemaCreates,
      ...anywhere,
    ],
  },
  schema: {
    folder: "schemas",
    token: schemaToken,
    title: "Schema",
    privileges: ["EXTERNAL_USE_SCHEMA", "USE_SCHEMA", ...schemaAndBelow, ...schemaCreates, ...anywhere],
  },
  model: {
    folder: "models",
    token: modelToken,
    title: "Registered Model",
    privileges: ["APPLY_TAG", "EXECUTE", ...anywhere],
  },
};
export type SecurableKind = keyof typeof securables;

export const securableId = (kind: SecurableKind, name: string): string =>
  `${metastoreScope}/${securables[kind].folder}/${name}`;

export function putSecurable(store: Store, kind: SecurableKind, name: string): CloudObject {
  const { token } = securables[kind];
  const id = securableId(kind, name);
  return store.put({
    cloud: "databricks",
    id,
    type: token,
    name,
    scope: metastoreScope,
    body: { fullName: name },
  });
}

export function requireSecurable(ctx: CallContext, kind: SecurableKind, name: string): void {
  if (ctx.store.get("databricks", securableId(kind, name))) return;
  const { title } = securables[kind];
  throw plainError(
    404,
    `${title.toUpperCase().replaceAll(" ", "_")}_DOES_NOT_EXIST`,
    `${title} '${name}' does not exist.`,
  );
}
