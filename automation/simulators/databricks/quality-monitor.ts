/**
 * A monitor of a table's quality and drift. On Databricks its two metric tables outlive it; here they are
 * names only, so that nothing is left behind that no stack owns.
 */
import { plainError } from "../cloud-error.ts";
import { type Body, textAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type Made,
  type ResourceType,
  randomHex,
  typeDefaults,
} from "../resource-type.ts";
import { metastoreScope, requireSecurable } from "./metastore.ts";
import { warehouseFolder } from "./sql-warehouse.ts";
import { getInWorkspace, hostOf } from "./workspace-type.ts";

export const qualityMonitorToken = "databricks:index/qualityMonitor:QualityMonitor";

const profiles = ["inferenceLog", "snapshot", "timeSeries"];
const storeId = (table: string): string => `${metastoreScope}/quality-monitors/${table}`;

export const qualityMonitor: ResourceType = {
  ...typeDefaults,
  token: qualityMonitorToken,
  cloud: "databricks",
  required: ["assetsDir", "outputSchemaName", "tableName"],
  check: (inputs): InputFault[] => {
    const named = profiles.filter((profile) => inputs[profile] !== undefined);
    if (named.length === 1) return [];
    const reason = `exactly one of ${profiles.join(", ")} is required; found ${named.length}`;
    return [{ property: "inferenceLog", reason }];
  },
  create: (ctx, inputs) => {
    const table = textAt(inputs, "tableName");
    if (ctx.store.get("databricks", storeId(table))) {
      throw plainError(409, "RESOURCE_ALREADY_EXISTS", `Monitor for table '${table}' already exists.`);
    }
    return put(ctx, inputs, undefined);
  },
  read: (ctx, id) => {
    hostOf(ctx);
    const found = ctx.store.get("databricks", storeId(id));
    return found && { id, body: found.body };
  },
  update: (ctx, { id, inputs }) => {
    const before = ctx.store.get("databricks", storeId(id));
    if (!before || textAt(inputs, "tableName") !== id) {
      throw plainError(
        404,
        "RESOURCE_DOES_NOT_EXIST",
        `Monitor for table '${textAt(inputs, "tableName")}' does not exist.`,
      );
    }
    return put(ctx, inputs, before.body).body;
  },
  delete: (ctx, id) => {
    hostOf(ctx);
    ctx.store.remove("databricks", storeId(id));
  },
};

function put(ctx: CallContext, inputs: Body, before: Body | undefined): Made {
  hostOf(ctx);
  const table = textAt(inputs, "tableName");
  const schema = textAt(inputs, "outputSchemaName");
  requireSecurable(ctx, "table", table);
  requireSecurable(ctx, "schema", schema);
  const warehouse = textAt(inputs, "warehouseId");
  if (warehouse && !getInWorkspace(ctx, warehouseFolder, warehouse)) {
    throw plainError(404, "RESOURCE_DOES_NOT_EXIST", `SQL warehouse ${warehouse} does not exist.`);
  }
  const own = table.split(".").at(-1);
  const body: Body = {
    ...inputs,
    dashboardId: before?.dashboardId ?? (inputs.skipBuiltinDashboard === true ? "" : randomHex(16)),
    driftMetricsTableName: `${schema}.${own}_drift_metrics`,
    profileMetricsTableName: `${schema}.${own}_profile_metrics`,
    monitorVersion: Number(before?.monitorVersion ?? 0) + 1,
    status: "MONITOR_STATUS_ACTIVE",
  };
  const write = { id: storeId(table), type: qualityMonitorToken, name: table, scope: metastoreScope, body };
  ctx.store.put({ cloud: "databricks", ...write });
  return { id: table, body };
}
