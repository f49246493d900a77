import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { tellStackConditions } from "../../../automation/reconcile/settled.ts";
import type { RunRecord } from "../../../metadata-schema/store.ts";
import { applyStack, failure as failed, takeRequestedLease } from "../../metadata-schema/conformance/kit.ts";
import { openTempStore, type TempStore } from "../../support/temp-store.ts";

const stack = "platform-eastus";

describe("the conditions of a stack after a run", () => {
  let temp: TempStore;
  beforeEach(async () => {
    temp = await openTempStore();
    await applyStack(temp.store, stack);
  });
  afterEach(() => temp.close());

  async function after(run: Partial<RunRecord>): Promise<readonly string[]> {
    const whole = { runId: "r1", stack, kind: "update", status: "succeeded", changes: {}, failure: null };
    await tellStackConditions(temp.store, { ...whole, ...run } as RunRecord);
    const conditions = await temp.store.conditions({ kind: "stack", stack });
    return conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`).toSorted();
  }
  const failure = (message: string) => ({ class: "transient", message }) as const;

  it("are Ready after a success", async () => {
    assert.deepEqual(await after({}), ["Ready True Applied"]);
  });

  it("are not Ready after a failure, with its code as reason", async () => {
    const locked = { status: "failed", failure: failure("Locked: by ada") } as const;
    assert.deepEqual(await after(locked), ["Ready False Locked"]);
    const plain = { status: "failed", failure: failure("it broke") } as const;
    assert.deepEqual(await after(plain), ["Ready False RunFailed"]);
    assert.deepEqual(await after({ status: "lost" }), ["Ready False RunFailed"]);
  });

  it("tell drift after a refresh and forget it after the next update", async () => {
    const drifted = { kind: "refresh", changes: { same: 3, update: 1, delete: 0 } } as const;
    assert.deepEqual(await after(drifted), ["Drifted True CloudsDiffer"]);
    assert.deepEqual(await after({}), ["Ready True Applied"]);
    assert.deepEqual(await after({ kind: "refresh", changes: { same: 3 } }), [
      "Drifted False InSync",
      "Ready True Applied",
    ]);
  });

  it("tell no more of drift than is known after a run that failed", async () => {
    await temp.store.settleRun(await takeRequestedLease(temp.store, stack), failed());
    assert.deepEqual(await after({ kind: "refresh", changes: { same: 3 } }), ["Drifted Unknown NotApplied"]);
    const drifted = { kind: "refresh", changes: { update: 1 } } as const;
    assert.deepEqual(await after(drifted), ["Drifted True CloudsDiffer"]);
  });

  it("are left alone by a preview, a failed refresh and a stack that is gone", async () => {
    assert.deepEqual(await after({ kind: "preview" }), []);
    assert.deepEqual(await after({ kind: "refresh", status: "failed" }), []);
    await after({ stack: "platform-westus" });
    assert.deepEqual(await temp.store.conditions({ kind: "stack", stack: "platform-westus" }), []);
  });
});
