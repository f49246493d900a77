import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { networkServices } from "../../../metadata-schema/desired-state.ts";
import {
  browserAuthentication,
  endpointTarget,
  privateDnsZoneId,
  roleAssignmentName,
  workspaceId,
} from "../../../program/layout/names.ts";
import { mockRun } from "../support/mock-run.ts";
import {
  accessSpec,
  aclSpec,
  environment,
  firewallSpec,
  keyVaultReader,
  networkSpec,
  sqlFirewallSpec,
  teamId,
} from "../support/specs.ts";

describe("a network stack", () => {
  it("leads each endpoint to its target through the endpoint subnet, with an address in the service's zone", async () => {
    const run = await mockRun(networkSpec);
    const network = `/subscriptions/${environment.subscriptionId}/resourceGroups/rg-ml-eastus/providers/Microsoft.Network`;
    const endpoints = run.resources.filter(({ type }) => type === "azure-native:network:PrivateEndpoint");
    assert.deepEqual(
      endpoints.map(({ inputs }) => inputs.privateLinkServiceConnections),
      networkSpec.endpoints.map(({ name, targetId, groupId }) => [
        { name, privateLinkServiceId: targetId, groupIds: [groupId] },
      ]),
    );
    for (const { inputs, replaceOnChanges } of endpoints) {
      const { id } = inputs.subnet as { id: string };
      assert.equal(id, `${network}/virtualNetworks/vnet-eastus/subnets/snet-private-endpoints`);
      assert.deepEqual(replaceOnChanges, [
        "privateLinkServiceConnections[*].groupIds",
        "privateLinkServiceConnections[*].privateLinkServiceId",
      ]);
    }
    const zones = run.resources.filter(({ type }) => type === "azure-native:network:PrivateDnsZoneGroup");
    const privateDnsZoneId = `${network}/privateDnsZones/privatelink.azuredatabricks.net`;
    for (const { name, inputs } of zones) {
      assert.equal(inputs.privateEndpointName, name);
      assert.deepEqual(inputs.privateDnsZoneConfigs, [{ name: "databricks", privateDnsZoneId }]);
    }
    const facts = (name: string) => ({
      id: `/mock/${name}`,
      service: "databricks",
      group_id: "databricks_ui_api",
      status: "Approved",
      ip_addresses: ["10.20.0.4"],
    });
    assert.deepEqual(run.outputs, {
      private_endpoints: {
        "pe-databricks-eastus": facts("pe-databricks-eastus"),
        "pe-databricks-office": facts("pe-databricks-office"),
      },
    });
  });

  it("gives a workspace its endpoints one after the other", async () => {
    const run = await mockRun(networkSpec);
    const kinds = run.resources.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);
    const firstIsDone = kinds.indexOf("PrivateDnsZoneGroup pe-databricks-eastus");
    assert.ok(firstIsDone < kinds.indexOf("PrivateEndpoint pe-databricks-office"));
  });

  it("leads to each service in the service's own way and zone", async () => {
    for (const service of networkServices) {
      const endpoint = { name: `pe-${service}`, ...endpointTarget(environment, service) };
      const run = await mockRun({ ...networkSpec, service, endpoints: [endpoint] });
      const { inputs } = run.only("azure-native:network:PrivateEndpoint");
      assert.deepEqual(inputs.privateLinkServiceConnections, [
        { name: endpoint.name, privateLinkServiceId: endpoint.targetId, groupIds: [endpoint.groupId] },
      ]);
      const zone = run.only("azure-native:network:PrivateDnsZoneGroup").inputs.privateDnsZoneConfigs;
      assert.deepEqual(zone, [{ name: service, privateDnsZoneId: privateDnsZoneId(environment, service) }]);
    }
  });

  it("gives a workspace its sign-in page's endpoint last, whatever it is called", async () => {
    const signIn = {
      name: "a-first-by-name",
      targetId: workspaceId(environment),
      groupId: browserAuthentication,
    };
    const run = await mockRun({ ...networkSpec, endpoints: [signIn, ...networkSpec.endpoints] });
    assert.equal(run.names("azure-native:network:PrivateEndpoint").at(-1), "a-first-by-name");
    assert.equal(run.names("azure-native:network:PrivateEndpoint").length, 3);
  });

  it("without endpoints is empty", async () => {
    assert.deepEqual((await mockRun({ ...networkSpec, endpoints: [] })).outputs, { private_endpoints: {} });
  });
});

describe("a firewall stack", () => {
  it("allows the service's own address first, each range once, and switches lists on after that", async () => {
    const run = await mockRun(firewallSpec);
    assert.deepEqual(run.only("databricks:index/ipAccessList:IpAccessList").inputs, {
      label: "rowgate-eastus",
      listType: "ALLOW",
      ipAddresses: ["203.0.113.7/32", "198.51.100.0/24"],
      enabled: true,
    });
    const { inputs } = run.only("databricks:index/workspaceConf:WorkspaceConf");
    assert.deepEqual(inputs, { customConfig: { enableIpAccessLists: "true" } });
    assert.deepEqual(
      run.resources.map(({ name }) => name).filter((name) => name.startsWith("ip-access-")),
      ["ip-access-list", "ip-access-switch"],
    );
    assert.deepEqual(run.outputs, {
      ip_access_list_id: "ip-access-list-id",
      firewall_rule_ids: [],
      allowed_ranges: ["203.0.113.7/32", "198.51.100.0/24"],
    });
  });

  it("of an SQL server has one rule a range, from its first to its last address", async () => {
    const run = await mockRun({ ...sqlFirewallSpec, ranges: [...sqlFirewallSpec.ranges, "203.0.113.7/32"] });
    const rules = run.resources.filter(({ type }) => type === "azure-native:sql:FirewallRule");
    const ends = rules.map(({ inputs }) => [
      inputs.firewallRuleName,
      inputs.startIpAddress,
      inputs.endIpAddress,
    ]);
    assert.deepEqual(ends.sort(), [
      ["rowgate-198.51.100.0-24", "198.51.100.0", "198.51.100.255"],
      ["rowgate-203.0.113.7-32", "203.0.113.7", "203.0.113.7"],
    ]);
    for (const { inputs } of rules) assert.match(String(inputs.serverName), /^sql-eastus-[a-z0-9]{8}$/);
    assert.deepEqual(run.outputs, {
      ip_access_list_id: null,
      firewall_rule_ids: ["rowgate-198.51.100.0-24-id", "rowgate-203.0.113.7-32-id"],
      allowed_ranges: sqlFirewallSpec.ranges,
    });
  });

  it("of an SQL server without ranges is empty and asks for no credentials", async () => {
    const run = await mockRun({ ...sqlFirewallSpec, ranges: [] });
    assert.deepEqual(
      run.resources.map(({ type }) => type),
      ["pulumi:pulumi:Stack"],
    );
  });

  it("without ranges still allows the service", async () => {
    const run = await mockRun({ ...firewallSpec, ranges: [] });
    assert.deepEqual(run.outputs.allowed_ranges, ["203.0.113.7/32"]);
  });
});

describe("an access stack", () => {
  it("assigns each role to the group, under the name that only this triple has", async () => {
    const run = await mockRun(accessSpec);
    const { name, inputs, replaceOnChanges } = run.only("azure-native:authorization:RoleAssignment");
    const scope = accessSpec.roleAssignments[0]?.scope ?? "";
    assert.equal(name, roleAssignmentName(scope, teamId, keyVaultReader));
    assert.deepEqual(inputs, {
      scope,
      roleAssignmentName: name,
      principalId: teamId,
      principalType: "Group",
      roleDefinitionId: `/subscriptions/${environment.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${keyVaultReader}`,
    });
    assert.deepEqual(replaceOnChanges, ["roleDefinitionId", "principalType"]);
    assert.deepEqual(run.outputs.role_assignment_ids, [`${name}-id`]);
  });

  it("finds the role in the subscription of what it is held on", async () => {
    const elsewhere = "22222222-2222-2222-2222-222222222222";
    const [assignment] = accessSpec.roleAssignments;
    assert.ok(assignment !== undefined);
    const scope = assignment.scope.replace(environment.subscriptionId, elsewhere);
    const run = await mockRun({ ...accessSpec, roleAssignments: [{ ...assignment, scope }] });
    const { inputs } = run.only("azure-native:authorization:RoleAssignment");
    assert.match(String(inputs.scope), new RegExp(`^/subscriptions/${elsewhere}/`));
    assert.equal(
      inputs.roleDefinitionId,
      `/subscriptions/${elsewhere}/providers/Microsoft.Authorization/roleDefinitions/${keyVaultReader}`,
    );
  });

  it("grants on each securable by the group's display name", async () => {
    const run = await mockRun(accessSpec);
    const grants = run.resources.filter(({ type }) => type === "databricks:index/grant:Grant");
    assert.deepEqual(
      grants.map(({ inputs }) => inputs),
      [
        { catalog: "ml", principal: "ds_team", privileges: ["USE_CATALOG"] },
        { model: "ml.models.churn", principal: "ds_team", privileges: ["EXECUTE"] },
        { schema: "ml.models", principal: "ds_team", privileges: ["USE_SCHEMA"] },
      ],
    );
    assert.deepEqual(run.outputs.unity_grant_ids, [
      "catalog-ml-id",
      "model-ml.models.churn-id",
      "schema-ml.models-id",
    ]);
  });

  it("lets a member sign in to the workspace, and never as an admin", async () => {
    const run = await mockRun(accessSpec);
    const { inputs, deleteBeforeReplace } = run.only(
      "databricks:index/permissionAssignment:PermissionAssignment",
    );
    assert.deepEqual(inputs, { groupName: "ds_team", permissions: ["USER"] });
    assert.ok(deleteBeforeReplace);
    const other = await mockRun({ ...accessSpec, workspaceMember: false });
    assert.deepEqual(other.names("databricks:index/permissionAssignment:PermissionAssignment"), []);
  });

  it("asks for no credentials of a cloud that it grants nothing in", async () => {
    const run = await mockRun({ ...accessSpec, unityGrants: [], workspaceMember: false });
    assert.deepEqual(run.names("pulumi:providers:databricks"), []);
    const other = await mockRun({ ...accessSpec, roleAssignments: [] });
    assert.deepEqual(other.names("pulumi:providers:azure-native"), []);
  });
});

describe("an acl stack", () => {
  it("sets the whole list of each object of a job", async () => {
    const policy = {
      type: "cluster-policy",
      id: "ABCDEF0123456789",
      accessControls: [{ principal: "service-principal", name: "application-1", level: "CAN_USE" }],
    } as const;
    const run = await mockRun({ ...aclSpec, objects: [policy, ...aclSpec.objects] });
    const lists = run.resources.filter(({ type }) => type === "databricks:index/permissions:Permissions");
    assert.deepEqual(Object.fromEntries(lists.map(({ name, inputs }) => [name, inputs])), {
      "cluster-policy": {
        clusterPolicyId: "ABCDEF0123456789",
        accessControls: [{ servicePrincipalName: "application-1", permissionLevel: "CAN_USE" }],
      },
      job: {
        jobId: "4242",
        accessControls: [{ groupName: "ds_team", permissionLevel: "CAN_MANAGE_RUN" }],
      },
    });
    assert.deepEqual(run.outputs, {
      objects: [
        {
          type: "cluster-policy",
          id: "ABCDEF0123456789",
          access_controls: [{ principal: "application-1", level: "CAN_USE" }],
        },
        { type: "job", id: "4242", access_controls: [{ principal: "ds_team", level: "CAN_MANAGE_RUN" }] },
      ],
    });
  });

  it("with nobody on any list registers no list and asks for no credentials", async () => {
    const run = await mockRun({ ...aclSpec, objects: [] });
    assert.deepEqual(run.names("databricks:index/permissions:Permissions"), []);
    assert.deepEqual(run.names("pulumi:providers:databricks"), []);
    assert.deepEqual(run.outputs, { objects: [] });
  });
});
