import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { ServiceError } from "../../../automation/errors.ts";
import { requestAction } from "../../../automation/reconcile/job-actions.ts";
import { absentHash } from "../../../metadata-schema/store.ts";
import { contribute, contribution, desired, seed } from "../../metadata-schema/conformance/kit.ts";
import { openTempStore, type TempStore } from "../../support/temp-store.ts";

describe("an action on a job", () => {
  let temp: TempStore;
  let told: string[];
  beforeEach(async () => {
    temp = await openTempStore();
    told = [];
    await seed(temp.store);
    const waits = contribution("acl-eastus-cluster-policy-201", { admitted: [] });
    await contribute(
      temp.store,
      201,
      contribution("acl-eastus-job-201"),
      contribution("job-eastus-201"),
      waits,
    );
    await temp.store.setDesired("acl-eastus-job-201", 1, desired("h"), "normal", null);
    await temp.store.setDesired("job-eastus-201", 1, desired(absentHash, { spec: null }), "normal", null);
  });
  afterEach(() => temp.close());
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const ask = (kind: "refresh" | "preview" | "reconcile", jobId = 201) =>
    requestAction(kind, jobId, {
      store: temp.store,
      traceId,
      resolveNow: async (id) => void told.push(`resolve ${id}`),
      onQueued: () => void told.push("queued"),
    });

  it("queues one run for each stack that the job contributes to and that should exist", async () => {
    const kinds = { refresh: "refresh", preview: "preview", reconcile: "update" } as const;
    for (const kind of ["refresh", "preview", "reconcile"] as const) {
      const { runs, requestId } = await ask(kind);
      assert.deepEqual(
        runs.map((run) => [run.stack, run.kind, run.status]),
        [["acl-eastus-job-201", kinds[kind], "queued"]],
      );
      assert.deepEqual(
        runs.map((run) => run.traceId),
        [traceId],
      );
      assert.equal((await temp.store.getRequest(requestId))?.kind, kind);
    }
  });

  it("resolves the job first for a reconcile, and for nothing else", async () => {
    await ask("preview");
    assert.deepEqual(told, ["queued"]);
    await ask("reconcile");
    assert.deepEqual(told, ["queued", "resolve 201", "queued"]);
  });

  it("on a job that does not exist is refused", async () => {
    await assert.rejects(ask("refresh", 999), (fault: ServiceError) => {
      assert.deepEqual([fault.code, fault.status], ["JobNotFound", 404]);
      return true;
    });
    assert.deepEqual(told, []);
  });
});
