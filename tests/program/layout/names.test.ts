import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { EnvironmentFacts } from "../../../metadata-schema/desired-state.ts";
import {
  accessStack,
  aclStack,
  clusterPolicyName,
  databricksJobName,
  endpointTarget,
  firewallStack,
  isPrivateEndpointName,
  isSecretName,
  jobStack,
  managedResourceGroupId,
  networkStack,
  ownVaultId,
  ownVaultName,
  platformStack,
  privateDnsZoneId,
  privateEndpointId,
  roleAssignmentId,
  roleAssignmentName,
  roleDefinitionId,
  secretId,
  secretUri,
  securityGroupName,
  stackLayer,
  subnetId,
  subnetName,
  subnetRoles,
  vaultNameOfId,
  vaultUri,
  virtualNetworkName,
  workloadIdentityName,
  workspaceId,
  workspaceName,
  zoneLinkName,
} from "../../../program/layout/names.ts";
import { environment, teamId } from "../support/specs.ts";

const environments: fc.Arbitrary<EnvironmentFacts> = fc.record({
  name: fc.stringMatching(/^[a-z0-9]{2,12}$/),
  location: fc.constantFrom("eastus", "westeurope"),
  subscriptionId: fc.uuid(),
  tenantId: fc.uuid(),
  resourceGroup: fc.stringMatching(/^[A-Za-z0-9_-]{1,90}$/),
});
const jobIds = fc.integer({ min: 1 });
const group = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-ml-eastus";

describe("stack names", () => {
  it("say layer, environment and key", () => {
    assert.equal(platformStack("eastus"), "platform-eastus");
    assert.equal(networkStack("eastus", "databricks"), "network-eastus-databricks");
    assert.equal(firewallStack("eastus", "databricks"), "firewall-eastus-databricks");
    assert.equal(jobStack("eastus", 201), "job-eastus-201");
    assert.equal(accessStack("eastus", teamId.toUpperCase()), `access-eastus-${teamId}`);
    assert.equal(aclStack("eastus", "job", 201), "acl-eastus-job-201");
    assert.equal(aclStack("eastus", "cluster-policy", 201), "acl-eastus-cluster-policy-201");
  });

  it("are unique across environments, kinds and jobs", () => {
    fc.assert(
      fc.property(environments, environments, jobIds, jobIds, (a, b, jobA, jobB) => {
        fc.pre(a.name !== b.name || jobA !== jobB);
        const of = (env: string, job: number) => [
          jobStack(env, job),
          aclStack(env, "job", job),
          aclStack(env, "cluster-policy", job),
        ];
        const names = [...of(a.name, jobA), ...of(b.name, jobB)];
        assert.equal(new Set(names).size, names.length);
      }),
    );
  });

  it("are in the layer that their kind may read from", () => {
    const layers = (["platform", "network", "firewall", "job", "access", "acl"] as const).map(stackLayer);
    assert.deepEqual(layers, [1, 2, 2, 3, 4, 4]);
  });
});

describe("ARM names", () => {
  const within = (name: string, pattern: RegExp) => assert.match(name, pattern);

  it("stay within Azure's limits, whatever the environment is called", () => {
    fc.assert(
      fc.property(environments, jobIds, (env, jobId) => {
        within(ownVaultName(env), /^(?=.{3,24}$)[a-z](?:-?[a-z0-9])*$/);
        within(virtualNetworkName(env), /^[a-z0-9][\w.-]{0,62}\w$/);
        for (const role of subnetRoles) within(subnetName(role), /^[a-z0-9][\w.-]{0,78}\w$/);
        within(securityGroupName(env, "private-endpoints"), /^[a-z0-9][\w.-]{0,78}\w$/);
        within(workspaceName(env), /^[\w-]{3,64}$/);
        within(zoneLinkName(env), /^[a-z0-9][\w.-]{0,78}\w$/);
        within(managedResourceGroupId(env).split("/").at(-1) ?? "", /^[\w().-]{0,89}[\w()-]$/);
        within(workloadIdentityName(jobId), /^[a-z0-9][\w-]{2,127}$/);
        within(clusterPolicyName(jobId), /^[\w-]{1,100}$/);
      }),
    );
  });

  it("of vault and managed group differ between resource groups and subscriptions", () => {
    fc.assert(
      fc.property(environments, environments, (a, b) => {
        const sameGroup = (env: EnvironmentFacts) =>
          `${env.subscriptionId}/${env.resourceGroup}`.toLowerCase();
        fc.pre(sameGroup(a) !== sameGroup(b));
        assert.notEqual(ownVaultName({ ...a, name: "eastus" }), ownVaultName({ ...b, name: "eastus" }));
      }),
    );
  });

  it("of the vault don't depend on the case in which a group was written", () => {
    const shouting = { ...environment, resourceGroup: environment.resourceGroup.toUpperCase() };
    assert.equal(ownVaultName(shouting), ownVaultName(environment));
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
    const vaultId = ownVaultId(environment);
    assert.deepEqual(endpointTarget(environment, "keyvault", vaultId), {
      targetId: vaultId,
      groupId: "vault",
    });
    assert.deepEqual(endpointTarget(environment, "databricks", vaultId), {
      targetId: workspaceId(environment),
      groupId: "databricks_ui_api",
    });
  });

  it("give back the name of a vault, and nothing of anything else", () => {
    fc.assert(
      fc.property(environments, (env) => {
        assert.equal(vaultNameOfId(ownVaultId(env)), ownVaultName(env));
        assert.equal(vaultNameOfId(ownVaultId(env).toLowerCase()), ownVaultName(env));
      }),
    );
    for (const id of ["ml-vault", workspaceId(environment), `${ownVaultId(environment)}/secrets/x`]) {
      assert.throws(() => vaultNameOfId(id), /is not the ARM id of a key vault/);
    }
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
