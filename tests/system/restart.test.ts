/** The service's process alone is killed in the middle of the first roll-out, and started again. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { makeHome, removeHome, TestService, until } from "../support/service.ts";
import { cluster, environment, job, network, policy, secret } from "../support/small-rows.ts";

const jobIds = [201, 202, 203, 204];

describe("kill -9 of the service in the middle of the first roll-out", () => {
  let service: TestService;

  before(async () => {
    const rows = jobIds.flatMap((id) => [
      job(id),
      policy(id, ["execute_inference", "read_model"], { model: "ml.models.job_201" }),
      network(id),
      secret(id),
      cluster(id, 1, 2),
    ]);
    service = new TestService(await makeHome([environment(), ...rows]));
    await service.start();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  it("all converge after the next start, nothing is made twice and no lock is left", async () => {
    const running =
      "SELECT stack FROM Runs WHERE status = 'running' AND engine IS NOT NULL AND stack LIKE 'job-%'";
    await until("job stacks run", () => service.sql(running).length >= 2);
    await service.kill("SIGKILL");
    const interrupted = service.sql("SELECT stack FROM Runs WHERE status = 'running'").length;
    assert.ok(interrupted >= 2, `${interrupted} runs were under way`);

    await service.start();
    // A policy that names another job's model waits for it, and is looked at again every 15 seconds.
    for (const id of jobIds) await service.jobIs(id, "Ready");
    await service.settled();
    const lost = service.sql("SELECT 1 FROM Runs WHERE status = 'lost'").length;
    assert.equal(lost, interrupted);

    const made = (await service.calls()).filter((call) => call.call === "create" && call.result === "ok");
    const ids = made.map((call) => `${call.stack} ${call.type} ${call.id}`);
    assert.deepEqual(
      ids.filter((id, index) => ids.indexOf(id) !== index),
      [],
    );
    const databricksJobs = made.filter((call) => call.type === "databricks:index/job:Job");
    assert.equal(databricksJobs.length, jobIds.length, "each job once, although its id is new each time");
    assert.deepEqual(await service.locks(), []);
  });

  it("a service that is stopped politely and started again runs nothing", async () => {
    const before = service.runs().length;
    await service.stop();
    await service.start();
    await service.settled();
    assert.equal(service.runs().length, before);
  });

  it("a second service on the same home is refused, and the first goes on", async () => {
    const second = new TestService(service.home);
    await assert.rejects(second.start(), /Another Rowgate \(pid \d+ .*ROWGATE_HOME/s);
    assert.equal((await service.fetch("/readyz")).status, 200);
  });
});

describe("a service whose port is taken", () => {
  it("says so and leaves no process behind", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address() as AddressInfo; // of a TCP server
    const service = new TestService(await makeHome([environment(), job(201)]));
    await assert.rejects(service.start({ PORT: String(port) }), /Port \d+ is taken by another process/);
    const clouds = JSON.parse(
      await readFile(path.join(service.home, "clouds", "endpoint.json"), "utf8").catch(() => '{"pid":0}'),
    );
    assert.ok(clouds.pid === 0 || !isAlive(clouds.pid), "its simulated clouds have ended, too");
    holder.close();
    await service.start();
    await service.stop();
    await removeHome(service.home);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
