import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readyCondition } from "../../../automation/reconcile/readiness.ts";
import type { JobFacts } from "../../../metadata-schema/store.ts";

const stack = (name: string, change: Partial<JobFacts["stacks"][number]> = {}) => ({
  stack: name,
  inSync: true,
  running: false,
  failure: null,
  ...change,
});
const refusal = (type: "Blocked" | "Waiting", key: string): JobFacts["rowConditions"][number] => ({
  row: { table: "Access_Policies", key },
  condition: { type, status: "True", reason: "R", message: `${type} ${key}.`, since: "" },
});
const failure = { class: "permanent", message: "RunFailed: denied" } as const;
const ready = (change: Partial<JobFacts>) => {
  const whole = { jobId: 201, stacks: [stack("a")], rowConditions: [], changePending: false };
  const { status, reason, message } = readyCondition({ ...whole, ...change });
  return { status, reason, message };
};

describe("Ready of a job", () => {
  it("is True when all its stacks are applied and no row is held", () => {
    assert.deepEqual(ready({ stacks: [stack("a"), stack("b", { running: true })] }), {
      status: "True",
      reason: "Applied",
      message: "All 2 stacks have applied what its rows ask for.",
    });
  });

  it("is False for a Blocked row before a Waiting one, whatever the stacks are", () => {
    const rowConditions = [refusal("Waiting", "1"), refusal("Blocked", "2"), refusal("Waiting", "3")];
    assert.deepEqual(ready({ rowConditions, stacks: [stack("a", { inSync: false, failure })] }), {
      status: "False",
      reason: "RowBlocked",
      message: "Blocked 2. 2 more of its rows are not in force.",
    });
    assert.equal(ready({ rowConditions: [refusal("Waiting", "1")] }).message, "Waiting 1.");
    const two = ready({ rowConditions: [refusal("Waiting", "1"), refusal("Waiting", "2")] });
    assert.equal(two.message, "Waiting 1. 1 more of its rows is not in force.");
  });

  it("is False with the failure of a stack that is not in sync, and not of one that is", () => {
    const failed = ready({ stacks: [stack("a"), stack("b", { inSync: false, failure })] });
    assert.deepEqual(failed, { status: "False", reason: "RunFailed", message: "Stack b: RunFailed: denied" });
    assert.equal(ready({ stacks: [stack("a", { failure })] }).status, "True");
  });

  it("is False while stacks are behind, and names them", () => {
    const behind = ready({
      stacks: [stack("a"), stack("b", { inSync: false }), stack("c", { inSync: false })],
    });
    assert.deepEqual(behind, {
      status: "False",
      reason: "Reconciling",
      message: "2 of 3 stacks not applied yet: b, c.",
    });
  });

  it("is False while a change is being resolved, and for a job with no stack at all", () => {
    assert.equal(ready({ changePending: true }).reason, "Reconciling");
    assert.equal(ready({ stacks: [] }).reason, "NothingAdmitted");
  });
});
