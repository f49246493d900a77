import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import { subscription } from "./support/seed.ts";
import {
  endpointType,
  grantType,
  groupType,
  identityType,
  makeGroup,
  networkType,
  policyType,
  roleAssignmentType,
  subnetType,
  vaultType,
  workspaceInputs,
  workspaceType,
} from "./support/world.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("check", () => {
  it("a missing required input fails and is named", async (t) => {
    const { azure } = await openTestClouds(t);
    const { failures } = await azure.check(vaultType, { resourceGroupName: "rg", properties: {} });
    assert.deepEqual(
      failures.map((failure) => failure.property),
      ["properties.sku", "properties.tenantId"],
    );
  });

  it("an input that a preview does not know yet is not missing", async (t) => {
    const { azure } = await openTestClouds(t);
    const { failures } = await azure.check(subnetType, {
      resourceGroupName: unknown,
      virtualNetworkName: unknown,
      addressPrefix: unknown,
    });
    assert.deepEqual(failures, []);
  });

  it("a preview does not know the ids of an identity that is still to be made", async (t) => {
    const { azure } = await openTestClouds(t);
    const identity = { type: "SystemAssigned" };
    const shown = await azure.previewCreate("azure-native:databricks:AccessConnector", {
      resourceGroupName: "rg-test",
      connectorName: "uc",
      identity,
    });
    assert.deepEqual(shown.identity, { ...identity, principalId: unknown, tenantId: unknown });
  });

  it("a workspace without a compute mode fails, although the SDK types it as optional", async (t) => {
    const { azure } = await openTestClouds(t);
    const { computeMode: _mode, ...inputs } = workspaceInputs();
    const { failures } = await azure.check(workspaceType, inputs);
    assert.deepEqual(
      failures.map((failure) => failure.property),
      ["computeMode"],
    );
  });

  it("a hybrid workspace without a managed resource group fails", async (t) => {
    const { azure } = await openTestClouds(t);
    const { managedResourceGroupId: _id, ...inputs } = workspaceInputs();
    const { failures } = await azure.check(workspaceType, inputs);
    assert.deepEqual(
      failures.map((failure) => failure.property),
      ["managedResourceGroupId"],
    );
  });

  it("a value outside its list fails and says what is allowed", async (t) => {
    const { azure } = await openTestClouds(t);
    const { failures } = await azure.check(workspaceType, workspaceInputs({ publicNetworkAccess: "Maybe" }));
    assert.match(failures[0]?.reason ?? "", /'Maybe' is not one of Enabled, Disabled/);
  });

  it("an unnamed resource gets the program's name with eight hex digits, and keeps it", async (t) => {
    const { azure } = await openTestClouds(t);
    const first = await azure.check(networkType, {
      resourceGroupName: "rg",
      addressSpace: { addressPrefixes: ["10.0.0.0/16"] },
    });
    assert.equal(first.inputs.virtualNetworkName, "it01020304");
    const { virtualNetworkName: _name, __createBeforeDelete: _mark, ...news } = first.inputs;
    const again = await azure.check(networkType, news, { ...first.inputs, virtualNetworkName: "it99999999" });
    assert.equal(again.inputs.virtualNetworkName, "it99999999");
  });

  it("an unnamed role assignment gets a GUID", async (t) => {
    const { azure } = await openTestClouds(t);
    const { inputs } = await azure.check(roleAssignmentType, {
      scope: subscription,
      principalId: "33333333-3333-4333-8333-333333333333",
      roleDefinitionId: "r",
    });
    assert.match(inputs.roleAssignmentName, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it("a resource without a location takes its group's", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const { inputs } = await azure.check(identityType, { resourceGroupName: "rg-test", resourceName: "id" });
    assert.equal(inputs.location, "eastus");
  });

  it("a type that is not simulated is refused by name", async (t) => {
    const { azure } = await openTestClouds(t);
    await assert.rejects(
      azure.check("azure-native:compute:VirtualMachine", {}),
      /do not know the resource type azure-native:compute:VirtualMachine/,
    );
  });
});

describe("diff", () => {
  it("equal inputs make no difference, whatever the order of their keys", async (t) => {
    const { azure } = await openTestClouds(t);
    const { paths } = await azure.diff(
      groupType,
      { location: "eastus", tags: { a: "1" } },
      { tags: { a: "1" }, location: "eastus" },
    );
    assert.deepEqual(paths, []);
  });

  it("a changed name or location replaces, and deletes first", async (t) => {
    const { azure } = await openTestClouds(t);
    const olds = { resourceGroupName: "a", location: "eastus" };
    const renamed = await azure.diff(groupType, olds, { ...olds, resourceGroupName: "b" });
    assert.deepEqual([renamed.replaces, renamed.deleteBeforeReplace], [["resourceGroupName"], true]);
    const moved = await azure.diff(groupType, olds, { ...olds, location: "westeurope" });
    assert.deepEqual(moved.replaces, ["location"]);
  });

  it("a resource whose name was made up is replaced before the old one is deleted", async (t) => {
    const { azure } = await openTestClouds(t);
    const olds = { resourceGroupName: "a1", location: "eastus", __createBeforeDelete: true };
    const moved = await azure.diff(groupType, olds, { ...olds, location: "westeurope" });
    assert.deepEqual([moved.replaces, moved.deleteBeforeReplace], [["location"], false]);
  });

  it("East US and eastus are one location", async (t) => {
    const { azure } = await openTestClouds(t);
    const { paths } = await azure.diff(groupType, { location: "eastus" }, { location: "East US" });
    assert.deepEqual(paths, []);
  });

  it("a private endpoint is replaced for its subnet, and not for its connection", async (t) => {
    const { azure } = await openTestClouds(t);
    const olds = { subnet: { id: "/a" }, privateLinkServiceConnections: [{ groupIds: ["x"] }] };
    const moved = await azure.diff(endpointType, olds, { ...olds, subnet: { id: "/b" } });
    assert.deepEqual(moved.replaces, ["subnet"]);
    const led = await azure.diff(endpointType, olds, {
      ...olds,
      privateLinkServiceConnections: [{ groupIds: ["y"] }],
    });
    assert.deepEqual([led.replaces, led.paths], [[], ["privateLinkServiceConnections[0].groupIds[0]"]]);
  });

  it("a role assignment is replaced for its principal and scope, and not for its role", async (t) => {
    const { azure } = await openTestClouds(t);
    const olds = { scope: "/s", principalId: "p", roleDefinitionId: "r", roleAssignmentName: "n" };
    const replaces = async (news: object) =>
      (await azure.diff(roleAssignmentType, olds, { ...olds, ...news })).replaces;
    assert.deepEqual(await replaces({ principalId: "q" }), ["principalId"]);
    assert.deepEqual(await replaces({ scope: "/t" }), ["scope"]);
    assert.deepEqual(await replaces({ roleDefinitionId: "w" }), []);
  });

  it("the order of a grant's privileges means nothing, its securable replaces", async (t) => {
    const { azure } = await openTestClouds(t);
    const olds = { principal: "a", model: "m", privileges: ["EXECUTE", "APPLY_TAG"] };
    const shuffled = await azure.diff(grantType, olds, { ...olds, privileges: ["APPLY_TAG", "EXECUTE"] });
    assert.deepEqual(shuffled.paths, []);
    const moved = await azure.diff(grantType, olds, { ...olds, model: "n" });
    assert.deepEqual(moved.replaces, ["model"]);
  });

  it("a policy's definition is compared as JSON, not as text", async (t) => {
    const { azure } = await openTestClouds(t);
    const { paths } = await azure.diff(policyType, { definition: '{"a":1}' }, { definition: '{ "a": 1 }' });
    assert.deepEqual(paths, []);
  });

  it("a tag with a dash has a path that the engine can read", async (t) => {
    const { azure } = await openTestClouds(t);
    const { paths } = await azure.diff(
      groupType,
      { tags: { "cost-center": "1" } },
      { tags: { "cost-center": "2" } },
    );
    assert.deepEqual(paths, ['tags["cost-center"]']);
  });
});
