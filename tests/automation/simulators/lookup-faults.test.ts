/** Faults of the Graph and ARM slices, which the service looks names up in. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openProcessHome } from "./support/process.ts";
import { mlVault } from "./support/seed.ts";

const groups = "/v1.0/groups?$filter=displayName%20eq%20'ds_team'";
const vault = `${mlVault}?api-version=2024-11-01`;

async function openLookups(t: Parameters<typeof openProcessHome>[0]) {
  const home = await openProcessHome(t);
  const { httpPort } = await home.start();
  const base = `http://127.0.0.1:${httpPort}`;
  return {
    get: (target: string, signal?: AbortSignal) => fetch(base + target, signal ? { signal } : {}),
    add: async (fault: Readonly<Record<string, unknown>>) => {
      const body = JSON.stringify({ call: "lookup", ...fault });
      assert.equal((await fetch(`${base}/sandbox/faults`, { method: "POST", body })).status, 201);
    },
    clear: () => fetch(`${base}/sandbox/faults`, { method: "DELETE" }),
  };
}

describe("faults of lookups", () => {
  it("a throttled lookup is a 429 with Retry-After and its cloud's error", async (t) => {
    const { get, add, clear } = await openLookups(t);
    await add({ type: "any", kind: "throttle", retryAfterSeconds: 17, times: "forever" });
    const codes = [];
    for (const target of [groups, vault]) {
      const answer = await get(target);
      const { error } = (await answer.json()) as { error: { code: string } };
      codes.push([answer.status, answer.headers.get("retry-after"), error.code]);
    }
    assert.deepEqual(codes, [
      [429, "17", "TooManyRequests"],
      [429, "17", "SubscriptionRequestsThrottled"],
    ]);
    assert.equal((await get("/sandbox/objects")).status, 200, "people in the portal are not throttled");
    await clear();
    assert.equal((await get(groups)).status, 200);
  });

  it("a fault may be of one cloud, and of the n-th lookup", async (t) => {
    const { get, add } = await openLookups(t);
    await add({ type: "azuread", nth: 2 });
    const status = async (target: string) => (await get(target)).status;
    assert.deepEqual(
      [await status(groups), await status(vault), await status(groups), await status(groups)],
      [200, 200, 500, 200],
    );
  });

  it("a lookup hangs until it is cleared, or is given up", async (t) => {
    const { get, add, clear } = await openLookups(t);
    await add({ type: "azuread", kind: "hang", times: 2 });
    const hanging = get(groups);
    assert.equal(await Promise.race([hanging, sleep(100).then(() => "waiting")]), "waiting");
    await assert.rejects(get(groups, AbortSignal.timeout(100)), { name: "TimeoutError" });
    assert.equal((await get(vault)).status, 200);
    await clear();
    assert.equal((await hanging).status, 200);
  });

  it("a dropped lookup has no answer", async (t) => {
    const { get, add } = await openLookups(t);
    await add({ type: "azure-native", kind: "drop" });
    await assert.rejects(get(vault), { message: "fetch failed" });
    assert.equal((await get(vault)).status, 200);
  });
});
