import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds, type TestClouds } from "./support/clouds.ts";
import { adaId, teamId } from "./support/seed.ts";
import { makeGroup, makeIdentity } from "./support/world.ts";

const groupType = "azuread:index/group:Group";
const memberType = "azuread:index/groupMember:GroupMember";

const idsOf = async (clouds: TestClouds, path: string): Promise<string[]> =>
  (await clouds.http("GET", `/v1.0/${path}`)).body.value.map(({ id }: { id: string }) => id).sort();

const reference = (id: string) => ({
  "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${id}`,
});

describe("members of groups", () => {
  it("a membership is one resource, made once, and both ends replace it", async (t) => {
    const clouds = await openTestClouds(t);
    const group = await clouds.azure.create(groupType, { displayName: "own", securityEnabled: true });
    const { objectId: groupObjectId } = group.outputs;
    const inputs = { groupObjectId, memberObjectId: adaId };
    const made = await clouds.azure.create(memberType, inputs);
    assert.equal(made.id, `${groupObjectId}/member/${adaId}`);
    await assert.rejects(clouds.azure.create(memberType, inputs), /already exists - to be managed/);
    assert.deepEqual((await clouds.azure.import(memberType, made.id))?.inputs, inputs);
    // a group that names no members leaves them to others
    const renamed = await clouds.azure.update(group, { displayName: "renamed", securityEnabled: true });
    assert.deepEqual(renamed.outputs.members, [adaId]);
    const differed = await clouds.azure.diff(memberType, inputs, { ...inputs, memberObjectId: teamId });
    assert.deepEqual(differed.replaces, ["memberObjectId"]);
    await clouds.azure.delete(made);
    await clouds.azure.delete(made);
    assert.equal(await clouds.azure.read(made), undefined);
  });

  it("people add and remove members in the portal", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    const { principalId } = (await makeIdentity(clouds.azure)).outputs;
    const post = (id: string) => clouds.http("POST", `/v1.0/groups/${teamId}/members/$ref`, reference(id));
    assert.equal((await post(principalId)).status, 204);
    assert.deepEqual(await idsOf(clouds, `groups/${teamId}/members`), [adaId, principalId].sort());
    const twice = await post(principalId);
    assert.deepEqual([twice.status, twice.body.error.code], [400, "Request_BadRequest"]);
    assert.match(twice.body.error.message, /references already exist/);
    assert.equal((await post("99999999-9999-4999-8999-999999999999")).status, 404);
    const gone = `/v1.0/groups/${teamId}/members/${principalId}/$ref`;
    assert.equal((await clouds.http("DELETE", gone)).status, 204);
    assert.equal((await clouds.http("DELETE", gone)).status, 404);
    assert.deepEqual(await idsOf(clouds, `groups/${teamId}/members`), [adaId]);
  });

  it("members of groups in groups are found, even where groups hold each other", async (t) => {
    const clouds = await openTestClouds(t);
    const outer = await clouds.azure.create(groupType, {
      displayName: "outer",
      securityEnabled: true,
      members: [teamId],
    });
    const { objectId } = outer.outputs;
    await clouds.http("POST", `/v1.0/groups/${teamId}/members/$ref`, reference(objectId));
    assert.deepEqual(await idsOf(clouds, `groups/${objectId}/members`), [teamId]);
    assert.deepEqual(await idsOf(clouds, `groups/${objectId}/transitiveMembers`), [adaId, teamId].sort());
    const { body } = await clouds.http("GET", `/v1.0/groups/${objectId}/transitiveMembers`);
    const kinds = body.value.map((member: Record<string, string>) => member["@odata.type"]).sort();
    assert.deepEqual(kinds, ["#microsoft.graph.group", "#microsoft.graph.user"]);
  });

  it("the members of a dynamic group follow from its rule", async (t) => {
    const clouds = await openTestClouds(t);
    const dynamic = {
      displayName: "dynamic",
      securityEnabled: true,
      types: ["DynamicMembership"],
      dynamicMembership: { enabled: true, rule: 'user.department -eq "data"' },
    };
    const { failures } = await clouds.azure.check(groupType, { ...dynamic, members: [adaId] });
    assert.deepEqual(
      failures.map(({ property }) => property),
      ["members"],
    );
    const unruled = await clouds.azure.check(groupType, { ...dynamic, dynamicMembership: undefined });
    assert.match(unruled.failures[0]?.reason ?? "", /need each other/);
    const { objectId } = (await clouds.azure.create(groupType, dynamic)).outputs;
    const refused = await clouds.http("POST", `/v1.0/groups/${objectId}/members/$ref`, reference(adaId));
    assert.equal(refused.status, 400);
    await assert.rejects(
      clouds.azure.create(memberType, { groupObjectId: objectId, memberObjectId: adaId }),
      /follow from its membership rule/,
    );
  });
});

describe("deleted groups", () => {
  it("a deleted group can be restored with its members, and not used until then", async (t) => {
    const clouds = await openTestClouds(t);
    const inputs = { displayName: "own", securityEnabled: true, members: [adaId] };
    const made = await clouds.azure.create(groupType, inputs);
    const { objectId } = made.outputs;
    await clouds.azure.delete(made);
    assert.equal(await clouds.azure.read(made), undefined);
    assert.equal((await clouds.http("GET", `/v1.0/groups/${objectId}`)).status, 404);
    const bin = "directory/deletedItems/microsoft.graph.group";
    assert.deepEqual(await idsOf(clouds, bin), [objectId]);
    // a name is free at once: the new group is another one
    const next = await clouds.azure.create(groupType, { ...inputs, preventDuplicateNames: true });
    assert.notEqual(next.outputs.objectId, objectId);
    assert.equal((await clouds.http("POST", `/v1.0/directory/deletedItems/${objectId}/restore`)).status, 200);
    assert.deepEqual(await idsOf(clouds, `groups/${objectId}/members`), [adaId]);
    assert.deepEqual(await idsOf(clouds, bin), []);
    assert.equal((await clouds.http("POST", `/v1.0/directory/deletedItems/${objectId}/restore`)).status, 404);
  });

  it("a person who deletes a group in the portal can restore it too", async (t) => {
    const clouds = await openTestClouds(t);
    const path = encodeURIComponent(`/groups/${teamId}`);
    assert.equal((await clouds.http("DELETE", `/sandbox/objects/${path}`)).status, 204);
    assert.deepEqual(await idsOf(clouds, "directory/deletedItems/microsoft.graph.group"), [teamId]);
    await clouds.http("POST", `/v1.0/directory/deletedItems/${teamId}/restore`);
    assert.deepEqual(await idsOf(clouds, `groups/${teamId}/members`), [adaId]);
  });
});

describe("service principals in Microsoft Graph", () => {
  it("they are found by application id and by display name", async (t) => {
    const id = "77777777-7777-4777-8777-777777777777";
    const appId = "88888888-8888-4888-8888-888888888888";
    const clouds = await openTestClouds(t, {
      servicePrincipals: [{ id, appId, displayName: "pipeline" }],
    });
    const find = (filter: string) => idsOf(clouds, `servicePrincipals?$filter=${encodeURIComponent(filter)}`);
    assert.deepEqual(await find(`appId eq '${appId}'`), [id]);
    assert.deepEqual(await find("displayName eq 'pipeline'"), [id]);
    assert.deepEqual((await clouds.http("GET", `/v1.0/servicePrincipals/${id}`)).body, {
      id,
      appId,
      displayName: "pipeline",
      servicePrincipalType: "Application",
    });
  });
});
