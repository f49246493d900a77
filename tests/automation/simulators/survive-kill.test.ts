/** `kill -9` of the simulated clouds at any instant: what was answered is there, and nothing is there twice. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "./support/clouds.ts";
import { openProcessHome } from "./support/process.ts";
import { type Properties, ProviderClient, type Resource } from "./support/provider-client.ts";
import { groupType, makeGroup } from "./support/world.ts";

const rounds = 6;
const writers = 4;

interface Answered {
  readonly made: Map<string, Resource>;
  readonly tagged: Map<string, string>;
  readonly deleted: Set<string>;
}

/** Makes, changes and deletes groups one after another until the connection breaks. */
async function write(client: ProviderClient, prefix: string, answered: Answered): Promise<void> {
  for (let count = 0; ; count++) {
    const name = `rg-${prefix}-${count}`;
    try {
      const made = await makeGroup(client, name);
      answered.made.set(made.id, made);
      if (count % 3 === 1) {
        await client.update(made, { ...made.inputs, tags: { round: prefix } });
        answered.tagged.set(made.id, prefix);
      }
      if (count % 3 === 2) {
        // from here on it may be gone, answered or not
        answered.made.delete(made.id);
        await client.delete(made);
        answered.deleted.add(made.id);
      }
    } catch {
      return;
    }
  }
}

describe("the simulated clouds under kill -9", () => {
  it("lose nothing that they answered", async (t) => {
    const home = await openProcessHome(t);
    const answered: Answered = { made: new Map(), tagged: new Map(), deleted: new Set() };
    for (let round = 0; round < rounds; round++) {
      const clouds = await home.start();
      const clients = Array.from({ length: writers }, () => new ProviderClient(clouds.grpcPort));
      const writing = clients.map((client, index) => write(client, `${round}-${index}`, answered));
      // once there is something to lose, at another instant each round
      const before = answered.made.size;
      while (answered.made.size < before + 10) await sleep(1);
      await sleep(round * 3);
      clouds.signal("SIGKILL");
      await clouds.ended;
      await Promise.all(writing);
      for (const client of clients) client.close();
    }
    const { httpPort } = await home.start();
    const get = async (route: string) => (await request(httpPort, "GET", route)).body.value as Properties[];
    const objects = new Map(
      (await get("/sandbox/objects?type=ResourceGroup")).map((each) => [each.id, each]),
    );
    assert.ok(answered.made.size >= rounds * 8, `${answered.made.size} answers prove little`);
    for (const id of answered.made.keys()) assert.ok(objects.has(id), `${id} was answered and is gone`);
    for (const [id, round] of answered.tagged) assert.equal(objects.get(id)?.body.tags?.round, round);
    for (const id of answered.deleted) assert.ok(!objects.has(id), `${id} was deleted and is there`);
    // each object is in the log once: its create was committed with it
    const calls = await get("/sandbox/calls");
    const creates = calls.filter(({ call, result }) => call === "create" && result === "ok");
    assert.equal(new Set(creates.map(({ id }) => id)).size, creates.length);
    const totals = await get("/sandbox/calls/totals");
    const created = totals.find(
      ({ call, type, result }) => call === "create" && type === groupType && result === "ok",
    );
    assert.equal(created?.total, creates.length);
    const gone = calls.filter(({ call, result }) => call === "delete" && result === "ok").length;
    const seeded = 1;
    assert.equal(objects.size, creates.length - gone + seeded);
  });
});
