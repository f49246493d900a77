/** The Unity Catalog metastore: one for all workspaces of the tenant. */
import { plainError } from "../cloud-error.ts";
import { textAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject, Store } from "../store.ts";

export const metastoreScope = "metastore";
export const grantToken = "databricks:index/grant:Grant";
export const catalogToken = "databricks:index/catalog:Catalog";
export const schemaToken = "databricks:index/schema:Schema";
export const modelToken = "databricks:index/registeredModel:RegisteredModel";
export const tableToken = "databricks:index/sqlTable:SqlTable";
export const externalLocationToken = "databricks:index/externalLocation:ExternalLocation";
export const storageCredentialToken = "databricks:index/storageCredential:StorageCredential";

interface Securable {
  readonly folder: string;
  readonly token: string;
  /** as Databricks says it in its errors */
  readonly title: string;
  /** as the REST API names the kind; models are functions to it */
  readonly restType: string;
  /** as the service describes it where a privilege does not fit */
  readonly entity: string;
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

export type SecurableKind =
  | "catalog"
  | "schema"
  | "table"
  | "model"
  | "volume"
  | "function"
  | "externalLocation"
  | "storageCredential";

export const securables: Readonly<Record<SecurableKind, Securable>> = {
  catalog: {
    folder: "catalogs",
    token: catalogToken,
    title: "Catalog",
    restType: "catalog",
    entity: "CATALOG/CATALOG_STANDARD",
    privileges: [
      ...["BROWSE", "CREATE_SCHEMA", "EXTERNAL_USE_SCHEMA", "USE_CATALOG", "USE_SCHEMA"],
      ...[...schemaAndBelow, ...schemaCreates, ...anywhere],
    ],
  },
  schema: {
    folder: "schemas",
    token: schemaToken,
    title: "Schema",
    restType: "schema",
    entity: "SCHEMA/SCHEMA_STANDARD",
    privileges: ["EXTERNAL_USE_SCHEMA", "USE_SCHEMA", ...schemaAndBelow, ...schemaCreates, ...anywhere],
  },
  table: {
    folder: "tables",
    token: tableToken,
    title: "Table",
    restType: "table",
    entity: "TABLE/TABLE_DELTA",
    privileges: ["APPLY_TAG", "MODIFY", "SELECT", ...anywhere],
  },
  model: {
    folder: "models",
    token: modelToken,
    title: "Registered Model",
    restType: "function",
    entity: "FUNCTION/FUNCTION_REGISTERED_MODEL",
    privileges: ["APPLY_TAG", "EXECUTE", ...anywhere],
  },
  volume: {
    folder: "volumes",
    token: "databricks:index/volume:Volume",
    title: "Volume",
    restType: "volume",
    entity: "VOLUME/VOLUME_MANAGED",
    privileges: ["APPLY_TAG", "READ_VOLUME", "WRITE_VOLUME", ...anywhere],
  },
  function: {
    folder: "functions",
    token: "databricks:index/function:Function",
    title: "Function",
    restType: "function",
    entity: "FUNCTION/FUNCTION_STANDARD",
    privileges: ["EXECUTE", ...anywhere],
  },
  externalLocation: {
    folder: "external-locations",
    token: externalLocationToken,
    title: "External Location",
    restType: "external_location",
    entity: "EXTERNAL_LOCATION/EXTERNAL_LOCATION_STANDARD",
    privileges: [
      ...["BROWSE", "CREATE_EXTERNAL_TABLE", "CREATE_EXTERNAL_VOLUME", "CREATE_FOREIGN_CATALOG"],
      ...["CREATE_MANAGED_STORAGE", "READ_FILES", "WRITE_FILES", ...anywhere],
    ],
  },
  storageCredential: {
    folder: "storage-credentials",
    token: storageCredentialToken,
    title: "Storage Credential",
    restType: "storage_credential",
    entity: "STORAGE_CREDENTIAL/STORAGE_CREDENTIAL_STANDARD",
    privileges: [
      ...["CREATE_EXTERNAL_LOCATION", "CREATE_EXTERNAL_TABLE", "READ_FILES", "WRITE_FILES"],
      ...anywhere,
    ],
  },
};

export const securableKinds = Object.keys(securables) as SecurableKind[];

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

export const getSecurable = (store: Store, kind: SecurableKind, name: string): CloudObject | undefined =>
  store.get("databricks", securableId(kind, name));

export function requireSecurable(ctx: CallContext, kind: SecurableKind, name: string): CloudObject {
  const found = getSecurable(ctx.store, kind, name);
  if (found) return found;
  const { title } = securables[kind];
  throw plainError(
    404,
    `${title.toUpperCase().replaceAll(" ", "_")}_DOES_NOT_EXIST`,
    `${title} '${name}' does not exist.`,
  );
}

/** A securable goes with the grants on it and all that lies below it, as a model's versions do. */
export function dropSecurable(store: Store, kind: SecurableKind, name: string): void {
  store.purge("databricks", securableId(kind, name));
  for (const grant of store.ofType(grantToken)) {
    if (textAt(grant.body, kind).toLowerCase() === name.toLowerCase()) store.remove("databricks", grant.id);
  }
}

export const kindOfToken = (token: string): SecurableKind | undefined =>
  securableKinds.find((kind) => securables[kind].token === token);

/** Securables that a securable lies in, outermost first: `ml.models.job_201` in the schema `ml.models` in the catalog `ml`. */
export function containersOf(kind: SecurableKind, name: string): { kind: SecurableKind; name: string }[] {
  if (kind === "externalLocation" || kind === "storageCredential" || kind === "catalog") return [];
  const [catalog = "", schema = ""] = name.split(".");
  const above: { kind: SecurableKind; name: string }[] = [{ kind: "catalog", name: catalog }];
  return kind === "schema" ? above : [...above, { kind: "schema", name: `${catalog}.${schema}` }];
}
