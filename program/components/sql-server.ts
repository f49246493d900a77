import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import { ExtendedServerBlobAuditingPolicy } from "@pulumi/azure-native/sql/extendedServerBlobAuditingPolicy.js";
import { Server } from "@pulumi/azure-native/sql/server.js";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { armPlace, sqlAdministratorName, sqlServerId } from "../layout/names.ts";
import { environmentTags } from "./tags.ts";

/**
 * The environment's own SQL server: Entra ID alone signs people in, and every statement is audited.
 *
 * A server has to have an administrator from its first moment. Ours is an identity that nothing runs as. Any
 * other choice would hand out what no row asked for: the environment's group is a team, and could then rewrite
 * the tables that decide its own access; the factory's identity runs the pipelines of all jobs. Whoever sets up
 * users in a database acts as this identity, or makes somebody else administrator: that is not set back.
 */
export class SqlServer extends ComponentResource {
  constructor(name: string, environment: EnvironmentFacts, opts: ComponentResourceOptions) {
    super("rowgate:components:SqlServer", name, {}, opts);
    const common = {
      resourceGroupName: environment.resourceGroup,
      location: environment.location,
      tags: environmentTags(environment),
    };
    const administrator = new UserAssignedIdentity(
      "sql-administrator",
      { ...common, resourceName: sqlAdministratorName(environment) },
      { parent: this },
    );
    const serverName = armPlace(sqlServerId(environment)).name;
    const server = new Server(
      "sql-server",
      {
        ...common,
        serverName,
        version: "12.0",
        // It asks Entra ID for the users that a database names.
        identity: { type: "SystemAssigned" },
        // CKV2_AZURE_27
        administrators: {
          administratorType: "ActiveDirectory",
          principalType: "Application",
          login: sqlAdministratorName(environment),
          sid: administrator.principalId,
          tenantId: environment.tenantId,
          azureADOnlyAuthentication: true,
        },
        minimalTlsVersion: "1.2",
        publicNetworkAccess: "Disabled",
        // Nothing leaves it for a storage account or server that nobody named.
        restrictOutboundNetworkAccess: "Enabled",
      },
      // Azure takes them only when the server is made, and ignores or refuses them later.
      { parent: this, ignoreChanges: ["administrators"] },
    );
    new ExtendedServerBlobAuditingPolicy(
      "sql-auditing",
      {
        resourceGroupName: environment.resourceGroup,
        serverName,
        blobAuditingPolicyName: "default",
        state: "Enabled",
        // The events go where the diagnostic setting of the master database sends them.
        isAzureMonitorTargetEnabled: true,
      },
      { parent: this, dependsOn: [server] },
    );
    this.registerOutputs();
  }
}
