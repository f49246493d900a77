import assert from "node:assert/strict";
import { ConflictError, RowNotFoundError } from "../../../metadata-schema/errors.ts";
import type { ConditionInput, ConditionSubject, MetadataStore } from "../../../metadata-schema/store.ts";
import {
  absent,
  applyStack,
  type Case,
  contribute,
  contribution,
  desired,
  failure,
  job,
  resolution,
  resolveAll,
  seed,
  success,
  takeLease,
  takeRequestedLease,
} from "./kit.ts";

const ready: ConditionInput = { type: "Ready", status: "False", reason: "Running", message: "Wait." };

export function recordCases(fact: Case): void {
  conditionCases(fact);
  goneJobCases(fact);
  factCases(fact);
  rowFactCases(fact);
  requestCases(fact);
  stepCases(fact);
  fact("a stack without a success has no outputs", async ({ store }) => {
    assert.equal(await store.outputs("stack-a"), null);
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    await store.settleRun(await takeLease(store, "stack-a"), failure());
    assert.equal(await store.outputs("stack-a"), null);
  });

  fact("a success with no outputs is a success", async ({ store, clock }) => {
    await applyStack(store, "stack-a", desired(), {});
    assert.deepEqual((await store.outputs("stack-a"))?.values, {});
    assert.equal((await store.outputs("stack-a"))?.asOf, clock.in(0));
  });
}

function conditionCases(fact: Case): void {
  const subjects: readonly (readonly [ConditionSubject, string])[] = [
    [{ kind: "row", row: { table: "Access_Policies", key: "17" } }, "Access_Policies 17"],
    [{ kind: "job", jobId: 201 }, "201"],
    [{ kind: "environment", name: "eastus" }, "eastus"],
    [{ kind: "stack", stack: "stack-a" }, "stack-a"],
  ];
  for (const [subject, key] of subjects)
    fact(
      `a condition on a ${subject.kind} is set, read by subject and by type, and cleared`,
      async ({ store }) => {
        await seed(store);
        const since = await store.now();
        await store.setConditions([{ subject, condition: ready }]);
        assert.deepEqual(await store.conditions(subject), [{ ...ready, since }]);
        assert.deepEqual(
          [...(await store.conditionsByType(subject.kind, "Ready"))],
          [[key, { ...ready, since }]],
        );
        await store.clearConditions([{ subject, type: "Drifted" }]);
        assert.equal((await store.conditions(subject)).length, 1);
        await store.clearConditions([{ subject, type: "Ready" }]);
        assert.deepEqual(await store.conditions(subject), []);
      },
    );

  fact(
    "a condition is replaced by type, and its since stays while its status stays",
    async ({ store, clock }) => {
      await seed(store);
      const subject = { kind: "job", jobId: 201 } as const;
      const since = await store.now();
      await store.setConditions([{ subject, condition: ready }]);
      clock.advance(1_000);
      await store.setConditions([
        { subject, condition: { ...ready, reason: "Failed", message: "Mend it." } },
      ]);
      assert.deepEqual(await store.conditions(subject), [
        { ...ready, reason: "Failed", message: "Mend it.", since },
      ]);
      await store.setConditions([{ subject, condition: { ...ready, status: "True" } }]);
      assert.deepEqual(await store.conditions(subject), [{ ...ready, status: "True", since: clock.in(0) }]);
    },
  );

  fact("conditions of one type leave the other types and kinds alone", async ({ store }) => {
    await seed(store);
    const subject = { kind: "job", jobId: 201 } as const;
    await store.setConditions([
      { subject, condition: ready },
      { subject, condition: { ...ready, type: "Drifted" } },
      { subject: { kind: "stack", stack: "201" }, condition: ready },
    ]);
    assert.deepEqual(
      (await store.conditions(subject)).map(({ type }) => type),
      ["Drifted", "Ready"],
    );
    assert.equal((await store.conditionsByType("job", "Ready")).size, 1);
  });
}

function goneJobCases(fact: Case): void {
  const subject = { kind: "job", jobId: 201 } as const;
  const types = async (store: MetadataStore, jobId = 201) =>
    (await store.conditions({ kind: "job", jobId })).map(({ type }) => type);

  fact("a condition on a job that does not exist is not set; the others of the call are", async (kit) => {
    await seed(kit.store);
    await kit.raw("DELETE FROM Jobs WHERE job_id = 201");
    await kit.store.setConditions([
      { subject, condition: ready },
      { subject: { kind: "job", jobId: 202 }, condition: ready },
    ]);
    assert.deepEqual(await types(kit.store), []);
    assert.deepEqual(await types(kit.store, 202), ["Ready"]);
    assert.deepEqual([...(await kit.store.conditionsByType("job", "Ready")).keys()], ["202"]);
  });

  fact("the conditions of a deleted job go when its end is resolved, no others", async ({ store, raw }) => {
    await seed(store);
    await store.setConditions([
      { subject, condition: ready },
      { subject, condition: { ...ready, type: "Drifted" } },
      { subject: { kind: "job", jobId: 202 }, condition: ready },
      { subject: { kind: "stack", stack: "201" }, condition: ready },
    ]);
    await store.touch([job(201)]);
    await resolveAll(store);
    assert.deepEqual(await types(store), ["Drifted", "Ready"]);
    await raw("DELETE FROM Jobs WHERE job_id = 201");
    assert.deepEqual(await types(store), ["Drifted", "Ready"]);
    await resolveAll(store);
    assert.deepEqual(await types(store), []);
    assert.deepEqual(await types(store, 202), ["Ready"]);
    assert.equal((await store.conditions({ kind: "stack", stack: "201" })).length, 1);
  });
}

const factsOf = async (store: MetadataStore, jobId: number) => {
  const [facts] = await store.jobFacts([jobId]);
  assert.ok(facts);
  return facts;
};

function factCases(fact: Case): void {
  fact("the facts of a job tell which of its stacks are in sync, running or failed", async ({ store }) => {
    await contribute(
      store,
      201,
      ...["stack-failed", "stack-running", "stack-synced"].map((s) => contribution(s)),
    );
    for (const { stack, version } of await store.stacksToMerge(10))
      await store.setDesired(stack, version, desired(), "normal", null);
    await store.settleRun(await takeLease(store, "stack-synced"), success());
    await store.settleRun(await takeLease(store, "stack-failed"), failure());
    await takeLease(store, "stack-running");
    assert.deepEqual((await factsOf(store, 201)).stacks, [
      {
        stack: "stack-failed",
        inSync: false,
        running: false,
        failure: { class: "transient", message: "Too many requests." },
      },
      { stack: "stack-running", inSync: false, running: true, failure: null },
      { stack: "stack-synced", inSync: true, running: false, failure: null },
    ]);
  });

  fact("a stack whose contributions are not merged yet is not in sync", async ({ store }) => {
    await applyStack(store, "stack-a");
    await contribute(store, 201, contribution("stack-a"), contribution("stack-new"));
    assert.deepEqual(
      (await factsOf(store, 201)).stacks.map(({ stack, inSync }) => [stack, inSync]),
      [
        ["stack-a", false],
        ["stack-new", false],
      ],
    );
  });

  fact("jobs that share stacks have the facts of each told of both", async ({ store }) => {
    await contribute(store, 201, contribution("stack-b"), contribution("stack-a"));
    await contribute(store, 202, contribution("stack-b"), contribution("stack-c", { admitted: [] }));
    for (const { stack, version } of await store.stacksToMerge(10))
      await store.setDesired(stack, version, stack === "stack-c" ? absent : desired(), "normal", null);
    await store.settleRun(await takeLease(store, "stack-b"), success());
    const told = (await store.jobFacts([202, 201, 203])).map(({ jobId, stacks }) => [
      jobId,
      stacks.map(({ stack, inSync }) => `${stack} ${inSync}`),
    ]);
    assert.deepEqual(told, [
      [202, ["stack-b true"]],
      [201, ["stack-a false", "stack-b true"]],
      [203, []],
    ]);
    assert.deepEqual(await store.jobFacts([]), []);
  });

  fact("a stack that only is waited for counts for nothing", async ({ store }) => {
    await contribute(store, 201, contribution("stack-a", { admitted: [] }));
    assert.deepEqual((await factsOf(store, 201)).stacks, []);
  });

  fact("a success or another spec ends a failure", async ({ store }) => {
    await contribute(store, 201, contribution("stack-a"));
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    await store.settleRun(await takeLease(store, "stack-a"), failure(0));
    await store.settleRun(await takeLease(store, "stack-a"), success());
    assert.equal((await factsOf(store, 201)).stacks[0]?.failure, null);
    await store.settleRun(await takeRequestedLease(store, "stack-a"), failure(0));
    assert.notEqual((await factsOf(store, 201)).stacks[0]?.failure, null);
    await store.setDesired("stack-a", 1, desired("hash-2"), "normal", null);
    assert.equal((await factsOf(store, 201)).stacks[0]?.failure, null);
  });
}

function rowFactCases(fact: Case): void {
  fact("Blocked and Waiting conditions of a job's rows are among its facts", async ({ store, clock }) => {
    const row = { table: "Network_Rules", key: "3" } as const;
    const condition = { type: "Blocked", status: "True", reason: "TooWide", message: "Narrow it." } as const;
    await store.commitResolution(
      resolution(job(201), {
        rowConditions: [
          { row, condition },
          { row, condition: { ...condition, type: "Expiring" } },
        ],
      }),
    );
    assert.deepEqual((await factsOf(store, 201)).rowConditions, [
      { row, condition: { ...condition, since: clock.in(0) } },
    ]);
    assert.deepEqual((await factsOf(store, 202)).rowConditions, []);
  });

  fact("an unresolved change is among a job's facts, in the order asked for", async ({ store }) => {
    await seed(store);
    await store.touch([job(202)]);
    assert.deepEqual(
      (await store.jobFacts([203, 202])).map(({ jobId, changePending }) => [jobId, changePending]),
      [
        [203, false],
        [202, true],
      ],
    );
  });
}

function requestCases(fact: Case): void {
  const request = {
    requestId: "request-1",
    kind: "reconcile",
    jobId: 201,
    stack: null,
    traceId: null,
    runs: [
      { runId: "run-b", stack: "stack-b", kind: "update" },
      { runId: "run-a", stack: "stack-a", kind: "update" },
    ],
  } as const;

  const wanted = async (store: MetadataStore) => {
    for (const { stack } of request.runs) await store.setDesired(stack, 1, desired(), "normal", null);
  };

  fact("a run of a stack that does not exist, or must not, is canceled at once", async (kit) => {
    const { store, clock } = kit;
    await applyStack(store, "stack-a");
    await store.setDesired("stack-a", 2, absent, "normal", null);
    await store.setDesired("stack-c", 1, desired(), "normal", null);
    const runs = [...request.runs, { runId: "run-c", stack: "stack-c", kind: "update" }] as const;
    const made = await store.createRequest({ ...request, runs });
    assert.deepEqual(
      made.runs.map(({ runId, status, endedAt }) => [runId, status, endedAt]),
      [
        ["run-b", "canceled", clock.in(0)],
        ["run-a", "canceled", clock.in(0)],
        ["run-c", "queued", null],
      ],
    );
    assert.match(made.runs[0]?.failure?.message ?? "", /stack-b/);
    assert.deepEqual(await store.getRequest("request-1"), made);
  });

  fact("a request makes one queued run for each stack, in the order given", async ({ store, clock }) => {
    await wanted(store);
    const made = await store.createRequest(request);
    assert.deepEqual(await store.getRequest("request-1"), made);
    assert.deepEqual(
      [made.requestId, made.kind, made.jobId, made.createdAt],
      ["request-1", "reconcile", 201, clock.in(0)],
    );
    assert.deepEqual(
      made.runs.map(({ runId, stack, status, requestId }) => [runId, stack, status, requestId]),
      [
        ["run-b", "stack-b", "queued", "request-1"],
        ["run-a", "stack-a", "queued", "request-1"],
      ],
    );
    assert.deepEqual([made.runs[0]?.queuedAt, made.runs[0]?.startedAt], [clock.in(0), null]);
  });

  fact("a request with a run that exists makes nothing at all", async ({ store }) => {
    await store.createRequest(request);
    await assert.rejects(store.createRequest(request), ConflictError);
    const runs = [{ runId: "run-new", stack: "stack-a", kind: "update" }, ...request.runs] as const;
    await assert.rejects(store.createRequest({ ...request, requestId: "request-2", runs }), ConflictError);
    assert.equal(await store.getRequest("request-2"), null);
    assert.equal(await store.getRun("run-new"), null);
  });

  fact("unknown requests and runs are null", async ({ store }) => {
    assert.equal(await store.getRequest("request-9"), null);
    assert.equal(await store.getRun("run-9"), null);
  });

  fact("a queued run is canceled without a lease, with the reason", async ({ store, clock }) => {
    await wanted(store);
    await store.createRequest(request);
    clock.advance(10);
    await store.cancelQueuedRun("run-a", "Its stack is gone.");
    const run = await store.getRun("run-a");
    assert.deepEqual([run?.status, run?.endedAt], ["canceled", clock.in(0)]);
    assert.equal(run?.failure?.message, "Its stack is gone.");
    assert.equal((await store.getRun("run-b"))?.status, "queued");
  });

  fact("a run that is not queued is not canceled, and an unknown one is a fault", async ({ store }) => {
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    const lease = await takeLease(store, "stack-a");
    await store.cancelQueuedRun(lease.runId, "Too late.");
    assert.equal((await store.getRun(lease.runId))?.status, "running");
    await assert.rejects(store.cancelQueuedRun("run-9", "Who?"), RowNotFoundError);
  });
}

function stepCases(fact: Case): void {
  const step = (urn: string) =>
    ({
      operation: "create",
      urn,
      type: "azure-native:network:PrivateEndpoint",
      status: "done",
      objectId: "/subscriptions/1",
      message: null,
    }) as const;

  fact("steps are numbered on from the last, with their instants", async ({ store, clock }) => {
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    const lease = await takeLease(store, "stack-a");
    await store.appendSteps(lease, [step("urn-1"), step("urn-2")]);
    clock.advance(250);
    await store.appendSteps(lease, [step("urn-3")]);
    const steps = await store.readSteps(lease.runId, 0, 10);
    assert.deepEqual(
      steps.map(({ number, urn }) => [number, urn]),
      [
        [1, "urn-1"],
        [2, "urn-2"],
        [3, "urn-3"],
      ],
    );
    assert.deepEqual(steps[2], { ...step("urn-3"), runId: lease.runId, number: 3, at: clock.in(0) });
  });

  fact("steps are read on from a number, up to the limit, of one run only", async ({ store }) => {
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    await store.setDesired("stack-b", 1, desired(), "normal", null);
    const lease = await takeLease(store, "stack-a");
    const other = await takeLease(store, "stack-b");
    await store.appendSteps(lease, [step("urn-1"), step("urn-2"), step("urn-3")]);
    await store.appendSteps(other, [step("urn-9")]);
    const numbers = async (after: number, limit: number) =>
      (await store.readSteps(lease.runId, after, limit)).map(({ number }) => number);
    assert.deepEqual(await numbers(1, 1), [2]);
    assert.deepEqual(await numbers(1, 10), [2, 3]);
    assert.deepEqual(await numbers(3, 10), []);
  });

  fact("steps outlast their lease", async ({ store }) => {
    await store.setDesired("stack-a", 1, desired(), "normal", null);
    const lease = await takeLease(store, "stack-a");
    await store.appendSteps(lease, [step("urn-1")]);
    await store.settleRun(lease, success());
    assert.equal((await store.readSteps(lease.runId, 0, 10)).length, 1);
  });
}
