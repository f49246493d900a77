import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NameAnswer, NameQuery } from "../../../automation/reconcile/names-needed.ts";
import type { EntryItem } from "../../../metadata-schema/contributions.ts";
import type { ModelRow } from "../../../metadata-schema/rows.ts";
import {
  admittedIn,
  answers,
  host,
  jobRow,
  jobSnapshot,
  now,
  policyRow,
  refusals,
  resolve,
  teamId,
} from "../../support/snapshots.ts";

const stack = "job-eastus-201";
const access = `access-eastus-${teamId}`;
const model = (name: string, answer: NameAnswer): readonly [NameQuery, NameAnswer] => [
  { kind: "model", name, workspace: host },
  answer,
];
const version = (name: string, answer: NameAnswer): readonly [NameQuery, NameAnswer] => [
  { kind: "model-version", name, workspace: host },
  answer,
];
const modelRow = (change: Partial<ModelRow> = {}): ModelRow => ({
  name: "ml.models.job_201",
  environment: "eastus",
  owner: null,
  version: 7,
  serving_size: "Medium",
  description: null,
  ...change,
});
const jobItem = (items: readonly EntryItem[]) =>
  items.find((item): item is Extract<EntryItem, { kind: "job" }> => item.kind === "job")?.job;

describe("an online job", () => {
  const online = jobRow({ kind: "online" });

  it("serves the version that its model's row names, in the row's size", () => {
    const resolution = resolve(jobSnapshot({ job: online, models: [modelRow()] }));
    assert.deepEqual(jobItem(admittedIn(resolution, stack))?.serving, { version: "7", size: "Medium" });
    assert.deepEqual(refusals(resolution), []);
  });

  it("serves the newest version where none is named, and looks for newer ones", () => {
    const newest = answers(version("ml.models.job_201", { status: "found", objectId: "12" }));
    const resolution = resolve(jobSnapshot({ job: online }), newest);
    assert.deepEqual(jobItem(admittedIn(resolution, stack))?.serving, { version: "12", size: "Small" });
    assert.ok(resolution.wakeAt !== null && resolution.wakeAt > now);
  });

  it("is built without an endpoint until its model has a version, and says so", () => {
    const resolution = resolve(jobSnapshot({ job: online }));
    assert.equal(jobItem(admittedIn(resolution, stack))?.serving, null);
    assert.deepEqual(refusals(resolution), ["Jobs 201 Waiting ModelVersionNotFound"]);
  });

  it("gives execute_inference on its endpoint, and nothing that only a batch job has", () => {
    const outputs = jobSnapshot().outputs;
    const withEndpoint = {
      ...outputs,
      [stack]: { ...outputs[stack], serving_endpoint_id: "e1", databricks_job_id: null },
    };
    const good = policyRow({ permissions: ["execute_inference"] });
    const resolution = resolve(
      jobSnapshot({ job: online, models: [modelRow()], outputs: withEndpoint, policies: [good] }),
    );
    const levels = admittedIn(resolution, "acl-eastus-job-201").flatMap((item) =>
      item.kind === "access-control" && item.accessControl.principal === "group"
        ? [[item.objectType, item.accessControl.level]]
        : [],
    );
    assert.deepEqual(levels, [["serving-endpoint", "CAN_QUERY"]]);
    const bad = policyRow({ permissions: ["use_compute"] });
    assert.deepEqual(refusals(resolve(jobSnapshot({ job: online, models: [modelRow()], policies: [bad] }))), [
      "Access_Policies 1 Blocked PermissionUnavailable",
    ]);
  });
});

describe("a model that a row names", () => {
  const policies = [policyRow({ permissions: ["read_model"], model: "ml.models.shared" })];

  it("is waited for while it does not exist, and holds back nothing of others", () => {
    const other = policyRow({ policy_id: 2, permissions: ["execute_inference"] });
    const resolution = resolve(jobSnapshot({ policies: [...policies, other] }));
    assert.deepEqual(refusals(resolution), ["Access_Policies 1 Waiting ModelNotFound"]);
    assert.deepEqual(
      admittedIn(resolution, access).map(({ kind }) => kind),
      ["workspace-member"],
    );
  });

  it("is granted on once it is there", () => {
    const there = answers(model("ml.models.shared", { status: "found", objectId: "ml.models.shared" }));
    const resolution = resolve(jobSnapshot({ policies }), there);
    assert.deepEqual(refusals(resolution), []);
    assert.ok(
      admittedIn(resolution, access).some(
        (item) => item.kind === "unity-grant" && item.unityGrant.name === "ml.models.shared",
      ),
    );
  });

  it("of a job must exist, unless it is the job's own", () => {
    const named = jobRow({ model: "ml.models.shared" });
    assert.deepEqual(refusals(resolve(jobSnapshot({ job: named }))), ["Jobs 201 Waiting ModelNotFound"]);
    const own = resolve(jobSnapshot({ job: jobRow({ model: "ML.models.job_201" }) }));
    assert.equal(jobItem(admittedIn(own, stack))?.ownsModel, true);
  });
});
