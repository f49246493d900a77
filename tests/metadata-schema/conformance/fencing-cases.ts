/** Whoever writes under a lease must still hold it. */
import assert from "node:assert/strict";
import { LeaseLostError } from "../../../metadata-schema/errors.ts";
import type { Lease, MetadataStore } from "../../../metadata-schema/store.ts";
import {
  absent,
  type Case,
  desired,
  failure,
  leaseMs,
  leaseRequest,
  owner,
  stackOf,
  success,
  takeLease,
} from "./kit.ts";

export function fencingCases(fact: Case): void {
  writeCases(fact);
  renewCases(fact);
}

const due = (store: MetadataStore) => store.setDesired("stack-a", 1, desired(), "normal", null);

function writeCases(fact: Case): void {
  const writes: Readonly<Record<string, (store: MetadataStore, lease: Lease) => Promise<unknown>>> = {
    renewLease: (store, lease) => store.renewLease(lease, leaseMs),
    recordProcesses: (store, lease) => store.recordProcesses(lease, { child: owner, engine: null }),
    appendSteps: (store, lease) => store.appendSteps(lease, [step]),
    "settleRun with success": (store, lease) => store.settleRun(lease, success({ host: "late" })),
    "settleRun with failure": (store, lease) => store.settleRun(lease, failure()),
  };
  const step = {
    operation: "create",
    urn: "urn:pulumi:a",
    type: "azure-native:network:PrivateEndpoint",
    status: "done",
    objectId: null,
    message: null,
  } as const;
  const state = async (store: MetadataStore, lease: Lease) => [
    await store.listStacks(),
    await store.getRun(lease.runId),
    await store.readSteps(lease.runId, 0, 10),
    await store.outputs(lease.stack),
    await store.listLeases(),
  ];

  for (const [name, write] of Object.entries(writes)) {
    fact(`${name} after the lease expired is refused and writes nothing`, async ({ store, clock }) => {
      await due(store);
      const lease = await takeLease(store, "stack-a");
      clock.advance(leaseMs);
      const before = await state(store, lease);
      await assert.rejects(write(store, lease), LeaseLostError);
      assert.deepEqual(await state(store, lease), before);
    });

    fact(`${name} under an epoch that passed on is refused and writes nothing`, async (kit) => {
      const { store, clock } = kit;
      await due(store);
      const lease = await takeLease(store, "stack-a");
      clock.advance(leaseMs);
      const next = await takeLease(await kit.secondHandle(), "stack-a");
      const before = await state(store, lease);
      await assert.rejects(write(store, lease), (error: unknown) => {
        assert.ok(error instanceof LeaseLostError);
        assert.deepEqual([error.stackName, error.epoch], ["stack-a", lease.epoch]);
        return true;
      });
      assert.deepEqual(await state(store, lease), before);
      assert.equal((await stackOf(store, "stack-a")).lease?.runId, next.runId);
    });

    fact(`${name} after the run was settled is refused`, async ({ store }) => {
      await due(store);
      const lease = await takeLease(store, "stack-a");
      await store.settleRun(lease, success({ host: "adb-1" }));
      await assert.rejects(write(store, lease), LeaseLostError);
      assert.equal((await store.getRun(lease.runId))?.status, "succeeded");
      assert.deepEqual((await store.outputs("stack-a"))?.values, { host: "adb-1" });
    });
  }
}

function renewCases(fact: Case): void {
  fact("a lease of a stack that was destroyed and came back is not the new one", async ({ store, clock }) => {
    await due(store);
    const old = await takeLease(store, "stack-a");
    clock.advance(leaseMs);
    await store.setDesired("stack-a", 2, absent, "normal", null);
    const destroy = await takeLease(store, "stack-a", { kind: "destroy", desiredHash: absent.hash });
    await store.settleRun(destroy, success(null));
    await due(store);
    await takeLease(store, "stack-a");
    await assert.rejects(store.settleRun(old, success()), LeaseLostError);
  });

  fact("a renewed lease holds from now on", async ({ store, clock }) => {
    await due(store);
    const lease = await takeLease(store, "stack-a");
    clock.advance(leaseMs - 1);
    await store.renewLease(lease, leaseMs);
    assert.equal((await stackOf(store, "stack-a")).lease?.expiresAt, clock.in(leaseMs));
    clock.advance(leaseMs - 1);
    assert.deepEqual(await store.acquireLease(leaseRequest("stack-a")), { status: "none" });
    await store.settleRun(lease, success());
    assert.equal((await stackOf(store, "stack-a")).lease, null);
  });
}
