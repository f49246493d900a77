import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import type { Properties } from "./support/provider-client.ts";
import { reader, teamId } from "./support/seed.ts";
import { makeGroup, roleAssignmentType, vaultType } from "./support/world.ts";

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
    const held = await azure.create(roleAssignmentType, {
      scope: made.id,
      principalId: teamId,
      principalType: "Group",
      roleDefinitionId: reader,
    });
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

  it("a deleted vault is purged, unless it is protected, and its name is free again", async (t) => {
    const { azure, http } = await openTestClouds(t);
    await makeGroup(azure);
    await makeGroup(azure, "rg-other");
    const made = await azure.create(vaultType, inputs());
    await azure.delete(made);
    assert.equal((await http("DELETE", `/sandbox/objects/${encodeURIComponent(made.id)}`)).status, 204);
    const elsewhere = { ...inputs({ enablePurgeProtection: true }), resourceGroupName: "rg-other" };
    const guarded = await azure.create(vaultType, elsewhere);
    await azure.delete(guarded);
    assert.equal((await http("DELETE", `/sandbox/objects/${encodeURIComponent(guarded.id)}`)).status, 405);
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
