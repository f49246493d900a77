import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { roleAssignmentName } from "../../../program/layout/names.ts";
import { mockRun } from "../support/mock-run.ts";
import {
  accessSpec,
  aclSpec,
  environment,
  firewallSpec,
  keyVaultReader,
  networkSpec,
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
      allowed_ranges: ["203.0.113.7/32", "198.51.100.0/24"],
    });
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

  it("asks for no credentials of a cloud that it grants nothing in", async () => {
    const run = await mockRun({ ...accessSpec, unityGrants: [] });
    assert.deepEqual(run.names("pulumi:providers:databricks"), []);
    const other = await mockRun({ ...accessSpec, roleAssignments: [] });
    assert.deepEqual(other.names("pulumi:providers:azure-native"), []);
  });
});

describe("an acl stack", () => {
  it("sets the whole list of a job", async () => {
    const run = await mockRun(aclSpec);
    assert.deepEqual(run.only("databricks:index/permissions:Permissions").inputs, {
      jobId: "4242",
      accessControls: [{ groupName: "ds_team", permissionLevel: "CAN_MANAGE_RUN" }],
    });
    assert.deepEqual(run.outputs, {
      object_id: "4242",
      access_controls: [{ group_name: "ds_team", level: "CAN_MANAGE_RUN" }],
    });
  });

  it("sets the whole list of a cluster policy", async () => {
    const object = { type: "cluster-policy", id: "ABCDEF0123456789" } as const;
    const run = await mockRun({
      ...aclSpec,
      object,
      accessControls: [{ groupName: "ds_team", level: "CAN_USE" }],
    });
    const { inputs } = run.only("databricks:index/permissions:Permissions");
    assert.equal(inputs.clusterPolicyId, object.id);
    assert.equal(inputs.jobId, undefined);
  });

  it("with nobody on the list registers no list, which Databricks would refuse", async () => {
    const run = await mockRun({ ...aclSpec, accessControls: [] });
    assert.deepEqual(run.names("databricks:index/permissions:Permissions"), []);
    assert.deepEqual(run.outputs, { object_id: "4242", access_controls: [] });
  });
});
