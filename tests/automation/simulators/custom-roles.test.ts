/** Roles that a tenant defines, and what assignments come to. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { azureActionsOf } from "../../../automation/simulators/azure/effective-actions.ts";
import { Store } from "../../../automation/simulators/store.ts";
import { openTestClouds } from "./support/clouds.ts";
import type { Properties, ProviderClient, Resource } from "./support/provider-client.ts";
import { adaId, mlVault, roleId, subscription, teamId } from "./support/seed.ts";
import { makeAccount, makeGroup, resourceGroupName, roleAssignmentType } from "./support/world.ts";

const roleType = "azure-native:authorization:RoleDefinition";
const groupId = `${subscription}/resourceGroups/${resourceGroupName}`;
const runnerId = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";

const makeRole = (azure: ProviderClient, inputs: Properties = {}): Promise<Resource> =>
  azure.create(roleType, {
    scope: groupId,
    roleDefinitionId: runnerId,
    roleName: "Pipeline runner",
    assignableScopes: [groupId],
    permissions: [
      {
        actions: ["Microsoft.DataFactory/factories/*"],
        notActions: ["Microsoft.DataFactory/factories/write"],
      },
    ],
    ...inputs,
  });

const assign = (
  azure: ProviderClient,
  scope: string,
  role: string,
  principalId = teamId,
): Promise<Resource> =>
  azure.create(roleAssignmentType, {
    scope,
    principalId,
    principalType: principalId === adaId ? "User" : "Group",
    roleDefinitionId: roleId(role),
    roleAssignmentName: crypto.randomUUID(),
  });

describe("custom roles", () => {
  it("a role's id lies below its scope, and its name is nobody else's", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const made = await makeRole(azure);
    assert.equal(made.id, `${groupId}/providers/Microsoft.Authorization/roleDefinitions/${runnerId}`);
    assert.equal(made.outputs.roleType, "CustomRole");
    const other = { roleDefinitionId: crypto.randomUUID() };
    await assert.rejects(makeRole(azure, other), /Status=409 Code="RoleDefinitionWithSameNameExists"/);
    await assert.rejects(makeRole(azure, { ...other, roleName: "reader" }), /SameNameExists/);
  });

  it("actions must look like actions, and a role must be assignable where it is made", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await assert.rejects(
      makeRole(azure, { permissions: [{ actions: ["run pipelines"] }] }),
      /InvalidActionOrNotAction/,
    );
    await assert.rejects(makeRole(azure, { permissions: [{}] }), /no permission at all/);
    await assert.rejects(makeRole(azure, { assignableScopes: [mlVault] }), /AssignableScopes/);
  });

  it("a role is assigned within its scopes, and stays while it is", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const account = await makeAccount(azure);
    await assert.rejects(assign(azure, account.id, runnerId), /RoleDefinitionDoesNotExist/);
    const role = await makeRole(azure);
    const assignment = await assign(azure, account.id, runnerId);
    await assert.rejects(
      assign(azure, mlVault, runnerId),
      /Code="RoleAssignmentScopeNotAssignableToRoleDefinition"/,
    );
    await assert.rejects(azure.delete(role), /Code="RoleDefinitionHasAssignments"/);
    await azure.delete(assignment);
    await azure.delete(role);
    await assert.rejects(assign(azure, account.id, runnerId), /RoleDefinitionDoesNotExist/);
  });
});

describe("what somebody may do", () => {
  it("assignments on a scope and above it count, less what their role takes away", async (t) => {
    const { azure, folder } = await openTestClouds(t);
    await makeGroup(azure);
    const account = await makeAccount(azure);
    await makeRole(azure);
    await assign(azure, groupId, runnerId);
    await assign(azure, account.id, "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", adaId);
    const store = new Store(join(folder, "home", "clouds.db"));
    t.after(() => store.close());
    const blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
    const factory = `${groupId}/providers/Microsoft.DataFactory/factories/adf`;
    const team = azureActionsOf(store, [teamId], factory);
    assert.ok(team.allows("Microsoft.DataFactory/factories/pipelines/createrun/action"));
    assert.ok(!team.allows("microsoft.datafactory/factories/WRITE"));
    assert.deepEqual(azureActionsOf(store, [teamId], mlVault).actions, []);
    const ada = azureActionsOf(
      store,
      [adaId, teamId],
      `${account.id}/blobServices/default/containers/job-201`,
    );
    assert.ok(ada.allowsData(`${blobs}/read`) && ada.allows("Microsoft.DataFactory/factories/read"));
    assert.ok(!ada.allowsData(`${blobs}/write`));
    assert.ok(!azureActionsOf(store, [adaId], `${account.id}2`).allowsData(`${blobs}/read`));
  });

  it("a contributor grants nobody anything", async (t) => {
    const { azure, folder } = await openTestClouds(t);
    await assign(azure, subscription, "b24988ac-6180-42a0-ab88-20f7382dd24c");
    const store = new Store(join(folder, "home", "clouds.db"));
    t.after(() => store.close());
    const allowed = azureActionsOf(store, [teamId], mlVault);
    assert.ok(allowed.allows("Microsoft.KeyVault/vaults/write"));
    assert.ok(!allowed.allows("Microsoft.Authorization/roleAssignments/write"));
    assert.ok(!allowed.allowsData("Microsoft.KeyVault/vaults/secrets/getSecret/action"));
  });

  it("an assignment takes effect only after the lag that was asked for", async (t) => {
    const clouds = await openTestClouds(t);
    await assign(clouds.azure, mlVault, "acdd72a7-3385-48ef-bd42-f606fba81ae7");
    const store = new Store(join(clouds.folder, "home", "clouds.db"));
    t.after(() => store.close());
    const reads = () => azureActionsOf(store, [teamId], mlVault).allows("Microsoft.KeyVault/vaults/read");
    assert.ok(reads());
    assert.equal((await clouds.http("PUT", "/sandbox/settings", { rbacLagSeconds: 60 })).status, 200);
    assert.ok(!reads());
  });
});
