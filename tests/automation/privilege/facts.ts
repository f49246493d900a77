/** Environments that bootstrap is planned for in tests. */
import type { BootstrapFacts, ServicePrincipalFacts } from "../../../automation/privilege/bootstrap-facts.ts";

export const subscriptionId = "22222222-2222-4222-8222-222222222222";
export const hubSubscription = "/subscriptions/33333333-3333-4333-8333-333333333333";
const shared = `/subscriptions/${subscriptionId}/resourceGroups/rg-shared/providers`;

export const servicePrincipal: ServicePrincipalFacts = {
  objectId: "44444444-4444-4444-8444-444444444444",
  applicationId: "55555555-5555-4555-8555-555555555555",
  displayName: "rowgate",
};

/** Everything is made, and nothing optional is asked for. */
export const plainFacts: BootstrapFacts = {
  environment: {
    name: "eastus",
    location: "eastus",
    subscriptionId,
    tenantId: "11111111-1111-4111-8111-111111111111",
    resourceGroup: "rg-ml-eastus",
    existing: {},
  },
  ownGroup: false,
  ownGroupMembers: false,
  toldOfAlerts: false,
  catalog: "ml",
  schema: "models",
};

/** The usual case in an enterprise: others have network, zones, vault, lake, workspace, factory and logs. */
export const takenOver: BootstrapFacts = {
  ...plainFacts,
  ownGroup: true,
  ownGroupMembers: true,
  toldOfAlerts: true,
  environment: {
    ...plainFacts.environment,
    existing: {
      virtual_network: `${hubSubscription}/resourceGroups/rg-hub/providers/Microsoft.Network/virtualNetworks/hub`,
      private_endpoint_subnet: `${hubSubscription}/resourceGroups/rg-hub/providers/Microsoft.Network/virtualNetworks/hub/subnets/endpoints`,
      private_dns_zones: `${hubSubscription}/resourceGroups/rg-dns`,
      key_vault: `${shared}/Microsoft.KeyVault/vaults/ml-vault`,
      lake: `${shared}/Microsoft.Storage/storageAccounts/mllake`,
      sql_server: `${shared}/Microsoft.Sql/servers/ml-sql`,
      metadata_database: `${shared}/Microsoft.Sql/servers/ml-sql/databases/rowgate`,
      workspace: `${shared}/Microsoft.Databricks/workspaces/ml`,
      access_connector: `${shared}/Microsoft.Databricks/accessConnectors/ml`,
      factory: `${shared}/Microsoft.DataFactory/factories/ml-factory`,
      log_analytics: `${shared}/Microsoft.OperationalInsights/workspaces/logs`,
      // In the environment's own group, whatever its case: Contributor covers it.
      action_group: `/subscriptions/${subscriptionId}/resourceGroups/RG-ML-eastus/providers/Microsoft.Insights/actionGroups/oncall`,
    },
  },
};
