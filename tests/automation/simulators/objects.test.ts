import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import { subscription } from "./support/seed.ts";
import {
  endpointInputs,
  endpointType,
  groupType,
  identityType,
  makeGroup,
  makeIdentity,
  makeNetwork,
  makeSubnet,
  makeWorkspace,
  networkType,
  resourceGroupName,
  subnetType,
  workspaceInputs,
} from "./support/world.ts";

const group = `${subscription}/resourceGroups/${resourceGroupName}`;

describe("objects of the Azure cloud", () => {
  it("ids are ARM's", async (t) => {
    const { azure } = await openTestClouds(t);
    assert.equal((await makeGroup(azure)).id, group);
    assert.equal((await makeNetwork(azure)).id, `${group}/providers/Microsoft.Network/virtualNetworks/vnet`);
    const subnet = await makeSubnet(azure);
    assert.equal(subnet.id, `${group}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/endpoints`);
  });

  it("creating what exists is refused, whatever the case of its id", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await assert.rejects(makeGroup(azure, "RG-Test"), {
      message: `cannot create already existing resource '${subscription}/resourceGroups/RG-Test'`,
    });
  });

  it("a resource in a group that does not exist is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    await assert.rejects(
      azure.create(identityType, { resourceGroupName: "nowhere", resourceName: "id", location: "eastus" }),
      /Status=404 Code="ResourceGroupNotFound" Message="Resource group 'nowhere' could not be found."/,
    );
  });

  it("a child of a parent that does not exist is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await assert.rejects(
      makeSubnet(azure),
      /ParentResourceNotFound.*virtualNetworks\/subnets|ParentResourceNotFound/,
    );
  });

  it("a resource without any location is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    await assert.rejects(azure.create(groupType, { resourceGroupName: "rg" }), /'location'/);
  });

  it("another subscription is not found", async (t) => {
    const clouds = await openTestClouds(t);
    const elsewhere = await clouds.databricks({ subscriptionId: "99999999-9999-4999-8999-999999999999" });
    await assert.rejects(makeGroup(elsewhere), /SubscriptionNotFound/);
  });

  it("deleting what is gone succeeds, and reading it says that it is gone", async (t) => {
    const { azure } = await openTestClouds(t);
    const made = await makeGroup(azure);
    await azure.delete(made);
    await azure.delete(made);
    assert.equal(await azure.read(made), undefined);
  });

  it("a group takes what is in it along", async (t) => {
    const clouds = await openTestClouds(t);
    const { azure } = clouds;
    const made = await makeGroup(azure);
    await makeNetwork(azure);
    const subnet = await makeSubnet(azure);
    const workspace = await makeWorkspace(azure);
    const endpoint = await azure.create(endpointType, endpointInputs(subnet, workspace.id));
    await azure.delete(made);
    for (const gone of [subnet, workspace, endpoint]) assert.equal(await azure.read(gone), undefined);
    const { body } = await clouds.http("GET", "/sandbox/objects?cloud=azure");
    assert.deepEqual(body.value.map((object: { name: string }) => object.name).sort(), [
      "databricks-token",
      "ml-vault",
      "rg-shared",
    ]);
  });

  it("the managed group of a workspace cannot be deleted while the workspace lives", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const workspace = await makeWorkspace(azure);
    const managed = { ...workspace, type: groupType, id: workspaceInputs().managedResourceGroupId };
    await assert.rejects(azure.delete(managed), /DenyAssignmentAuthorizationFailed/);
    await azure.delete(workspace);
    assert.equal(await azure.read(managed), undefined);
  });

  it("an identity is a service principal of the directory for as long as it lives", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    const identity = await makeIdentity(clouds.azure);
    const path = `/sandbox/objects/${encodeURIComponent(`/servicePrincipals/${identity.outputs.principalId}`)}`;
    const found = await clouds.http("GET", path);
    assert.equal(found.body.body.clientId, identity.outputs.clientId);
    await clouds.azure.delete(identity);
    assert.equal((await clouds.http("GET", path)).status, 404);
  });

  it("an import reads inputs that match the program's", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const network = await makeNetwork(azure);
    const subnet = await makeSubnet(azure);
    for (const made of [network, subnet]) {
      const imported = await azure.import(made.type, made.id);
      assert.deepEqual((await azure.diff(made.type, imported?.inputs ?? {}, made.inputs)).paths, []);
    }
    assert.equal(await azure.import(networkType, `${network.id}-other`), undefined);
    // an id of another type is not this type's object
    assert.equal(await azure.import(subnetType, network.id), undefined);
  });
});
