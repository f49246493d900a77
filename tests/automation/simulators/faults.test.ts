import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import type { Properties } from "./support/provider-client.ts";
import { groupType, makeGroup } from "./support/world.ts";

const fault = (more: Properties = {}): Properties => ({
  type: groupType,
  call: "create",
  message: "boom",
  ...more,
});

describe("faults", () => {
  it("the n-th call fails, as often as asked, and the ones before and after succeed", async (t) => {
    const { azure, http } = await openTestClouds(t);
    await http("POST", "/sandbox/faults", fault({ nth: 2, times: 2, code: "TooManyRequests" }));
    await makeGroup(azure, "one");
    await assert.rejects(makeGroup(azure, "two"), /Status=429 Code="TooManyRequests" Message="boom"/);
    await assert.rejects(makeGroup(azure, "two"), /boom/);
    await makeGroup(azure, "two");
    const [left] = (await http("GET", "/sandbox/faults")).body.value;
    assert.deepEqual([left.seen, left.remaining], [4, 0]);
  });

  it("a fault strikes its own call on its own type only", async (t) => {
    const { azure, http } = await openTestClouds(t);
    await http("POST", "/sandbox/faults", fault({ call: "delete" }));
    const made = await makeGroup(azure);
    await assert.rejects(azure.delete(made), /boom/);
    assert.notEqual(await azure.read(made), undefined);
  });

  it("every call can fail: check, read and update too", async (t) => {
    const { azure, http } = await openTestClouds(t);
    const made = await makeGroup(azure);
    await http("POST", "/sandbox/faults", fault({ call: "check" }));
    await assert.rejects(azure.check(groupType, made.inputs), /boom/);
    await http("POST", "/sandbox/faults", fault({ call: "read" }));
    await assert.rejects(azure.read(made), /boom/);
    await http("POST", "/sandbox/faults", fault({ call: "update" }));
    await assert.rejects(azure.update(made, { ...made.inputs, tags: { a: "1" } }), /boom/);
    assert.equal((await azure.read(made))?.outputs.tags, undefined);
  });

  it("a refusal after the commit comes too late: the work is done", async (t) => {
    const { azure, http } = await openTestClouds(t);
    await http("POST", "/sandbox/faults", fault({ afterCommit: true }));
    await assert.rejects(makeGroup(azure), /Status=500 Code="InternalServerError" Message="boom"/);
    await assert.rejects(makeGroup(azure), /cannot create already existing resource/);
  });

  it("a type may be named in short, and an unknown one is refused", async (t) => {
    const { http } = await openTestClouds(t);
    assert.equal(
      (await http("POST", "/sandbox/faults", fault({ type: "resourcegroup" }))).body.type,
      groupType,
    );
    assert.equal((await http("POST", "/sandbox/faults", fault({ type: "Nothing" }))).status, 400);
    assert.equal((await http("POST", "/sandbox/faults", fault({ nth: 0 }))).status, 400);
  });

  it("one fault or all are cleared", async (t) => {
    const { azure, http } = await openTestClouds(t);
    const first = (await http("POST", "/sandbox/faults", fault())).body;
    await http("POST", "/sandbox/faults", fault({ nth: 50 }));
    assert.equal((await http("DELETE", `/sandbox/faults/${first.faultId}`)).body.cleared, 1);
    await makeGroup(azure);
    assert.equal((await http("DELETE", "/sandbox/faults")).body.cleared, 1);
  });
});

describe("the log of calls", () => {
  it("holds every create, read, update and delete, with what became of it", async (t) => {
    const { azure, http } = await openTestClouds(t);
    const made = await makeGroup(azure);
    await assert.rejects(makeGroup(azure));
    await azure.read(made);
    await azure.update(made, { ...made.inputs, tags: { a: "1" } });
    await azure.delete(made);
    const { body } = await http("GET", "/sandbox/calls");
    const calls = body.value.map((entry: Properties) => [entry.call, entry.result, entry.id === made.id]);
    assert.deepEqual(calls, [
      ["create", "ok", true],
      ["create", "failed", false],
      ["read", "ok", true],
      ["update", "ok", true],
      ["delete", "ok", true],
    ]);
    const [first] = body.value;
    assert.deepEqual([first.type, first.name, first.stack], [groupType, "it", "tests/dev"]);
    assert.match(body.value[1].message, /already existing/);
    const later = await http("GET", `/sandbox/calls?since=${first.seq}`);
    assert.equal(later.body.value.length, 4);
  });
});

describe("the admin side", () => {
  it("a secret is created by its name alone, in a vault that exists", async (t) => {
    const { http } = await openTestClouds(t);
    const vaults =
      "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/rg-shared/providers/Microsoft.KeyVault/vaults";
    const put = (id: string) => http("PUT", `/sandbox/objects/${encodeURIComponent(id)}`, {});
    const made = await put(`${vaults}/ml-vault/secrets/new`);
    assert.deepEqual(
      [made.status, made.body.type, made.body.name],
      [201, "azure-native:keyvault:Secret", "new"],
    );
    assert.equal((await put(`${vaults}/none/secrets/new`)).status, 404);
  });

  it("an id that tells no type needs one", async (t) => {
    const { http } = await openTestClouds(t);
    const { status, body } = await http("PUT", "/sandbox/objects/thing%2Fone", {});
    assert.deepEqual([status, body.error.code], [400, "TypeNeeded"]);
  });

  it("what blocks a delete in Azure blocks a person too", async (t) => {
    const { azure, http } = await openTestClouds(t);
    const made = await makeGroup(azure);
    const target = `/sandbox/objects/${encodeURIComponent(made.id)}`;
    await http("PUT", target, { properties: { managedBy: made.id } });
    assert.equal((await http("DELETE", target)).status, 403);
  });

  it("an unknown route and a body that is no JSON are told so", async (t) => {
    const { http } = await openTestClouds(t);
    assert.equal((await http("GET", "/nothing")).status, 404);
    assert.equal((await http("PUT", "/sandbox/objects/x", { other: 1 })).body.error.code, "InvalidBody");
  });
});
