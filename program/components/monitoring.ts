import { DataCollectionEndpoint } from "@pulumi/azure-native/monitor/dataCollectionEndpoint.js";
import { DataCollectionRule } from "@pulumi/azure-native/monitor/dataCollectionRule.js";
import { Table } from "@pulumi/azure-native/operationalinsights/table.js";
import { Workspace } from "@pulumi/azure-native/operationalinsights/workspace.js";
import { ComponentResource, type ComponentResourceOptions, type Output, type Resource } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import {
  armPlace,
  collectionEndpointName,
  collectionRuleName,
  logAnalyticsId,
  metricsTable,
} from "../layout/names.ts";
import type { AzurePlace } from "./azure-places.ts";
import { environmentTags } from "./tags.ts";

/** Days that logs can be asked for; 90 is what Microsoft's security baseline keeps, and included in the price with Sentinel. */
const retentionDays = 90;

/** What a job reports about its model. Log Analytics asks for TimeGenerated. */
const columns = [
  { name: "TimeGenerated", type: "datetime" },
  { name: "JobId", type: "string" },
  { name: "Model", type: "string" },
  { name: "Metric", type: "string" },
  { name: "MetricValue", type: "real" },
  { name: "RunId", type: "string" },
] as const;

/** What jobs post, and its name on the way through the rule. */
const stream = `Custom-${metricsTable}`;
const destination = "metrics";

/** Where logs and the metrics of jobs go, and the address that jobs post their metrics to. */
export class Monitoring extends ComponentResource {
  readonly metricsEndpoint: Output<string>;
  readonly metricsRuleId: Output<string>;
  readonly #environment: EnvironmentFacts;

  constructor(
    name: string,
    args: { readonly environment: EnvironmentFacts; readonly places: (armId: string) => AzurePlace },
    opts: ComponentResourceOptions,
  ) {
    super("rowgate:components:Monitoring", name, {}, opts);
    const { environment, places } = args;
    this.#environment = environment;
    const workspace = environment.existing.log_analytics === undefined ? [this.#workspace()] : [];
    const { resourceGroup, name: workspaceName } = armPlace(logAnalyticsId(environment));
    const table = new Table(
      "metrics-table",
      {
        resourceGroupName: resourceGroup,
        workspaceName,
        tableName: metricsTable,
        plan: "Analytics",
        schema: {
          name: metricsTable,
          // Two APIs of one service: tables write it dateTime, rules datetime.
          columns: columns.map(({ name, type }) => ({
            name,
            type: type === "datetime" ? "dateTime" : type,
          })),
        },
      },
      { parent: this, provider: places(logAnalyticsId(environment)).provider, dependsOn: workspace },
    );
    const endpoint = new DataCollectionEndpoint(
      "metrics-endpoint",
      {
        ...this.#place(),
        dataCollectionEndpointName: collectionEndpointName(environment),
        // Reached by the NAT gateway until the environment has a private link scope of Azure Monitor; a caller still
        // has to hold the publisher's role on the rule.
        networkAcls: { publicNetworkAccess: "Enabled" },
      },
      { parent: this },
    );
    this.metricsEndpoint = endpoint.logsIngestion.apply((ingestion) => ingestion?.endpoint ?? "");
    this.metricsRuleId = this.#rule(endpoint, table).immutableId;
    this.registerOutputs();
  }

  #place() {
    return {
      resourceGroupName: this.#environment.resourceGroup,
      location: this.#environment.location,
      tags: environmentTags(this.#environment),
    };
  }

  #workspace(): Workspace {
    return new Workspace(
      "log-analytics",
      {
        ...this.#place(),
        workspaceName: armPlace(logAnalyticsId(this.#environment)).name,
        sku: { name: "PerGB2018" },
        retentionInDays: retentionDays,
        // Entra ID only; and who may read a resource may read its logs, no more.
        features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true },
      },
      { parent: this },
    );
  }

  #rule(endpoint: DataCollectionEndpoint, table: Resource): DataCollectionRule {
    return new DataCollectionRule(
      "metrics-rule",
      {
        ...this.#place(),
        dataCollectionRuleName: collectionRuleName(this.#environment),
        dataCollectionEndpointId: endpoint.id,
        streamDeclarations: { [stream]: { columns: columns.map((column) => ({ ...column })) } },
        destinations: {
          logAnalytics: [{ name: destination, workspaceResourceId: logAnalyticsId(this.#environment) }],
        },
        dataFlows: [
          { streams: [stream], destinations: [destination], transformKql: "source", outputStream: stream },
        ],
      },
      { parent: this, dependsOn: [table] },
    );
  }
}
