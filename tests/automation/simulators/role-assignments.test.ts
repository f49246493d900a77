import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openTestClouds } from "./support/clouds.ts";
import type { Properties } from "./support/provider-client.ts";
import {
  adaId,
  lagSeconds,
  mlVault,
  reader,
  roleId,
  secretsUser,
  subscription,
  teamId,
} from "./support/seed.ts";
import { makeGroup, makeIdentity, makeWorkspace, roleAssignmentType } from "./support/world.ts";

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
    assert.equal((await azure.import(roleAssignmentType, made.id))?.inputs.scope, inputs.scope);
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

  it("a new group is unknown for a while, even if its type is stated; a new service principal is not", async (t) => {
    const { azure } = await openTestClouds(t);
    const made = await azure.create("azuread:index/group:Group", {
      displayName: "fresh",
      securityEnabled: true,
    });
    const inputs = assignment({ principalId: String(made.outputs.objectId) });
    await assert.rejects(azure.create(roleAssignmentType, inputs), /PrincipalNotFound.*replication delay/);
    await makeGroup(azure);
    const identity = await makeIdentity(azure);
    const principalId = String(identity.outputs.principalId);
    const untyped = assignment({ principalId });
    delete untyped.principalType;
    await assert.rejects(azure.create(roleAssignmentType, untyped), /PrincipalNotFound/);
    await azure.create(roleAssignmentType, assignment({ principalId, principalType: "ServicePrincipal" }));
    await sleep(lagSeconds * 1000);
    await azure.create(roleAssignmentType, inputs);
  });

  it("what a person can do is told with the group that it comes through", async (t) => {
    const { azure, http } = await openTestClouds(t);
    await azure.create(roleAssignmentType, assignment());
    await azure.create(
      roleAssignmentType,
      assignment({ principalId: adaId, principalType: "User", roleDefinitionId: secretsUser }),
    );
    const { body } = await http("GET", "/sandbox/access?principal=Ada");
    const told = (body.value as { what: string; through: string | null }[]).map(
      ({ what, through }) => `${what} | ${through}`,
    );
    assert.deepEqual(told, [
      "Key Vault Secrets User to Ada on ml-vault | null",
      "Reader to ds_team on ml-vault | ds_team",
    ]);
    assert.equal((await http("GET", "/sandbox/access?principal=nobody")).status, 404);
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
