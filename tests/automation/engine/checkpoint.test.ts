import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  awaitsRefresh,
  checkpointText,
  type Deployment,
  graft,
  isOurBookkeeping,
  parseCheckpoint,
  pendingCreates,
  providerOf,
  resourceOf,
  type StateResource,
  withoutPendingCreate,
  withPendingCreate,
} from "../../../automation/engine/checkpoint.ts";
import { unknownValue } from "../../../program/adoption/rules.ts";

const root: StateResource = { urn: "urn:stack", type: "pulumi:pulumi:Stack", custom: false };
const provider: StateResource = {
  urn: "urn:provider",
  type: "pulumi:providers:azure-native",
  custom: true,
  id: "p1",
  parent: root.urn,
};
const job: StateResource = {
  urn: "urn:job",
  type: "databricks:index/job:Job",
  custom: true,
  inputs: { name: "a" },
  parent: root.urn,
  provider: "urn:provider::p1",
};
const base: Deployment = { resources: [root, provider] };
const parse = (deployment: unknown) =>
  parseCheckpoint(JSON.stringify({ version: 3, checkpoint: { stack: "s", latest: deployment } }));
const why = (text: string): string => {
  const parsed = parseCheckpoint(text);
  return parsed.status === "unreadable" ? parsed.why : parsed.status;
};

describe("a checkpoint", () => {
  it("is read and written whole", () => {
    const parsed = parseCheckpoint(checkpointText("s", "rowgate", base));
    assert.deepEqual(parsed, { status: "good", deployment: base });
    assert.deepEqual(parseCheckpoint('{"version":3,"checkpoint":{"stack":"s"}}'), {
      status: "good",
      deployment: null,
    });
  });

  it("that the engine could not use says why", () => {
    assert.equal(why(""), "it is empty");
    assert.equal(why('{"version":3'), "it is no whole JSON");
    assert.equal(why('{"version":2,"checkpoint":{}}'), "it is no checkpoint of version 3");
    assert.equal(why("null"), "it is no checkpoint of version 3");
    const faults = [
      [{ resources: {} }, /no list/],
      [{ resources: [{ urn: "x" }] }, /no URN or type/],
      [{ resources: [provider, root] }, /before its parent/],
      [{ resources: [root, job] }, /before its provider/],
      [{ resources: [root, { ...root, urn: "y", dependencies: ["z"] }] }, /on which it depends/],
      [{ resources: [], pending_operations: [{ type: "creating" }] }, /pending operations/],
    ] as const;
    for (const [deployment, words] of faults) {
      const parsed = parse(deployment);
      assert.match(parsed.status === "unreadable" ? parsed.why : "good", words);
    }
  });

  it("gets a pending create once, and loses it again", () => {
    const pending = withPendingCreate(withPendingCreate(base, job), job);
    assert.deepEqual(pendingCreates(pending), [job]);
    assert.deepEqual(pendingCreates(withoutPendingCreate(pending, job.urn)), []);
    const updating = { ...base, pending_operations: [{ resource: job, type: "updating" }] };
    assert.deepEqual(withoutPendingCreate(updating, job.urn), updating, "only creates are cleared");
    assert.deepEqual(pendingCreates(updating), []);
  });

  it("gets a resource with its id in place of its pending create, and awaits a refresh", () => {
    const grafted = graft(
      withPendingCreate(base, job),
      { ...job, inputs: { name: "a", runAs: unknownValue } },
      "7",
    );
    assert.deepEqual(pendingCreates(grafted), []);
    const held = resourceOf(grafted, job.urn);
    assert.deepEqual([held?.id, held?.inputs, held?.outputs], ["7", { name: "a" }, { name: "a" }]);
    assert.equal(parse(grafted).status, "good");
    assert.equal(awaitsRefresh(grafted), true);
    assert.equal(awaitsRefresh(base), false);
  });

  it("keeps what held the URN before to be deleted, unless it is gone already or the same", () => {
    const old = { ...job, id: "6" };
    const kept = graft({ resources: [root, provider, old] }, job, "7").resources ?? [];
    assert.deepEqual(kept.map(({ id, delete: goes }) => [id, goes ?? false]).slice(2), [
      ["6", true],
      ["7", false],
    ]);
    const same = graft({ resources: [root, provider, { ...job, id: "7" }] }, job, "7").resources ?? [];
    assert.equal(same.length, 3);
    const gone = graft({ resources: [root, provider, { ...old, pendingReplacement: true }] }, job, "7");
    assert.equal(gone.resources?.length, 3);
  });

  it("knows its providers and what is in no cloud", () => {
    assert.equal(providerOf(base, job.provider), provider);
    assert.equal(providerOf(base, "urn:provider::p2"), undefined);
    assert.deepEqual([root, provider, job].map(isOurBookkeeping), [true, true, false]);
  });
});
