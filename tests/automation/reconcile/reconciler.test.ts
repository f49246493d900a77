/** Rounds of the reconciler on a real store, with names answered by a script. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../../automation/clock.ts";
import { createLogger } from "../../../automation/log.ts";
import { noObserver } from "../../../automation/observe/run-observer.ts";
import { type NameAnswer, type NameQuery, queryKey } from "../../../automation/reconcile/names-needed.ts";
import { Reconciler } from "../../../automation/reconcile/reconciler.ts";
import { subjectKey } from "../../../metadata-schema/contributions.ts";
import type { MetadataStore, NewRow } from "../../../metadata-schema/store.ts";
import { jobOutputs, platformOutputs, workspaceOutputs } from "../../support/applied-outputs.ts";
import { cluster, environment, job, policy } from "../../support/small-rows.ts";
import { openTempStore, type TempStore } from "../../support/temp-store.ts";
import { TestClock } from "../../support/test-clock.ts";

const teamId = "00000000-0000-4000-8000-0000000000aa";
const access = `access-eastus-${teamId}`;
const platform = "platform-eastus";
const workspace = "workspace-eastus";

describe("the reconciler", () => {
  let temp: TempStore;
  let store: MetadataStore;
  let clock: TestClock;
  let names: Map<string, NameAnswer>;
  let asked: string[];
  let desired: number;
  let reconciler: Reconciler;

  const open = (hashSuffix = "+v1", over: MetadataStore = store): Reconciler =>
    new Reconciler({
      store: over,
      directory: {
        forget: () => {},
        lookUp: async (query: NameQuery) => {
          asked.push(queryKey(query));
          if (query.kind === "resource") return { status: "found", objectId: query.name };
          return names.get(query.name) ?? { status: "missing" };
        },
      },
      clock: systemClock,
      log: createLogger(null, "info"),
      observer: noObserver,
      realm: "test",
      hashSuffix,
      onDesired: () => {
        desired += 1;
      },
    });

  beforeEach(async () => {
    clock = new TestClock();
    temp = await openTempStore({ clock });
    store = temp.store;
    names = new Map([["ds_team", { status: "found", objectId: teamId }]]);
    asked = [];
    desired = 0;
    reconciler = open();
  });
  afterEach(() => temp.close().catch(() => {}));

  async function quiet(which = reconciler): Promise<number> {
    for (let rounds = 0; rounds < 20; rounds++) if (!(await which.round())) return rounds;
    return assert.fail("rounds never end");
  }
  const recordOf = async (stack: string) => (await store.getStack(stack)) ?? assert.fail(`no stack ${stack}`);
  const readyOf = async (jobId: number) =>
    (await store.conditions({ kind: "job", jobId })).find(({ type }) => type === "Ready")?.reason;
  const dueStacks = async () => (await store.listWork(500)).map(({ stack }) => stack.stack).toSorted();

  async function apply(stack: string, outputs: Record<string, unknown>, from = store): Promise<void> {
    const record = await recordOf(stack);
    const got = await from.acquireLease({
      stack,
      owner: { host: "h", pid: 1, startedAt: "1" },
      leaseMs: 30_000,
      runId: crypto.randomUUID(),
      kind: "update",
      reason: "spec-changed",
      desiredHash: record.desired.hash,
    });
    assert.ok(got.status === "acquired");
    await from.settleRun(got.lease, { status: "succeeded", outputs, changes: {} });
  }

  /** What the jobs of the environment wait for. */
  async function applyPlatform(): Promise<void> {
    await apply(platform, platformOutputs);
    await quiet();
    await apply(workspace, workspaceOutputs);
    await quiet();
  }

  /** One environment and job 201 with a grant; its platform has been applied. */
  async function withPlatform(...rows: Parameters<MetadataStore["insertRows"]>[0]): Promise<void> {
    await store.insertRows([environment(), job(201), cluster(201, 1, 2), ...rows]);
    await quiet();
    await applyPlatform();
  }

  it("turns changes of rows into what stacks must become, then rests", async () => {
    await store.insertRows([environment(), job(201), cluster(201, 1, 2), policy(201, ["read_model"])]);
    await quiet();
    assert.deepEqual(await dueStacks(), [platform], "the rest waits for the platform's outputs");
    assert.equal(await readyOf(201), "RowWaiting");
    assert.ok(desired > 0, "the pool was told");
    await apply(platform, platformOutputs);
    await quiet();
    assert.deepEqual(await dueStacks(), [access, workspace]);
    await apply(workspace, workspaceOutputs);
    await quiet();
    assert.deepEqual(await dueStacks(), [access, "job-eastus-201"]);
    assert.equal((await recordOf(access)).desired.spec?.kind, "access");
    assert.equal(await readyOf(201), "RowWaiting", "for its own stack: its lists name what that makes");
    await apply("job-eastus-201", jobOutputs(201));
    await quiet();
    assert.deepEqual(await dueStacks(), [access, "acl-eastus-job-201"]);
    assert.equal(await readyOf(201), "Reconciling");
    const told = desired;
    assert.equal(await quiet(), 0);
    assert.equal(desired, told);
  });

  it("merges a stack to which nothing is admitted once and not again and again", async () => {
    await store.insertRows([environment(), job(201), policy(201, ["execute_inference"])]);
    assert.ok((await quiet()) < 5);
    assert.deepEqual(await store.stacksToMerge(10), []);
  });

  it("gives the reason why rows wait, and looks a missing group up again when its time has come", async () => {
    names.clear();
    await withPlatform(policy(201, ["read_model"]));
    assert.equal(await readyOf(201), "RowWaiting");
    assert.equal(await store.getStack(access), null);
    names.set("ds_team", { status: "found", objectId: teamId });
    asked.length = 0;
    clock.advance(14_000);
    assert.equal(await quiet(), 0);
    assert.equal(asked.length, 0);
    clock.advance(1_001);
    await quiet();
    assert.ok(asked.includes("group:ds_team"));
    assert.equal((await recordOf(access)).desired.spec?.kind, "access");
  });

  it("counts a fault of the directory as unavailable, and resolves the rest", async () => {
    names.set("ds_team", undefined as unknown as NameAnswer);
    const broken = new Reconciler({
      store,
      directory: { forget: () => {}, lookUp: () => Promise.reject(new Error("Graph is away")) },
      clock: systemClock,
      log: createLogger(null, "info"),
      observer: noObserver,
      realm: "test",
      hashSuffix: "+v1",
      onDesired: () => {},
    });
    await store.insertRows([environment({ key_vault_id: null }), job(201), policy(201, ["read_model"])]);
    await quiet(broken);
    const messages = (await store.jobFacts([201]))[0]?.rowConditions.map(
      ({ condition }) => condition.message,
    );
    assert.ok(messages?.some((message) => message.includes("Graph is away")));
    assert.deepEqual(await dueStacks(), [platform]);
  });

  it("takes a grant away in the urgent lane at the instant it expires", async () => {
    await withPlatform(policy(201, ["read_model"], { expires_at: clock.in(60_000) }));
    await apply("job-eastus-201", jobOutputs(201));
    await quiet();
    await apply(access, {});
    assert.equal((await recordOf(access)).lane, "normal");
    clock.advance(59_000);
    assert.equal(await quiet(), 0);
    clock.advance(1_000);
    await quiet();
    const record = await recordOf(access);
    assert.deepEqual([record.desired.spec, record.lane], [null, "urgent"]);
  });

  it("resolves who refers to an output that changed, and nobody else", async () => {
    await withPlatform(job(202), cluster(202, 1, 2), policy(201, ["execute_inference"]));
    await apply("job-eastus-202", { databricks_job_id: "2", cluster_policy_id: "P2" });
    await quiet();
    await apply("job-eastus-201", { databricks_job_id: "1", cluster_policy_id: "P1" });
    const changes = await store.readChanges(10);
    assert.deepEqual(
      changes.map(({ subject }) => subjectKey(subject)),
      ["job:201"],
    );
    await quiet();
    const spec = (await recordOf("acl-eastus-job-201")).desired.spec;
    assert.deepEqual(spec?.kind === "acl" && spec.objects.map(({ type, id }) => [type, id]), [["job", "1"]]);
  });

  it("makes every stack due in the upgrade lane under another version, each once", async () => {
    await withPlatform();
    await apply("job-eastus-201", { databricks_job_id: "1" });
    await quiet();
    assert.deepEqual(await dueStacks(), []);
    const upgraded = open("+v2");
    await quiet(upgraded);
    assert.deepEqual(await dueStacks(), ["job-eastus-201", platform, workspace]);
    for (const stack of ["job-eastus-201", platform, workspace]) {
      const record = await recordOf(stack);
      assert.equal(record.lane, "upgrade");
      assert.ok(record.desired.hash.endsWith("+v2"));
    }
    assert.equal(await quiet(upgraded), 0);
  });

  it("resolves more changes than one round takes", async () => {
    const jobs = Array.from({ length: 230 }, (_, index) => job(1_000 + index));
    await store.insertRows([environment(), ...jobs]);
    assert.ok(await reconciler.round());
    assert.ok((await store.readChanges(500)).length > 0, "one round leaves some");
    assert.ok((await quiet()) >= 1);
    assert.deepEqual(await store.readChanges(1), []);
    assert.ok((await readyOf(1_229)) !== undefined);
  });

  describe("of two jobs that would let one group both change and run pipelines", () => {
    const engineer = { role: "DataEngineer" };
    const exception = (exception_id: number, guardrail: string, subject: string): NewRow => ({
      table: "Guardrail_Exceptions",
      values: {
        ...{ exception_id, job_id: 201, guardrail, subject },
        ...{ reason: "They move it", expires_at: "2090-01-01T00:00:00Z" },
      },
    });
    const editor = (...exceptions: readonly NewRow[]) => [
      policy(201, ["edit_pipeline"], { ...engineer, policy_id: 21 }),
      exception(1, "pipeline-write", "Pipeline Editor"),
      ...exceptions,
    ];
    const runner = [job(202), policy(202, ["run_pipeline"], { ...engineer, policy_id: 22 })];
    const rolesOf = async () => {
      const { spec } = (await recordOf(access)).desired;
      return spec?.kind === "access" ? spec.roleAssignments.map(({ roleName }) => roleName).toSorted() : null;
    };
    const edit = (sql: string): void => {
      const editor = new DatabaseSync(temp.file);
      editor.exec(sql);
      editor.close();
    };
    const blockedRows = async () => {
      const rows = ["21", "22"].map(async (key) => {
        const told = await store.conditions({ kind: "row", row: { table: "Access_Policies", key } });
        return told.flatMap(({ type, reason }) => (type === "Blocked" ? [`${key} ${reason}`] : []));
      });
      return (await Promise.all(rows)).flat();
    };

    it("blocks the row that changes them, whichever comes first, until the other one goes", async () => {
      await withPlatform(...editor());
      assert.deepEqual(await rolesOf(), ["Pipeline Editor"]);
      await store.insertRows(runner);
      await quiet();
      assert.deepEqual(await rolesOf(), ["Pipeline Operator"]);
      assert.deepEqual(await blockedRows(), ["21 DutiesNotSeparate"]);
      assert.equal(await readyOf(201), "RowBlocked");
      edit("DELETE FROM Access_Policies WHERE policy_id = 22");
      await quiet();
      assert.deepEqual(await rolesOf(), ["Pipeline Editor"]);
      assert.deepEqual(await blockedRows(), []);
    });

    it("looks again where the row that changes them came last", async () => {
      await withPlatform(...runner);
      await store.insertRows(editor());
      await quiet();
      assert.deepEqual(await rolesOf(), ["Pipeline Operator"]);
      assert.deepEqual(await blockedRows(), ["21 DutiesNotSeparate"]);
      edit("DELETE FROM Access_Policies WHERE policy_id = 22");
      await quiet();
      clock.advance(61_000);
      await quiet();
      assert.deepEqual(await rolesOf(), ["Pipeline Editor"]);
      assert.deepEqual(await blockedRows(), []);
    });

    it("lets an exception or a place to try things have both", async () => {
      await withPlatform(...editor(exception(2, "separate-duties", "ds_team")), ...runner);
      assert.deepEqual(await rolesOf(), ["Pipeline Editor", "Pipeline Operator"]);
      assert.deepEqual(await blockedRows(), []);
      edit("DELETE FROM Guardrail_Exceptions WHERE exception_id = 2");
      await quiet();
      assert.deepEqual(await rolesOf(), ["Pipeline Operator"]);
      edit("UPDATE Environments SET production = 0");
      await quiet();
      assert.deepEqual(await rolesOf(), ["Pipeline Editor", "Pipeline Operator"]);
      assert.deepEqual(await blockedRows(), []);
    });
  });

  it("resolves a job at once when asked, and has it merged before it returns", async () => {
    await withPlatform();
    await store.insertRows([policy(201, ["read_model"])]);
    await reconciler.resolveNow(201);
    assert.equal((await recordOf(access)).desired.spec?.kind, "access");
  });

  it("goes on by itself after a database fault, and stops when asked", async () => {
    let broken = true;
    let failed = 0;
    const faulty = new Proxy(store, {
      get(target, name) {
        if (name === "wake" && broken)
          return () => {
            failed += 1;
            return Promise.reject(new Error("database is locked"));
          };
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const loop = open("+v1", faulty);
    loop.start();
    while (failed === 0) await systemClock.sleep(5);
    broken = false;
    await store.insertRows([environment()]);
    loop.poke();
    while ((await dueStacks()).length === 0) await systemClock.sleep(5);
    await loop.stop();
  });

  it("a closed database does not end the loop or keep it from stopping", async () => {
    const loop = open();
    loop.start();
    await store.close();
    await systemClock.sleep(300);
    await loop.stop();
  });
});
