/**
 * Log Analytics workspaces and their tables. A deleted workspace can be had back within 14 days by making it
 * again in the same group, with its tables and what was in them.
 */
import { matches, oneOf } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { type Body, bodiesAt, textAt } from "../json.ts";
import type { InputFault, ResourceType } from "../resource-type.ts";
import type { CloudObject, Store } from "../store.ts";
import { type ArmCall, armType, regionName } from "./arm-type.ts";
import { between } from "./monitor-words.ts";

export const logWorkspaceToken = "azure-native:operationalinsights:Workspace";
export const logTableToken = "azure-native:operationalinsights:Table";
const logWorkspacePath =
  "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.OperationalInsights/workspaces/{workspaceName}";
/** Microsoft: "Delete and recover an Azure Log Analytics workspace" */
const recoverableMs = 14 * 86_400_000;

export const logWorkspace: ResourceType = armType({
  token: logWorkspaceToken,
  armType: "Microsoft.OperationalInsights/workspaces",
  path: logWorkspacePath,
  replaceOn: ["location"],
  outputsOnly: ["customerId", "createdDate", "modifiedDate"],
  check: (inputs) => [
    ...matches(inputs, "workspaceName", {
      pattern: /^(?=.{4,63}$)[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*$/,
      says: "4 to 63 letters, digits and hyphens, starting and ending with a letter or digit",
    }),
    ...oneOf(inputs, "sku.name", ["PerGB2018", "CapacityReservation", "LACluster", "Standalone", "PerNode"]),
    ...oneOf(inputs, "publicNetworkAccessForIngestion", ["Enabled", "Disabled", "SecuredByPerimeter"]),
    ...oneOf(inputs, "publicNetworkAccessForQuery", ["Enabled", "Disabled", "SecuredByPerimeter"]),
    ...between(inputs, "retentionInDays", 30, 730),
  ],
  build: (call) => {
    const earlier = call.before ?? recoverable(call);
    return {
      customerId: textAt(earlier?.body, "customerId") || crypto.randomUUID(),
      createdDate: textAt(earlier?.body, "createdDate") || new Date().toISOString(),
      retentionInDays: call.inputs.retentionInDays ?? 30,
      sku: call.inputs.sku ?? { name: "PerGB2018" },
    };
  },
  settle: ({ ctx, id, before }) => {
    if (!before) ctx.store.restoreBelow("azure", id);
  },
  buries: [logTableToken],
  bury: ({ store }, workspace) => {
    for (const table of store.below("azure", workspace.id)) store.softDelete("azure", table.id);
    store.softDelete("azure", workspace.id);
  },
});

/** What was deleted under this id and can still be had back; what is too old is gone for good. */
function recoverable({ ctx, id, inputs }: ArmCall): CloudObject | undefined {
  const deleted = ctx.store.find("azure", id);
  if (!deleted?.deletedAt) return undefined;
  if (Date.now() - Date.parse(deleted.deletedAt) > recoverableMs) {
    dropRows(ctx.store, deleted.id);
    ctx.store.purge("azure", deleted.id);
    return undefined;
  }
  const [was, asked] = [textAt(deleted.body, "location"), textAt(inputs, "location")];
  if (regionName(was) === regionName(asked)) return deleted;
  throw armError(
    409,
    "Conflict",
    `The workspace name '${deleted.name}' is held by a soft-deleted workspace in ${was}. Recover it there, or delete it for good.`,
  );
}

const dropRows = (store: Store, workspaceId: string): void => {
  const prefix = `${workspaceId.toLowerCase()}/tables`;
  store.run("delete from log_rows where table_key > ? and table_key < ?", `${prefix}/`, `${prefix}0`);
};

const columnTypes = ["string", "int", "long", "real", "boolean", "dateTime", "guid", "dynamic"];

export const logTable: ResourceType = armType({
  token: logTableToken,
  armType: "Microsoft.OperationalInsights/workspaces/tables",
  path: `${logWorkspacePath}/tables/{tableName}`,
  outputsOnly: ["archiveRetentionInDays", "lastPlanModifiedDate"],
  check: (inputs) => [
    ...matches(inputs, "tableName", {
      pattern: /^[A-Za-z]\w{0,58}_CL$/,
      says: "a custom table's name is letters, digits and underscores and ends with _CL",
    }),
    ...oneOf(inputs, "plan", ["Analytics", "Basic", "Auxiliary"]),
    ...between(inputs, "retentionInDays", 4, 730),
    ...between(inputs, "totalRetentionInDays", 4, 4383),
    ...schemaFaults(inputs),
  ],
  build: ({ before, inputs }) => {
    refuseRetyped(before?.body, inputs);
    const retentionInDays = inputs.retentionInDays ?? 30;
    return { plan: inputs.plan ?? "Analytics", retentionInDays };
  },
  // rows go with their table
  release: (ctx, table) => {
    ctx.store.run("delete from log_rows where table_key = ?", table.id.toLowerCase());
  },
});

function schemaFaults(inputs: Body): InputFault[] {
  const columns = bodiesAt(inputs, "schema.columns");
  if (inputs.schema === undefined || columns.length === 0) return [];
  const wrong = columns.flatMap((column, index) =>
    oneOf(column, "type", columnTypes).map(({ reason }) => ({
      property: `schema.columns[${index}].type`,
      reason,
    })),
  );
  const named = textAt(inputs, "schema.name");
  const misnamed = named !== "" && typeof inputs.tableName === "string" && named !== inputs.tableName;
  const timed = columns.some(
    (column) => column.name === "TimeGenerated" && textAt(column, "type").toLowerCase() === "datetime",
  );
  return [
    ...wrong,
    ...(misnamed ? [{ property: "schema.name", reason: "must be the name of the table" }] : []),
    ...(timed
      ? []
      : [{ property: "schema.columns", reason: "must hold a column TimeGenerated of type dateTime" }]),
  ];
}

/** The columns of a table, by name, with their types in lower case. */
export const columnsOf = (table: Body): ReadonlyMap<string, string> =>
  new Map(
    bodiesAt(table, "schema.columns").map((column) => [
      textAt(column, "name"),
      textAt(column, "type").toLowerCase(),
    ]),
  );

function refuseRetyped(before: Body | undefined, inputs: Body): void {
  const [had, has] = [columnsOf(before ?? {}), columnsOf(inputs)];
  const changed = [...had].find(([name, type]) => has.has(name) && has.get(name) !== type);
  if (!changed) return;
  throw armError(
    400,
    "InvalidParameter",
    `The type of column '${changed[0]}' can't be changed from ${changed[1]} to ${has.get(changed[0])}.`,
  );
}

export const tableOf = (store: Store, workspaceId: string, name: string): CloudObject | undefined =>
  store.get("azure", `${workspaceId}/tables/${name}`);

export function addRows(store: Store, table: CloudObject, rows: readonly Body[]): void {
  for (const row of rows) {
    store.run(
      "insert into log_rows (table_key, at, row) values (?, ?, ?)",
      table.id.toLowerCase(),
      textAt(row, "TimeGenerated"),
      JSON.stringify(row),
    );
  }
}

/** Rows after `from`, up to and with `to`. */
export const rowsBetween = (store: Store, table: CloudObject, from: Date, to: Date): Body[] =>
  store
    .all(
      "select row from log_rows where table_key = ? and at > ? and at <= ? order by at, seq",
      table.id.toLowerCase(),
      from.toISOString(),
      to.toISOString(),
    )
    .map((found) => JSON.parse(String(found.row)) as Body);

export const hasRows = (store: Store, table: CloudObject): boolean =>
  store.all("select 1 from log_rows where table_key = ? limit 1", table.id.toLowerCase()).length > 0;
