/** Storage accounts and what lies in them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import type { ProviderClient, Resource } from "./support/provider-client.ts";
import {
  accountInputs,
  accountType,
  containerType,
  encryptionScopeType,
  makeAccount,
  makeGroup,
  makeIdentity,
  resourceGroupName,
} from "./support/world.ts";

const blobServiceType = "azure-native:storage:BlobServiceProperties";
const inAccount = { resourceGroupName, accountName: "stlake" };

async function openAccount(azure: ProviderClient): Promise<Resource> {
  await makeGroup(azure);
  return makeAccount(azure);
}

describe("storage accounts", () => {
  it("an account answers under its own names", async (t) => {
    const { azure } = await openTestClouds(t);
    const { outputs } = await openAccount(azure);
    assert.equal(outputs.primaryEndpoints.dfs, "https://stlake.dfs.core.windows.net/");
    assert.equal(outputs.primaryEndpoints.blob, "https://stlake.blob.core.windows.net/");
    assert.equal(outputs.primaryLocation, "eastus");
  });

  it("a name is taken in the whole cloud, and is lower-case letters and digits", async (t) => {
    const { azure } = await openTestClouds(t);
    await openAccount(azure);
    await makeGroup(azure, "rg-other");
    await assert.rejects(
      makeAccount(azure, { resourceGroupName: "rg-other" }),
      /Status=409 Code="StorageAccountAlreadyTaken"/,
    );
    for (const accountName of ["st-lake", "StLake", "st", "s".repeat(25)]) {
      await assert.rejects(makeAccount(azure, { accountName }), /3 to 24 lower-case letters and digits/);
    }
  });

  it("location, hierarchical namespace, kind and name replace; redundancy does not", async (t) => {
    const { azure } = await openTestClouds(t);
    const olds = accountInputs({ location: "eastus" });
    const replacing = {
      location: "westeurope",
      isHnsEnabled: false,
      kind: "BlobStorage",
      accountName: "other",
    };
    for (const [property, value] of Object.entries(replacing)) {
      const { replaces } = await azure.diff(accountType, olds, { ...olds, [property]: value });
      assert.deepEqual(replaces, [property]);
    }
    const { replaces } = await azure.diff(accountType, olds, { ...olds, sku: { name: "Standard_LRS" } });
    assert.deepEqual(replaces, []);
  });

  it("infrastructure encryption is chosen when the account is made", async (t) => {
    const { azure } = await openTestClouds(t);
    const account = await openAccount(azure);
    const news = { ...account.inputs, encryption: { requireInfrastructureEncryption: true } };
    await assert.rejects(azure.update(account, news), /requireInfrastructureEncryption/);
    const encrypted = await makeAccount(azure, {
      accountName: "stsafe",
      encryption: { requireInfrastructureEncryption: true },
    });
    const kept = await azure.update(encrypted, accountInputs({ accountName: "stsafe" }));
    assert.equal(kept.outputs.encryption.requireInfrastructureEncryption, true);
  });

  it("network rules that are left out again let everybody in", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const account = await makeAccount(azure, { networkRuleSet: { defaultAction: "Deny", bypass: "None" } });
    const { networkRuleSet: _rules, ...without } = account.inputs;
    const open = await azure.update(account, without);
    assert.deepEqual(open.outputs.networkRuleSet, { defaultAction: "Allow" });
  });

  it("a system-assigned identity is a principal for as long as the account has it", async (t) => {
    const clouds = await openTestClouds(t);
    const { azure } = clouds;
    await makeGroup(azure);
    const identity = await makeIdentity(azure);
    const asked = { type: "SystemAssigned,UserAssigned", userAssignedIdentities: [identity.id] };
    const account = await makeAccount(azure, { identity: asked });
    const shown = account.outputs.identity;
    assert.deepEqual(shown.userAssignedIdentities[identity.id], {
      principalId: identity.outputs.principalId,
      clientId: identity.outputs.clientId,
    });
    const principal = `/sandbox/objects/${encodeURIComponent(`/servicePrincipals/${shown.principalId}`)}`;
    assert.equal((await clouds.http("GET", principal)).body.name, "stlake");
    assert.deepEqual((await azure.read(account))?.inputs, account.inputs);
    assert.deepEqual((await azure.import(accountType, account.id))?.inputs.identity, asked);
    await azure.delete(account);
    assert.equal((await clouds.http("GET", principal)).status, 404);
  });

  it("an identity that nobody made is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const nobody =
      "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/x";
    const identity = { type: "UserAssigned", userAssignedIdentities: [nobody] };
    await assert.rejects(makeAccount(azure, { identity }), /InvalidResourceReference/);
  });
});

describe("blob services", () => {
  it("a container's id lies below its account's blob service, which needs no resource of its own", async (t) => {
    const { azure } = await openTestClouds(t);
    const account = await openAccount(azure);
    const made = await azure.create(containerType, { ...inAccount, containerName: "job-201" });
    assert.equal(made.id, `${account.id}/blobServices/default/containers/job-201`);
    assert.equal(made.outputs.publicAccess, "None");
    await azure.delete(account);
    assert.equal(await azure.read(made), undefined);
  });

  it("a container without an account is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await assert.rejects(
      azure.create(containerType, { ...inAccount, containerName: "job-201" }),
      /ParentResourceNotFound.*storageAccounts\/stlake/,
    );
  });

  it("anonymous access needs an account that allows it", async (t) => {
    const { azure } = await openTestClouds(t);
    await openAccount(azure);
    const inputs = { ...inAccount, containerName: "open", publicAccess: "Blob" };
    await assert.rejects(azure.create(containerType, inputs), /Status=409 Code="PublicAccessNotPermitted"/);
  });

  it("the blob service is named default, and keeps no versions in a hierarchical namespace", async (t) => {
    const { azure } = await openTestClouds(t);
    await openAccount(azure);
    const inputs = {
      ...inAccount,
      blobServicesName: "default",
      deleteRetentionPolicy: { enabled: true, days: 7 },
    };
    const made = await azure.create(blobServiceType, inputs);
    assert.deepEqual(made.outputs.deleteRetentionPolicy, { enabled: true, days: 7 });
    await assert.rejects(
      azure.update(made, { ...inputs, isVersioningEnabled: true }),
      /FeatureNotSupportedForAccount/,
    );
    await assert.rejects(azure.create(blobServiceType, { ...inputs, blobServicesName: "mine" }), /'default'/);
  });
});

describe("encryption scopes", () => {
  it("a deleted scope is only disabled: it can be made again, but never with other encryption", async (t) => {
    const clouds = await openTestClouds(t);
    const { azure } = clouds;
    await openAccount(azure);
    const inputs = { ...inAccount, encryptionScopeName: "job201" };
    const made = await azure.create(encryptionScopeType, inputs);
    await azure.delete(made);
    assert.equal(await azure.read(made), undefined);
    const shown = await clouds.http("GET", `${made.id}?api-version=2024-01-01`);
    assert.equal(shown.body.properties.state, "Disabled");
    await assert.rejects(
      azure.create(encryptionScopeType, { ...inputs, requireInfrastructureEncryption: true }),
      /requireInfrastructureEncryption.*take another name/,
    );
    const again = await azure.create(encryptionScopeType, inputs);
    assert.equal(again.outputs.state, "Enabled");
  });

  it("a disabled scope goes for good with its account", async (t) => {
    const clouds = await openTestClouds(t);
    const { azure } = clouds;
    const account = await openAccount(azure);
    const made = await azure.create(encryptionScopeType, { ...inAccount, encryptionScopeName: "job201" });
    await azure.delete(made);
    await azure.delete(account);
    assert.equal((await clouds.http("GET", `${made.id}?api-version=2024-01-01`)).status, 404);
  });

  it("a container names a scope that is there, and keeps to it", async (t) => {
    const { azure } = await openTestClouds(t);
    await openAccount(azure);
    const container = { ...inAccount, containerName: "job-201", defaultEncryptionScope: "job201" };
    await assert.rejects(azure.create(containerType, container), /EncryptionScopeNotFound/);
    await azure.create(encryptionScopeType, { ...inAccount, encryptionScopeName: "job201" });
    const made = await azure.create(containerType, container);
    await azure.create(encryptionScopeType, { ...inAccount, encryptionScopeName: "other" });
    await assert.rejects(
      azure.update(made, { ...container, defaultEncryptionScope: "other" }),
      /ContainerEncryptionScopeCannotBeChanged/,
    );
  });
});
