/** Built-in roles on what stores, moves and watches data, as Microsoft publishes them. */
import { type BuiltInRole, health, role, usual, within } from "./role-permission.ts";

const containers = "Microsoft.Storage/storageAccounts/blobServices/containers";
const delegationKey = "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action";
const sqlSecurity = (scope: string): string[] =>
  within(scope, "securityAlertPolicies/*", "vulnerabilityAssessments/*");
const sqlDatabases = "Microsoft.Sql/servers/databases";
const sqlAuditing = [
  ...within(
    "Microsoft.Sql/servers",
    "auditingSettings/*",
    "extendedAuditingSettings/*",
    "devOpsAuditingSettings/*",
  ),
  ...within(sqlDatabases, "auditingSettings/*", "extendedAuditingSettings/*"),
];
const sqlLabels = within(
  sqlDatabases,
  "currentSensitivityLabels/*",
  "recommendedSensitivityLabels/*",
  "schemas/tables/columns/sensitivityLabels/*",
  "sensitivityLabels/*",
  "dataMaskingPolicies/*",
  "securityMetrics/*",
);

export const dataRoles: readonly (readonly [string, BuiltInRole])[] = [
  [
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    role("Storage Blob Data Reader", {
      actions: [`${containers}/read`, delegationKey],
      dataActions: [`${containers}/blobs/read`],
    }),
  ],
  [
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    role("Storage Blob Data Contributor", {
      actions: [...within(containers, "delete", "read", "write"), delegationKey],
      dataActions: within(`${containers}/blobs`, "delete", "read", "write", "move/action", "add/action"),
    }),
  ],
  [
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    role("Storage Blob Data Owner", {
      actions: [`${containers}/*`, delegationKey],
      dataActions: [`${containers}/blobs/*`],
    }),
  ],
  [
    "17d1049b-9a84-46fb-8f53-869881c3d3ab",
    role("Storage Account Contributor", {
      actions: [
        "Microsoft.Storage/storageAccounts/*",
        "Microsoft.Insights/diagnosticSettings/*",
        "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
        health,
        ...usual,
      ],
    }),
  ],
  [
    "81a9662b-bebf-436f-a333-f67b29880f12",
    role("Storage Account Key Operator Service Role", {
      actions: within("Microsoft.Storage/storageAccounts", "listkeys/action", "regeneratekey/action"),
    }),
  ],
  [
    "c12c1c16-33a1-487b-954d-41c89c60f349",
    role("Reader and Data Access", {
      actions: within(
        "Microsoft.Storage/storageAccounts",
        "listKeys/action",
        "ListAccountSas/action",
        "read",
      ),
    }),
  ],
  [
    "673868aa-7521-48a0-acc6-0f60742d39f5",
    role("Data Factory Contributor", {
      actions: [
        "Microsoft.DataFactory/dataFactories/*",
        "Microsoft.DataFactory/factories/*",
        "Microsoft.EventGrid/eventSubscriptions/write",
        health,
        ...usual,
      ],
    }),
  ],
  [
    "6d8ee4ec-f05a-4a1d-8b00-a9b17e38b437",
    role("SQL Server Contributor", {
      actions: [
        "Microsoft.Sql/locations/*/read",
        "Microsoft.Sql/servers/*",
        ...within("Microsoft.Insights", "metrics/read", "metricDefinitions/read"),
        health,
        ...usual,
      ],
      notActions: [
        ...within("Microsoft.Sql/servers/azureADOnlyAuthentications", "write", "delete"),
        ...within("Microsoft.Sql/servers/externalPolicyBasedAuthorizations", "write", "delete"),
        ...within(sqlDatabases, "ledgerDigestUploads/write", "ledgerDigestUploads/disable/action"),
        ...sqlAuditing,
        ...sqlLabels,
        ...sqlSecurity("Microsoft.Sql/servers"),
        ...sqlSecurity(sqlDatabases),
      ],
    }),
  ],
  [
    "056cd41c-7e88-42e1-933e-88ba6a50c9c3",
    role("SQL Security Manager", {
      actions: [
        ...within("Microsoft.Sql/servers", "read", "databases/read", "firewallRules/*"),
        ...within(
          "Microsoft.Sql/servers",
          "azureADOnlyAuthentications/*",
          "databases/transparentDataEncryption/*",
          "databases/schemas/read",
        ),
        "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
        ...sqlAuditing,
        ...sqlLabels,
        ...sqlSecurity("Microsoft.Sql/servers"),
        ...sqlSecurity(sqlDatabases),
        health,
        ...usual,
      ],
    }),
  ],
];

export const monitoringRoles: readonly (readonly [string, BuiltInRole])[] = [
  [
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
    role("Monitoring Reader", {
      actions: ["*/read", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*"],
    }),
  ],
  [
    "749f88d5-cbae-40b8-bcfc-e573ddc772fa",
    role("Monitoring Contributor", {
      actions: [
        "*/read",
        ...within("Microsoft.AlertsManagement", "alerts/*", "alertsSummary/*", "smartDetectorAlertRules/*"),
        ...within("Microsoft.AlertsManagement", "actionRules/*", "smartGroups/*"),
        ...within(
          "Microsoft.Insights",
          "actiongroups/*",
          "activityLogAlerts/*",
          "AlertRules/*",
          "components/*",
          "dataCollectionEndpoints/*",
          "dataCollectionRules/*",
          "dataCollectionRuleAssociations/*",
          "DiagnosticSettings/*",
          "eventtypes/*",
          "LogDefinitions/*",
          "metricalerts/*",
          "MetricDefinitions/*",
          "Metrics/*",
          "notificationStatus/*",
          "privateLinkScopes/*",
          "Register/Action",
          "scheduledqueryrules/*",
          "webtests/*",
          "workbooks/*",
        ),
        ...within(
          "Microsoft.OperationalInsights/workspaces",
          "write",
          "intelligencepacks/*",
          "savedSearches/*",
          "search/action",
          "sharedKeys/action",
          "storageinsightconfigs/*",
        ),
        "Microsoft.Support/*",
      ],
    }),
  ],
  [
    "3913510d-42f4-4e42-8a64-420c390055eb",
    role("Monitoring Metrics Publisher", {
      actions: [
        "Microsoft.Insights/Register/Action",
        "Microsoft.Support/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
      ],
      dataActions: within("Microsoft.Insights", "Metrics/Write", "Telemetry/Write"),
    }),
  ],
  [
    "3b03c2da-16b3-4a49-8834-0f8130efdd3b",
    role("Log Analytics Data Reader", {
      actions: within("Microsoft.OperationalInsights/workspaces", "read", "query/read"),
      dataActions: ["Microsoft.OperationalInsights/workspaces/tables/data/read"],
    }),
  ],
  [
    "73c42c96-874c-492b-b04d-ab87d138a893",
    role("Log Analytics Reader", {
      actions: [
        "*/read",
        ...within("Microsoft.OperationalInsights/workspaces", "analytics/query/action", "search/action"),
        "Microsoft.Support/*",
      ],
      notActions: ["Microsoft.OperationalInsights/workspaces/sharedKeys/read"],
    }),
  ],
  [
    "92aaf0da-9dab-42b6-94a3-d43ce8d16293",
    role("Log Analytics Contributor", {
      actions: [
        "*/read",
        "Microsoft.Automation/automationAccounts/*",
        "Microsoft.Compute/virtualMachines/extensions/*",
        "Microsoft.HybridCompute/machines/extensions/write",
        ...within("Microsoft.Insights", "alertRules/*", "diagnosticSettings/*"),
        "Microsoft.OperationalInsights/*",
        "Microsoft.OperationsManagement/*",
        ...within("Microsoft.Resources", "deployments/*", "subscriptions/resourcegroups/deployments/*"),
        "Microsoft.Storage/storageAccounts/listKeys/action",
        "Microsoft.Support/*",
      ],
    }),
  ],
  [
    "f6c7c914-8db3-469d-8ca1-694a8f32e121",
    role("AzureML Data Scientist", {
      actions: within(
        "Microsoft.MachineLearningServices/workspaces",
        "*/read",
        "*/action",
        "*/delete",
        "*/write",
      ),
      notActions: [
        ...within("Microsoft.MachineLearningServices/workspaces", "delete", "write"),
        ...within(
          "Microsoft.MachineLearningServices/workspaces/computes",
          "*/write",
          "*/delete",
          "listKeys/action",
        ),
        ...within(
          "Microsoft.MachineLearningServices/workspaces",
          "listKeys/action",
          "hubs/write",
          "hubs/delete",
        ),
        "Microsoft.MachineLearningServices/workspaces/featurestores/write",
        "Microsoft.MachineLearningServices/workspaces/featurestores/delete",
      ],
    }),
  ],
];
