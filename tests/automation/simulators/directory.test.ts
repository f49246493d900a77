import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import { ada, adaId, mlVault, subscription, teamId } from "./support/seed.ts";
import { makeGroup, makeIdentity, makeWorkspace } from "./support/world.ts";

const entraGroup = "azuread:index/group:Group";
const getGroup = "azuread:index/getGroup:getGroup";

describe("groups of the directory", () => {
  it("a group's members must exist", async (t) => {
    const { azure } = await openTestClouds(t);
    const stranger = "99999999-9999-4999-8999-999999999999";
    const inputs = { displayName: "own", securityEnabled: true };
    await assert.rejects(azure.create(entraGroup, { ...inputs, members: [stranger] }), /does not exist/);
    const made = await azure.create(entraGroup, { ...inputs, members: [adaId, teamId] });
    assert.equal(made.id, `/groups/${made.outputs.objectId}`);
  });

  it("two groups may have one name, unless the program prevents it", async (t) => {
    const { azure } = await openTestClouds(t);
    const inputs = { displayName: "ds_team", securityEnabled: true };
    const prevented = azure.create(entraGroup, { ...inputs, preventDuplicateNames: true });
    await assert.rejects(prevented, /preventDuplicateNames/);
    await azure.create(entraGroup, inputs);
    await assert.rejects(azure.invoke(getGroup, { displayName: "ds_team" }), /More than one group/);
  });

  it("a group that is neither for security nor for mail fails the check", async (t) => {
    const { azure } = await openTestClouds(t);
    const { failures } = await azure.check(entraGroup, { displayName: "own" });
    assert.deepEqual(
      failures.map((failure) => failure.property),
      ["securityEnabled"],
    );
  });

  it("a group is looked up by name or object id", async (t) => {
    const { azure } = await openTestClouds(t);
    assert.equal((await azure.invoke(getGroup, { displayName: "ds_team" })).objectId, teamId);
    assert.deepEqual((await azure.invoke(getGroup, { objectId: teamId })).members, [adaId]);
    await assert.rejects(azure.invoke(getGroup, { displayName: "none" }), /No group found/);
  });

  it("a function that is not simulated is refused by name", async (t) => {
    const { azure } = await openTestClouds(t);
    await assert.rejects(
      azure.invoke("azure-native:storage:listStorageAccountKeys", {}),
      /listStorageAccountKeys/,
    );
  });
});

describe("Microsoft Graph", () => {
  it("groups are found by display name, all that have it", async (t) => {
    const { http } = await openTestClouds(t);
    const find = (name: string) =>
      http("GET", `/v1.0/groups?$filter=${encodeURIComponent(`displayName eq '${name}'`)}`);
    assert.deepEqual((await find("ds_team")).body.value, [
      { id: teamId, displayName: "ds_team", securityEnabled: true, mailEnabled: false },
    ]);
    assert.equal((await find("twins")).body.value.length, 2);
    assert.deepEqual((await find("none")).body.value, []);
    assert.deepEqual((await find("o''clock")).body.value, []);
  });

  it("users are found by user principal name", async (t) => {
    const { http } = await openTestClouds(t);
    const filter = encodeURIComponent(`userPrincipalName eq '${ada.toUpperCase()}'`);
    const { body } = await http("GET", `/v1.0/users?$filter=${filter}`);
    assert.deepEqual(body.value, [{ id: adaId, displayName: "Ada", userPrincipalName: ada }]);
  });

  it("another filter is refused", async (t) => {
    const { http } = await openTestClouds(t);
    const { status, body } = await http("GET", `/v1.0/users?$filter=${encodeURIComponent("mail eq 'x'")}`);
    assert.deepEqual([status, body.error.code], [400, "Request_UnsupportedQuery"]);
  });

  it("a group and its members are shown by id", async (t) => {
    const { http } = await openTestClouds(t);
    assert.equal((await http("GET", `/v1.0/groups/${teamId}`)).body.displayName, "ds_team");
    const { body } = await http("GET", `/v1.0/groups/${teamId}/members`);
    assert.deepEqual(
      body.value.map((member: { id: string }) => member.id),
      [adaId],
    );
    assert.equal((await http("GET", `/v1.0/groups/${adaId}`)).status, 404);
  });
});

describe("Azure Resource Manager", () => {
  const vaults = (name: string): string =>
    `${subscription}/resources?api-version=2021-04-01&$filter=${encodeURIComponent(
      `resourceType eq 'Microsoft.KeyVault/vaults' and name eq '${name}'`,
    )}`;

  it("a vault is found by type and name, whatever the case", async (t) => {
    const { http } = await openTestClouds(t);
    assert.deepEqual((await http("GET", vaults("ML-Vault"))).body.value, [
      { id: mlVault, name: "ml-vault", type: "Microsoft.KeyVault/vaults", location: "eastus" },
    ]);
    assert.deepEqual((await http("GET", vaults("none"))).body.value, []);
  });

  it("an object is shown in ARM's shape", async (t) => {
    const { http, azure } = await openTestClouds(t);
    await makeGroup(azure);
    const workspace = await makeWorkspace(azure);
    const { status, body } = await http("GET", `${workspace.id.toUpperCase()}?api-version=2026-01-01`);
    assert.equal(status, 200);
    assert.equal(body.type, "Microsoft.Databricks/workspaces");
    assert.equal(body.properties.workspaceUrl, workspace.outputs.workspaceUrl);
    assert.equal(body.properties.provisioningState, "Succeeded");
    assert.equal(body.location, "eastus");
    const identity = await makeIdentity(azure);
    const shown = await http("GET", `${identity.id}?api-version=2024-11-30`);
    assert.equal(shown.body.properties.clientId, identity.outputs.clientId);
  });

  it("a secret shows that it exists, and never a value", async (t) => {
    const { http } = await openTestClouds(t);
    const { status, body } = await http("GET", `${mlVault}/secrets/databricks-token?api-version=2024-11-01`);
    assert.equal(status, 200);
    assert.equal(body.type, "Microsoft.KeyVault/vaults/secrets");
    assert.deepEqual(Object.keys(body.properties).sort(), ["attributes", "secretUri"]);
  });

  it("what does not exist is a 404 in ARM's words", async (t) => {
    const { http } = await openTestClouds(t);
    const missing = await http("GET", `${mlVault}/secrets/none?api-version=2024-11-01`);
    assert.deepEqual([missing.status, missing.body.error.code], [404, "ResourceNotFound"]);
    const nowhere = await http("GET", `${subscription}/resourceGroups/none?api-version=2024-11-01`);
    assert.deepEqual([nowhere.status, nowhere.body.error.code], [404, "ResourceGroupNotFound"]);
    const unversioned = await http("GET", mlVault);
    assert.deepEqual([unversioned.status, unversioned.body.error.code], [400, "MissingApiVersionParameter"]);
  });
});
