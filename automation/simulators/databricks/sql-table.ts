import { oneOf } from "../check.ts";
import { plainError } from "../cloud-error.ts";
import { isUnknown, textAt } from "../json.ts";
import type { InputFault } from "../resource-type.ts";
import { metastoreObject } from "./metastore-object.ts";
import { warehouseFolder } from "./sql-warehouse.ts";
import { getInWorkspace } from "./workspace-type.ts";

/** Managed Delta tables, made by a statement that a SQL warehouse runs. */
export const sqlTable = metastoreObject({
  kind: "table",
  required: ["catalogName", "name", "schemaName", "tableType"],
  replaceOn: ["catalogName", "dataSourceFormat", "name", "options", "partitions", "schemaName", "tableType"],
  computed: ["columns", "partitions"],
  outputsOnly: ["effectiveProperties", "tableId"],
  fullName: (inputs) => ["catalogName", "schemaName", "name"].map((key) => textAt(inputs, key)).join("."),
  taken: (name) =>
    `[TABLE_OR_VIEW_ALREADY_EXISTS] Cannot create table or view ${quoted(name)} because it already exists.`,
  check: (inputs): InputFault[] => [
    ...oneOf(inputs, "tableType", ["MANAGED"]),
    ...oneOf(inputs, "dataSourceFormat", ["DELTA"]),
    ...(inputs.warehouseId === undefined
      ? [
          {
            property: "warehouseId",
            reason:
              "a warehouseId is needed: clusters that would run the statement instead are not simulated",
          },
        ]
      : []),
    ...(inputs.partitions !== undefined && inputs.clusterKeys !== undefined
      ? [{ property: "clusterKeys", reason: "conflicts with partitions" }]
      : []),
  ],
  build: ({ ctx, inputs, before }) => {
    const warehouse = textAt(inputs, "warehouseId");
    if (!isUnknown(warehouse) && !getInWorkspace(ctx, warehouseFolder, warehouse)) {
      throw plainError(404, "RESOURCE_DOES_NOT_EXIST", `SQL warehouse ${warehouse} does not exist.`);
    }
    return {
      dataSourceFormat: inputs.dataSourceFormat ?? "DELTA",
      tableId: before?.body.tableId ?? crypto.randomUUID(),
      effectiveProperties: inputs.properties ?? {},
    };
  },
});

const quoted = (name: string): string =>
  name
    .split(".")
    .map((part) => `\`${part}\``)
    .join(".");
