import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import type { Properties } from "./support/provider-client.ts";
import { adaId, mlVault, reader, roleId, secretsUser, subscription, teamId } from "./support/seed.ts";
import { makeGroup, makeIdentity, makeWorkspace, roleAssignmentType, vaultType } from "./support/world.ts";

const assignment = (inputs: Properties = {}): Properties => ({
  scope: mlVault,
  principalId: teamId,
  principalType: "Group",
  roleDefinitionId: reader,
  roleAssignmentName: crypto.randomUUID(),
  ...inputs,
});

describe("role assignments", () => {
  it("an assignment's id lies below its scope", async (t) => {
    const { azure } = await openTestClouds(t);
    const inputs = assignment({
      scope: `${mlVault}/secrets/databricks-token`,
      roleDefinitionId: secretsUser,
    });
    const made = await azure.create(roleAssignmentType, inputs);
    const provider = "providers/Microsoft.Authorization/roleAssignments";
    assert.equal(made.id, `${mlVault}/secrets/databricks-token/${provider}/${inputs.roleAssignmentName}`);
    assert.equal(
      (await azure.import(roleAssignmentType, made.id))?.inputs.scope.toLowerCase(),
      inputs.scope.slice(1).toLowerCase(),
    );
  });

  it("the same role for the same principal on the same scope exists once, whatever its name", async (t) => {
    const { azure } = await openTestClouds(t);
    const first = await azure.create(roleAssignmentType, assignment());
    await assert.rejects(azure.create(roleAssignmentType, assignment()), (error: Error) => {
      assert.match(error.message, /Status=409 Code="RoleAssignmentExists"/);
      assert.ok(error.message.includes(first.inputs.roleAssignmentName.replaceAll("-", "")));
      return true;
    });
    await azure.create(roleAssignmentType, assignment({ roleDefinitionId: secretsUser }));
    await azure.create(roleAssignmentType, assignment({ scope: subscription }));
  });

  it("the same name on the same scope is refused as an existing resource", async (t) => {
    const { azure } = await openTestClouds(t);
    const first = await azure.create(roleAssignmentType, assignment());
    await assert.rejects(
      azure.create(roleAssignmentType, first.inputs),
      /cannot create already existing resource/,
    );
  });

  it("a principal that nobody knows is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    const stranger = assignment({ principalId: "99999999-9999-4999-8999-999999999999" });
    await assert.rejects(azure.create(roleAssignmentType, stranger), /Status=400 Code="PrincipalNotFound"/);
  });

  it("a principal of another type than it says is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    await assert.rejects(
      azure.create(roleAssignmentType, assignment({ principalType: "User" })),
      /UnmatchedPrincipalType.*has type 'Group'/,
    );
    await azure.create(roleAssignmentType, assignment({ principalType: "User", principalId: adaId }));
  });

  it("a role that does not exist is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    const inputs = assignment({ roleDefinitionId: roleId("99999999-9999-4999-8999-999999999999") });
    await assert.rejects(azure.create(roleAssignmentType, inputs), /RoleDefinitionDoesNotExist/);
  });

  it("a name that is no GUID is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    await assert.rejects(
      azure.create(roleAssignmentType, assignment({ roleAssignmentName: "mine" })),
      /is a GUID/,
    );
  });

  it("a scope that does not exist is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    const group = `${subscription}/resourceGroups`;
    await assert.rejects(
      azure.create(roleAssignmentType, assignment({ scope: `${mlVault}-2` })),
      /Code="ResourceNotFound" Message="The Resource 'Microsoft.KeyVault\/vaults\/ml-vault-2'/,
    );
    await assert.rejects(
      azure.create(roleAssignmentType, assignment({ scope: `${group}/none` })),
      /ResourceGroupNotFound/,
    );
  });

  it("nothing of an assignment can be changed but its description", async (t) => {
    const { azure } = await openTestClouds(t);
    const made = await azure.create(roleAssignmentType, assignment());
    await assert.rejects(
      azure.update(made, { ...made.inputs, roleDefinitionId: secretsUser }),
      /RoleAssignmentUpdateNotPermitted/,
    );
    const described = await azure.update(made, { ...made.inputs, description: "why" });
    assert.equal(described.outputs.description, "why");
  });

  it("an assignment goes with its scope", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const workspace = await makeWorkspace(azure);
    const made = await azure.create(roleAssignmentType, assignment({ scope: workspace.id }));
    await azure.delete(workspace);
    assert.equal(await azure.read(made), undefined);
  });

  it("an assignment outlives its principal, as identity not found", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    const identity = await makeIdentity(clouds.azure);
    const principalId = identity.outputs.principalId;
    const made = await clouds.azure.create(
      roleAssignmentType,
      assignment({ principalId, principalType: "ServicePrincipal" }),
    );
    await clouds.azure.delete(identity);
    const shown = await clouds.http("GET", `/sandbox/objects/${encodeURIComponent(made.id)}`);
    assert.equal(shown.body.summary, `Reader to identity not found (${principalId}) on ml-vault`);
  });
});

describe("vaults", () => {
  const inputs = (more: Properties = {}): Properties => ({
    resourceGroupName: "rg-test",
    vaultName: "own-vault",
    location: "eastus",
    properties: {
      tenantId: "11111111-1111-4111-8111-111111111111",
      sku: { family: "A", name: "standard" },
      softDeleteRetentionInDays: 90,
      ...more,
    },
  });

  it("a deleted vault is recovered with its secrets and without its role assignments", async (t) => {
    const clouds = await openTestClouds(t);
    const { azure } = clouds;
    await makeGroup(azure);
    const made = await azure.create(vaultType, inputs());
    assert.equal(made.outputs.properties.vaultUri, "https://own-vault.vault.azure.net/");
    await clouds.portal(`${made.id}/secrets/kept`, {});
    const held = await azure.create(roleAssignmentType, assignment({ scope: made.id }));
    await azure.delete(made);
    const secret = `${made.id}/secrets/kept?api-version=2024-11-01`;
    assert.equal((await clouds.http("GET", secret)).status, 404);
    const deleted = await clouds.http("GET", "/sandbox/objects?type=Vault&deleted=true");
    assert.deepEqual(
      deleted.body.value.map((object: Properties) => object.name),
      ["own-vault"],
    );
    await azure.create(vaultType, inputs());
    assert.equal((await clouds.http("GET", secret)).status, 200);
    assert.equal(await azure.read(held), undefined);
  });

  it("the name of a deleted vault stays taken", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await makeGroup(azure, "rg-other");
    await azure.delete(await azure.create(vaultType, inputs()));
    const elsewhere = { ...inputs(), resourceGroupName: "rg-other" };
    await assert.rejects(
      azure.create(vaultType, elsewhere),
      /Status=409 Code="ConflictError".*deleted state/,
    );
    await assert.rejects(azure.create(vaultType, inputs({ createMode: "default" })), /ConflictError/);
  });

  it("a vault's name is unique in the whole cloud", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await assert.rejects(
      azure.create(vaultType, { ...inputs(), vaultName: "ml-vault" }),
      /VaultAlreadyExists/,
    );
  });

  it("recovering what was never deleted is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await assert.rejects(
      azure.create(vaultType, inputs({ createMode: "recover" })),
      /SoftDeletedVaultDoesNotExist/,
    );
  });

  it("retention and purge protection cannot be taken back", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const made = await azure.create(vaultType, inputs({ enablePurgeProtection: true }));
    const shorter = inputs({ enablePurgeProtection: true, softDeleteRetentionInDays: 7 });
    await assert.rejects(azure.update(made, shorter), /softDeleteRetentionInDays.*can't be modified/);
    await assert.rejects(azure.update(made, inputs()), /irreversible/);
  });

  it("names and shapes that Key Vault refuses fail the check", async (t) => {
    const { azure } = await openTestClouds(t);
    const faults = async (vaultName: string, more: Properties = {}) =>
      (await azure.check(vaultType, { ...inputs(more), vaultName })).failures.map(
        (failure) => failure.property,
      );
    assert.deepEqual(await faults("1-vault"), ["vaultName"]);
    assert.deepEqual(await faults("own--vault"), ["vaultName"]);
    assert.deepEqual(await faults("own", { softDeleteRetentionInDays: 3 }), [
      "properties.softDeleteRetentionInDays",
    ]);
    assert.deepEqual(await faults("own", { enablePurgeProtection: false }), [
      "properties.enablePurgeProtection",
    ]);
  });
});
