import { QualityMonitor } from "@pulumi/databricks/qualityMonitor.js";
import { SqlTable } from "@pulumi/databricks/sqlTable.js";
import { ComponentResource, type ComponentResourceOptions, type Input } from "@pulumi/pulumi";
import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import { driftTableName, monitorFolder } from "../layout/names.ts";
import { unityGrant } from "./unity-grant.ts";

/** Predictions and labels are text, so that one table serves every classifier. */
const columns = [
  { name: "timestamp", type: "timestamp", comment: "When it was predicted" },
  { name: "model_version", type: "string", comment: "Version of the model that predicted" },
  { name: "prediction", type: "string", comment: "What was predicted" },
  { name: "label", type: "string", comment: "What turned out to be true; empty until it is known" },
];

/** Early, before people look, and after the night's runs. */
const everyMorning = { quartzCronExpression: "0 0 5 * * ?", timezoneId: "UTC" };

export interface DriftMonitorArgs {
  readonly spec: JobSpec;
  readonly warehouseId: string;
  /** application id of the job's identity, which writes its predictions into the table */
  readonly writer: Input<string>;
}

/** The table of a job's predictions, and the monitor that measures how they drift. */
export class DriftMonitor extends ComponentResource {
  constructor(name: string, { spec, warehouseId, writer }: DriftMonitorArgs, opts: ComponentResourceOptions) {
    super("rowgate:components:DriftMonitor", name, {}, opts);
    const { catalog, schema, jobId } = spec;
    const tableName = driftTableName(catalog, schema, jobId);
    const table = new SqlTable(
      "inference-table",
      {
        catalogName: catalog,
        schemaName: schema,
        name: tableName.slice(`${catalog}.${schema}.`.length),
        tableType: "MANAGED",
        dataSourceFormat: "DELTA",
        columns,
        warehouseId,
        comment: `Predictions of job ${jobId}`,
      },
      // It goes with its rule, as the container goes with its job. Databricks gives a dropped managed table back for
      // seven days (UNDROP TABLE).
      { parent: this },
    );
    unityGrant({ securable: "table", name: tableName, privileges: ["MODIFY", "SELECT"] }, writer, {
      parent: this,
      dependsOn: [table],
    });
    new QualityMonitor(
      "drift",
      {
        tableName,
        assetsDir: monitorFolder(spec.environment, jobId),
        outputSchemaName: `${catalog}.${schema}`,
        inferenceLog: {
          granularities: ["1 day"],
          problemType: "PROBLEM_TYPE_CLASSIFICATION",
          timestampCol: "timestamp",
          modelIdCol: "model_version",
          predictionCol: "prediction",
          labelCol: "label",
        },
        schedule: everyMorning,
        // A dashboard would be an object that no row explains.
        skipBuiltinDashboard: true,
      },
      // A table has one monitor.
      { parent: this, dependsOn: [table], deleteBeforeReplace: true },
    );
    this.registerOutputs();
  }
}
