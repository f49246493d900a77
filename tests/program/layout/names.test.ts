import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type EnvironmentFacts, networkServices } from "../../../metadata-schema/desired-state.ts";
import {
  accessConnectorId,
  accessStack,
  aclStack,
  actionGroupId,
  alertName,
  armPlace,
  clusterPolicyName,
  collectionEndpointName,
  collectionRuleName,
  containerName,
  customRoleId,
  databricksJobName,
  endpointTarget,
  externalLocationName,
  factoryId,
  factoryIdentityName,
  firewallStack,
  isPrivateEndpointName,
  isSecretName,
  jobDatasetName,
  jobLinkedServiceName,
  jobStack,
  lakeId,
  linkedServices,
  logAnalyticsId,
  managedResourceGroupId,
  metadataDatabaseId,
  metadataDatasetName,
  natAddressName,
  natGatewayId,
  networkStack,
  pipelineName,
  platformStack,
  privateDnsZoneId,
  privateEndpointId,
  resourceGroupId,
  roleAssignmentId,
  roleAssignmentName,
  roleDefinitionId,
  runtimesStack,
  secretId,
  secretUri,
  securityGroupName,
  servingEndpointName,
  sqlAdministratorName,
  sqlFirewallRuleName,
  sqlHost,
  sqlServerId,
  stackLayer,
  storageCredentialName,
  subnetId,
  subnetName,
  subnetRoles,
  tamperAlertName,
  triggerName,
  vaultId,
  vaultNameOfId,
  vaultUri,
  virtualNetworkName,
  warehouseAclStack,
  warehouseName,
  workloadIdentityName,
  workspaceId,
  workspaceName,
  workspaceStorageId,
  zoneLinkName,
} from "../../../program/layout/names.ts";
import { environment, takenOver, teamId } from "../support/specs.ts";

const environments: fc.Arbitrary<EnvironmentFacts> = fc.record({
  name: fc.stringMatching(/^[a-z0-9]{2,12}$/),
  location: fc.constantFrom("eastus", "westeurope"),
  subscriptionId: fc.uuid(),
  tenantId: fc.uuid(),
  resourceGroup: fc.stringMatching(/^[A-Za-z0-9_-]{1,90}$/),
  existing: fc.constant({}),
});
/** A job's number is a whole 64-bit number to the database, and a safe one to us. */
const jobIds = fc.maxSafeInteger();
const group = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-ml-eastus";

describe("stack names", () => {
  it("say layer, environment and key", () => {
    assert.equal(platformStack("eastus"), "platform-eastus");
    assert.equal(networkStack("eastus", "databricks"), "network-eastus-databricks");
    assert.equal(firewallStack("eastus", "databricks"), "firewall-eastus-databricks");
    assert.equal(jobStack("eastus", 201), "job-eastus-201");
    assert.equal(accessStack("eastus", teamId.toUpperCase()), `access-eastus-${teamId}`);
    assert.equal(aclStack("eastus", 201), "acl-eastus-job-201");
    assert.equal(warehouseAclStack("eastus"), "acl-eastus-warehouse");
    assert.equal(runtimesStack("eastus"), "runtimes-eastus");
  });

  it("are unique across environments, kinds and jobs", () => {
    fc.assert(
      fc.property(environments, environments, jobIds, jobIds, (a, b, jobA, jobB) => {
        fc.pre(a.name !== b.name || jobA !== jobB);
        const of = (env: string, job: number) => [jobStack(env, job), aclStack(env, job)];
        const ofEnvironment = (env: string) => [
          platformStack(env),
          runtimesStack(env),
          warehouseAclStack(env),
          ...networkServices.flatMap((service) => [networkStack(env, service), firewallStack(env, service)]),
        ];
        const names = [
          ...new Set([a.name, b.name].flatMap(ofEnvironment)),
          ...of(a.name, jobA),
          ...of(b.name, jobB),
        ];
        assert.equal(new Set(names).size, names.length);
      }),
    );
  });

  it("are in the layer that their kind may read from", () => {
    const kinds = ["platform", "runtimes", "network", "firewall", "job", "access", "acl"] as const;
    assert.deepEqual(kinds.map(stackLayer), [1, 2, 2, 2, 3, 4, 4]);
  });
});

describe("ARM names", () => {
  const within = (name: string, pattern: RegExp) => assert.match(name, pattern);
  const last = (id: string) => armPlace(id).name;
  /** Microsoft's "Naming rules and restrictions for Azure resources", by kind of resource. */
  const limits = {
    network: /^[A-Za-z0-9][\w.-]{0,78}\w$/,
    virtualNetwork: /^[A-Za-z0-9][\w.-]{0,62}\w$/,
    vault: /^(?=.{3,24}$)[a-z](?:-?[a-z0-9])*$/,
    storageAccount: /^[a-z0-9]{3,24}$/,
    container: /^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/,
    sqlServer: /^(?=.{1,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/,
    factory: /^(?=.{3,63}$)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/,
    // pipelines and triggers; then datasets and linked services, which take no hyphen
    inFactory: /^[A-Za-z0-9_][^<>*#.%&:\\+?/]{0,259}$/,
    withoutHyphen: /^[A-Za-z0-9_]{1,140}$/,
    workspace: /^[\w-]{3,64}$/,
    logAnalytics: /^[A-Za-z0-9](?:[A-Za-z0-9-]{2,61})[A-Za-z0-9]$/,
    collection: /^[A-Za-z0-9][A-Za-z0-9-]{1,42}[A-Za-z0-9]$/,
    alert: /^[^#<>%&:\\?/{}*|]{1,259}[^#<>%&:\\?/{}*|. ]$/,
    identity: /^[A-Za-z0-9][\w-]{2,127}$/,
    unity: /^[\w]{1,255}$/,
    databricks: /^[\w-]{1,63}$/,
  } as const;

  it("stay within Azure's limits, whatever the environment is called", () => {
    fc.assert(
      fc.property(environments, (env) => {
        within(last(vaultId(env)), limits.vault);
        within(last(lakeId(env)), limits.storageAccount);
        within(last(workspaceStorageId(env)), limits.storageAccount);
        within(last(sqlServerId(env)), limits.sqlServer);
        within(last(factoryId(env)), limits.factory);
        within(last(logAnalyticsId(env)), limits.logAnalytics);
        within(last(actionGroupId(env)), limits.alert);
        within(last(accessConnectorId(env)), limits.workspace);
        within(workspaceName(env), limits.workspace);
        within(last(managedResourceGroupId(env)), /^[\w().-]{0,89}[\w()-]$/);
        within(virtualNetworkName(env), limits.virtualNetwork);
        for (const role of subnetRoles) within(subnetName(role), limits.network);
        for (const role of ["private-endpoints", "databricks"] as const)
          within(securityGroupName(env, role), limits.network);
        within(last(natGatewayId(env)), limits.network);
        within(natAddressName(env), limits.network);
        within(zoneLinkName(env), limits.network);
        within(collectionEndpointName(env), limits.collection);
        within(collectionRuleName(env), limits.collection);
        within(tamperAlertName(env, "private-endpoint"), limits.alert);
        within(factoryIdentityName(env), limits.identity);
        within(sqlAdministratorName(env), limits.identity);
        within(storageCredentialName(env), limits.unity);
        within(warehouseName(env), limits.databricks);
      }),
      { examples: [[{ ...environment, name: "abcdefghijkl", resourceGroup: "r".repeat(90) }]] },
    );
    for (const name of [...Object.values(linkedServices), metadataDatasetName])
      within(name, limits.withoutHyphen);
  });

  it("stay within Azure's limits, whatever the number of the job", () => {
    fc.assert(
      fc.property(environments, jobIds, (env, jobId) => {
        within(workloadIdentityName(jobId), limits.identity);
        within(clusterPolicyName(jobId), /^[\w-]{1,100}$/);
        within(servingEndpointName(jobId), limits.databricks);
        within(containerName(jobId), limits.container);
        within(externalLocationName(env, jobId), limits.unity);
        within(pipelineName(jobId), limits.inFactory);
        within(triggerName(jobId), limits.inFactory);
        for (const kind of ["sql-server", "azure-sql", "adls", "blob", "rest"] as const) {
          within(jobLinkedServiceName(jobId, kind), limits.withoutHyphen);
          for (const what of ["source", "sink"] as const)
            within(jobDatasetName(jobId, what, kind), limits.withoutHyphen);
        }
        const metric = "m".repeat(64);
        for (const what of ["value", "missing"] as const)
          within(alertName(jobId, { metric, operator: "GreaterThanOrEqual" }, what), limits.alert);
      }),
      { examples: [[environment, Number.MIN_SAFE_INTEGER]] },
    );
  });

  it("of what is unique in all of Azure differ between resource groups and subscriptions", () => {
    fc.assert(
      fc.property(environments, environments, (a, b) => {
        const sameGroup = (env: EnvironmentFacts) =>
          `${env.subscriptionId}/${env.resourceGroup}`.toLowerCase();
        fc.pre(sameGroup(a) !== sameGroup(b));
        for (const id of [vaultId, lakeId, sqlServerId, factoryId, workspaceStorageId])
          assert.notEqual(last(id({ ...a, name: "eastus" })), last(id({ ...b, name: "eastus" })));
      }),
    );
  });

  it("of what is unique in all of Azure don't depend on the case in which a group was written", () => {
    const shouting = { ...environment, resourceGroup: environment.resourceGroup.toUpperCase() };
    for (const id of [vaultId, lakeId, sqlServerId, factoryId])
      assert.equal(last(id(shouting)), last(id(environment)));
  });

  it("of two jobs never meet in one environment", () => {
    fc.assert(
      fc.property(jobIds, jobIds, (a, b) => {
        fc.pre(a !== b);
        for (const name of [
          workloadIdentityName,
          servingEndpointName,
          containerName,
          pipelineName,
          triggerName,
          (id: number) => externalLocationName(environment, id),
          (id: number) => jobDatasetName(id, "sink", "rest"),
        ])
          assert.notEqual(name(a), name(b));
      }),
      { examples: [[7, -7]] },
    );
  });

  it("of a Databricks job fit its limit and stay whole characters", () => {
    // Short texts, repeated: long random ones take fast-check seconds.
    const texts = fc
      .tuple(fc.string({ unit: "binary", maxLength: 12 }), fc.nat({ max: 600 }))
      .map(([text, times]) => text.repeat(times));
    fc.assert(
      fc.property(jobIds, texts, (jobId, name) => {
        const text = databricksJobName(jobId, name);
        assert.ok(Buffer.byteLength(text) <= 4096);
        assert.ok(text.startsWith(`job-${jobId}`));
        assert.ok(text.isWellFormed());
      }),
      { examples: [[201, "🚀".repeat(2000)]] },
    );
    assert.equal(databricksJobName(201, ""), "job-201");
  });
});

describe("ARM ids", () => {
  it("have the form that Azure gives them", () => {
    assert.equal(workspaceId(environment), `${group}/providers/Microsoft.Databricks/workspaces/dbw-eastus`);
    assert.equal(
      subnetId(environment, "private-endpoints"),
      `${group}/providers/Microsoft.Network/virtualNetworks/vnet-eastus/subnets/snet-private-endpoints`,
    );
    assert.equal(
      privateEndpointId(environment, "pe-databricks-eastus"),
      `${group}/providers/Microsoft.Network/privateEndpoints/pe-databricks-eastus`,
    );
    assert.equal(
      privateDnsZoneId(environment, "keyvault"),
      `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net`,
    );
    assert.equal(secretId("/vault", "databricks-token"), "/vault/secrets/databricks-token");
    assert.equal(
      roleDefinitionId("s", "r"),
      "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r",
    );
  });

  it("of an endpoint's target depend on the service", () => {
    const targets = Object.fromEntries(
      networkServices.map((service) => {
        const { targetId, groupId } = endpointTarget(environment, service);
        return [service, `${targetId.split("/providers/")[1]?.split("/", 2).join("/")} ${groupId}`];
      }),
    );
    assert.deepEqual(targets, {
      databricks: "Microsoft.Databricks/workspaces databricks_ui_api",
      keyvault: "Microsoft.KeyVault/vaults vault",
      dfs: "Microsoft.Storage/storageAccounts dfs",
      blob: "Microsoft.Storage/storageAccounts blob",
      sql: "Microsoft.Sql/servers sqlServer",
      factory: "Microsoft.DataFactory/factories dataFactory",
      portal: "Microsoft.DataFactory/factories portal",
    });
  });

  it("of what an environment takes over are those that it names", () => {
    const { existing } = takenOver;
    assert.equal(vaultId(takenOver), existing.key_vault);
    assert.equal(factoryId(takenOver), existing.factory);
    assert.equal(metadataDatabaseId(takenOver), existing.metadata_database);
    assert.equal(subnetId(takenOver, "databricks-host"), existing.databricks_host_subnet);
    assert.equal(endpointTarget(takenOver, "sql").targetId, existing.sql_server);
    assert.equal(
      privateDnsZoneId(takenOver, "dfs"),
      `${existing.private_dns_zones}/providers/Microsoft.Network/privateDnsZones/privatelink.dfs.core.windows.net`,
    );
  });

  it("give back subscription, group and name, and nothing of what is no ARM id", () => {
    fc.assert(
      fc.property(environments, (env) => {
        const { subscriptionId, resourceGroup } = env;
        assert.deepEqual(armPlace(workspaceId(env)), {
          subscriptionId,
          resourceGroup,
          name: workspaceName(env),
        });
        assert.equal(armPlace(resourceGroupId(env)).resourceGroup, resourceGroup);
      }),
    );
    for (const id of ["", "ml-vault", "/subscriptions/s", "/subscriptions/s/resourceGroups/"])
      assert.throws(() => armPlace(id), /is not an ARM id/);
  });

  it("give back the name of a vault, and nothing of anything else", () => {
    fc.assert(
      fc.property(environments, (env) => {
        assert.equal(vaultNameOfId(vaultId(env)), armPlace(vaultId(env)).name);
        assert.equal(vaultNameOfId(vaultId(env).toLowerCase()), armPlace(vaultId(env)).name);
      }),
    );
    for (const id of ["ml-vault", workspaceId(environment), `${vaultId(environment)}/secrets/x`]) {
      assert.throws(() => vaultNameOfId(id), /is not the ARM id of a key vault/);
    }
  });

  it("give back the host of an SQL server, also from a database", () => {
    assert.equal(sqlHost(takenOver.existing.sql_server ?? ""), "sql-shared.database.windows.net");
    assert.equal(sqlHost(takenOver.existing.metadata_database ?? ""), "sql-shared.database.windows.net");
    assert.throws(() => sqlHost(workspaceId(environment)), /is not the ARM id of an SQL server/);
  });

  it("of secrets outside ARM are unversioned addresses", () => {
    const address = "https://ml-vault.vault.azure.net/secrets/databricks-token";
    assert.equal(secretUri(vaultUri("ML-vault"), "databricks-token"), address);
    assert.equal(secretUri("https://ml-vault.vault.azure.net/", "databricks-token"), address);
  });
});

describe("names from rows", () => {
  it("that would lead an id elsewhere are not names", () => {
    for (const name of ["", "a/b", "../x", "a b", "a\n", "a".repeat(128)])
      assert.equal(isSecretName(name), false);
    for (const name of ["", "a", "a/b", "-ab", "ab-", "a\n", "a".repeat(65)])
      assert.equal(isPrivateEndpointName(name), false);
    assert.ok(isSecretName("databricks-token"));
    assert.ok(isPrivateEndpointName("pe-databricks-eastus"));
  });
});

describe("names of firewall rules", () => {
  it("are those of their ranges, without what Azure refuses in them", () => {
    assert.equal(sqlFirewallRuleName("198.51.100.0/24"), "rowgate-198.51.100.0-24");
    assert.match(sqlFirewallRuleName("255.255.255.255/32"), /^[^<>*%&:\\/?]{1,127}[^<>*%&:\\/?.]$/);
  });
});

describe("ids of roles of our own", () => {
  it("are one for each role and scope, whatever its case", () => {
    const scope = factoryId(environment);
    assert.equal(
      customRoleId("pipelineOperator", scope),
      customRoleId("pipelineOperator", scope.toUpperCase()),
    );
    assert.notEqual(customRoleId("pipelineOperator", scope), customRoleId("pipelineOperator", `${scope}2`));
  });
});

describe("role assignment names", () => {
  it("are this GUID for ever: another one would replace every assignment", () => {
    assert.equal(roleAssignmentName("/A", "b", "c"), "2c006d80-9c7d-5268-8b8d-ac6e4399cfa8");
    assert.equal(
      roleAssignmentId("/A", "b", "c"),
      "/A/providers/Microsoft.Authorization/roleAssignments/2c006d80-9c7d-5268-8b8d-ac6e4399cfa8",
    );
  });

  it("are the same for the same triple in any case, and differ for another", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), fc.uuid(), fc.uuid(), (scope, principal, role, other) => {
        fc.pre(other !== role);
        const name = roleAssignmentName(`/Scope/${scope}`, principal, role);
        assert.equal(
          name,
          roleAssignmentName(`/scope/${scope.toUpperCase()}`, principal.toUpperCase(), role),
        );
        assert.notEqual(name, roleAssignmentName(`/Scope/${scope}`, principal, other));
        assert.match(name, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }),
    );
  });
});
