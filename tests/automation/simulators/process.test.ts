import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { request } from "./support/clouds.ts";
import { openProcessHome } from "./support/process.ts";
import { ProviderClient } from "./support/provider-client.ts";
import { teamId } from "./support/seed.ts";
import { groupType, makeGroup } from "./support/world.ts";

describe("the process of the simulated clouds", () => {
  it("keeps what it answered through a kill -9, and its seed is not applied again", async (t) => {
    const home = await openProcessHome(t);
    const first = await home.start();
    const client = new ProviderClient(first.grpcPort);
    t.after(() => client.close());
    const made = await makeGroup(client);
    await request(first.httpPort, "DELETE", `/sandbox/objects/${encodeURIComponent(`/groups/${teamId}`)}`);
    await request(first.httpPort, "POST", "/sandbox/faults", {
      type: groupType,
      call: "read",
      message: "kept",
      nth: 2,
    });
    await client.read(made);
    first.signal("SIGKILL");
    await first.ended;
    assert.ok(existsSync(home.endpointFile));
    const second = await home.start();
    const again = new ProviderClient(second.grpcPort);
    t.after(() => again.close());
    await assert.rejects(again.read(made), /kept/);
    assert.equal((await again.read(made))?.id, made.id);
    assert.equal((await request(second.httpPort, "GET", `/v1.0/groups/${teamId}`)).status, 404);
    const { body } = await request(second.httpPort, "GET", "/sandbox/calls");
    assert.deepEqual(
      body.value.map((entry: { call: string }) => entry.call),
      ["create", "read", "read", "read"],
    );
  });

  it("refuses to start twice on one folder, and the first goes on", async (t) => {
    const home = await openProcessHome(t);
    const first = await home.start();
    const second = await home.attempt();
    assert.equal(second.code, 2);
    assert.match(second.stderr, new RegExp(`already run \\(process ${first.pid}, since `));
    const health = await request(first.httpPort, "GET", "/health");
    assert.deepEqual([health.body.status, health.body.sandbox, health.body.pid], ["ok", true, first.pid]);
  });

  it("removes its endpoint file on SIGTERM and on a stop over HTTP", async (t) => {
    const home = await openProcessHome(t);
    const first = await home.start();
    first.signal("SIGTERM");
    assert.equal((await first.ended).code, 0);
    assert.ok(!existsSync(home.endpointFile));
    const second = await home.start();
    assert.equal((await request(second.httpPort, "POST", "/sandbox/stop")).status, 202);
    assert.equal((await second.ended).code, 0);
    assert.ok(!existsSync(home.endpointFile));
  });

  it("ends by itself when nobody calls", async (t) => {
    const home = await openProcessHome(t);
    const idle = await home.start("--idle-minutes", "0.02");
    const { code, stdout } = await idle.ended;
    assert.equal(code, 0);
    assert.match(stdout, /"reason":"idle"/);
  });

  it("names the fault of a seed file and leaves nothing half done", async (t) => {
    const home = await openProcessHome(t);
    const bad = join(home.home, "bad.json");
    await writeFile(bad, '{"users":[{"id":"x"}]}');
    const ended = await home.attempt("--seed", bad);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /bad\.json is not valid: users\.0\.id/);
    await home.start();
  });

  it("says how it is used when its arguments are wrong", async (t) => {
    const home = await openProcessHome(t);
    const ended = await home.attempt("--idle-minutes", "never");
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, /usage: /);
  });
});
