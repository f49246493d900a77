/** When endpoints are probed, how many at once, and what is kept of it; a real store, and an ARM and a network by hand. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { ArmAnswer } from "../../../automation/azure/arm-client.ts";
import { systemClock } from "../../../automation/clock.ts";
import { createLogger } from "../../../automation/log.ts";
import { EndpointProber } from "../../../automation/probes/endpoint-prober.ts";
import type { Vantage } from "../../../automation/probes/network-view.ts";
import type { NetworkService, NetworkSpec, StackSpec } from "../../../metadata-schema/desired-state.ts";
import type { MetadataStore } from "../../../metadata-schema/store.ts";
import { applyStack, desired, takeLease } from "../../metadata-schema/conformance/kit.ts";
import { environment } from "../../support/small-rows.ts";
import { openTempStore, type TempStore } from "../../support/temp-store.ts";
import { TestClock } from "../../support/test-clock.ts";

const facts = {
  name: "eastus",
  location: "eastus",
  subscriptionId: "00000000-0000-4000-8000-000000000001",
  tenantId: "00000000-0000-4000-8000-000000000002",
  resourceGroup: "rg",
  existing: {},
};
const everyMs = 600_000;
const stack = "network-eastus-keyvault";
const spec = (service: NetworkService, names: readonly string[]): NetworkSpec => ({
  kind: "network",
  stack: `network-eastus-${service}`,
  environment: facts,
  service,
  endpoints: names.map((name) => ({ name, targetId: "/target", groupId: "vault" })),
});
const ok = (body: unknown): ArmAnswer => ({ status: "ok", httpStatus: 200, body, operationUrl: null });

describe("the prober of endpoints", () => {
  let temp: TempStore;
  let store: MetadataStore;
  let clock: TestClock;
  /** connection's state of every endpoint; what a network answers is not asked once it is not Approved */
  let state: string;
  let asked: string[];
  let seenFrom: Vantage[];
  let underWay: number;
  let mostUnderWay: number;
  let answering: Promise<void>;
  let prober: EndpointProber;

  beforeEach(async () => {
    clock = new TestClock();
    temp = await openTempStore({ clock });
    store = temp.store;
    state = "Pending";
    asked = [];
    seenFrom = [];
    underWay = 0;
    mostUnderWay = 0;
    answering = Promise.resolve();
    await store.insertRows([environment()]);
    prober = new EndpointProber({
      store,
      clock: systemClock,
      log: createLogger(null, "info"),
      everyMs,
      from: {
        arm: { get: answer },
        view: {
          resolve: async (_name, from) => {
            seenFrom.push(from);
            return { status: "missing" };
          },
          connect: () => Promise.reject(new Error("not reached")),
          authorities: async () => null,
        },
      },
    });
  });
  afterEach(async () => {
    await prober.stop();
    await temp.close();
  });

  async function answer(id: string, { signal }: { readonly signal: AbortSignal }): Promise<ArmAnswer> {
    const name = id.split("/").at(-1) ?? "";
    if (id.includes("/networkInterfaces/"))
      return ok({ ipConfigurations: [{ privateIPAddress: "10.0.0.4" }] });
    asked.push(name);
    underWay += 1;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    const cut = new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true }),
    );
    await Promise.race([answering, cut]);
    underWay -= 1;
    if (name === "pe-gone") return { status: "missing", message: "404" };
    if (name === "pe-away") return { status: "unavailable", message: "503" };
    return ok({
      subnet: { id: "/snet-private-endpoints" },
      networkInterfaces: [{ id: "/networkInterfaces/nic" }],
      customDnsConfigs:
        name === "pe-nameless" ? [] : [{ fqdn: `${name}.example`, ipAddresses: ["10.0.0.4"] }],
      privateLinkServiceConnections: [
        { privateLinkServiceId: "/target", privateLinkServiceConnectionState: { status: state } },
      ],
    });
  }

  const apply = async (applied: StackSpec): Promise<void> => {
    await applyStack(
      store,
      applied.stack,
      desired(crypto.randomUUID(), { kind: applied.kind, spec: applied }),
    );
  };
  const reachable = async (of = stack) => {
    const found = (await store.conditions({ kind: "stack", stack: of })).find(
      ({ type }) => type === "Reachable",
    );
    return found === undefined ? null : [found.status, found.reason];
  };
  const endpointsAsked = (): readonly string[] => [...new Set(asked.splice(0))].toSorted();

  it("probes what was never probed at once, and again when its time has come", async () => {
    await apply(spec("keyvault", ["pe-gone"]));
    await prober.round();
    assert.deepEqual(endpointsAsked(), ["pe-gone"]);
    const [first] = await store.latestProbes();
    assert.deepEqual(
      [first?.status, first?.failedLayer, first?.reason, first?.runId],
      ["failed", "endpoint", "NotFound", null],
    );
    // What fails is looked at ten times as often, give or take a tenth.
    clock.advance((everyMs / 10) * 0.89);
    await prober.round();
    assert.deepEqual(endpointsAsked(), []);
    clock.advance((everyMs / 10) * 0.23);
    await prober.round();
    assert.deepEqual(endpointsAsked(), ["pe-gone"]);
    assert.equal((await store.recentProbes({ stack, limit: 10 })).length, 2);
  });

  it("waits ten times as long where all was well", async () => {
    await apply(spec("keyvault", ["pe-a"]));
    const layers = [{ layer: "endpoint", status: "ok", durationMs: 1, detail: "Approved" }] as const;
    const well = {
      status: "ok",
      failedLayer: null,
      reason: null,
      message: null,
      runId: null,
      layers,
    } as const;
    await store.recordProbes(stack, [{ endpoint: "pe-a", ...well }]);
    clock.advance(everyMs * 0.89);
    await prober.round();
    assert.deepEqual(endpointsAsked(), []);
    clock.advance(everyMs * 0.23);
    await prober.round();
    assert.deepEqual(endpointsAsked(), ["pe-a"]);
  });

  it("leaves a stack alone that a run is changing, and one that asks for no endpoint any more", async () => {
    await apply(spec("keyvault", ["pe-a"]));
    await store.setDesired(
      stack,
      2,
      desired("next", { kind: "network", spec: spec("keyvault", ["pe-b"]) }),
      "normal",
      null,
    );
    await takeLease(store, stack, { desiredHash: "next" });
    await prober.round();
    assert.deepEqual(endpointsAsked(), []);
  });

  it("sets Reachable by the worst of a stack's endpoints, and probes one of them where asked", async () => {
    await apply(spec("keyvault", ["pe-away", "pe-b"]));
    prober.afterRun(stack, "run-1");
    await until(async () => (await reachable()) !== null);
    assert.deepEqual(await reachable(), ["False", "ConnectionPending"]);
    assert.deepEqual(
      (await store.latestProbes()).map(({ endpoint, runId, status }) => [endpoint, runId, status]),
      [
        ["pe-away", "run-1", "unknown"],
        ["pe-b", "run-1", "failed"],
      ],
    );
    const outcome = await prober.probe(stack, "pe-b");
    assert.ok(outcome.status === "probed");
    assert.deepEqual(
      outcome.probes.map(({ endpoint, runId }) => [endpoint, runId]),
      [["pe-b", null]],
    );
    await apply(spec("keyvault", ["pe-away"]));
    await prober.probe(stack);
    assert.deepEqual(await reachable(), ["Unknown", "ArmUnavailable"], "pe-b is no endpoint of it any more");
  });

  it("says of what is not there that it is not", async () => {
    await apply(spec("keyvault", ["pe-a", "pe-nameless"]));
    assert.deepEqual(await prober.probe("network-eastus-sql"), { status: "no-stack" });
    assert.deepEqual(await prober.probe(stack, "pe-b"), { status: "no-such-endpoint" });
    const outcome = await prober.probe(stack, "pe-nameless");
    assert.ok(outcome.status === "probed");
    assert.deepEqual(
      outcome.probes.map(({ reason }) => reason),
      ["NoNames"],
    );
    await store.setDesired("job-eastus-1", 1, desired(), "normal", null);
    assert.deepEqual(await prober.probe("job-eastus-1"), { status: "no-endpoints" });
  });

  it("looks from where callers are: clusters, or for a factory the endpoint's own subnet", async () => {
    state = "Approved";
    const platform = { ...desired().spec, stack: "platform-eastus", environment: facts } as StackSpec;
    await apply(platform);
    for (const service of ["keyvault", "factory"] as const) {
      await apply(spec(service, ["pe-a"]));
      await prober.probe(`network-eastus-${service}`);
    }
    assert.deepEqual(
      seenFrom.map((from) => (from.kind === "subnet" ? from.id.split("/").at(-1) : from.kind)),
      ["snet-databricks-host", "snet-private-endpoints"],
    );
    assert.deepEqual(await reachable(), ["False", "DnsRecordMissing"]);
  });

  it("has four under way at most, and stops without waiting for their answers or keeping them", async () => {
    const names = Array.from({ length: 10 }, (_none, index) => `pe-${index}`);
    await apply(spec("keyvault", names));
    answering = new Promise(() => {});
    const outcome = prober.probe(stack);
    await until(() => underWay === 4);
    const began = performance.now();
    await prober.stop();
    assert.ok(performance.now() - began < 1_000);
    assert.deepEqual(await outcome, { status: "stopping" });
    assert.equal(mostUnderWay, 4);
    assert.deepEqual([await store.latestProbes(), await reachable()], [[], null]);
  });
});

async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 5_000;
  while (!(await test())) {
    assert.ok(performance.now() < end, "waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
