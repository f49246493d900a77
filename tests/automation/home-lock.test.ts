import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it, type TestContext } from "node:test";
import { ServiceError } from "../../automation/errors.ts";
import { lockHome } from "../../automation/home-lock.ts";

describe("the lock of a home", () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), "rowgate lock "));
  });
  afterEach(() => rm(home, { recursive: true }));

  /** Another process that takes the home and keeps it until it is killed, at the latest with the test. */
  async function takeElsewhere(context: TestContext) {
    const source = `
      import { lockHome } from ${JSON.stringify(new URL("../../automation/home-lock.ts", import.meta.url).href)};
      // Kept: a lock that nothing refers to may be collected, which frees the home.
      globalThis.lock = await lockHome(${JSON.stringify(home)}).catch((fault) => console.log(fault.code));
      if (globalThis.lock) console.log("taken");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    context.after(() => child.kill("SIGKILL"));
    const [said] = await once(child.stdout, "data");
    return { child, said: String(said).trim() };
  }

  it("refuses a second service and names the first", async () => {
    const lock = await lockHome(home);
    await assert.rejects(lockHome(home), (fault: Error) => {
      assert.ok(fault instanceof ServiceError && fault.code === "HomeInUse");
      assert.ok(
        fault.message.includes(home) && fault.message.includes(`pid ${process.pid} on ${hostname()}`),
      );
      return true;
    });
    await lock.release();
    await (await lockHome(home)).release();
  });

  it("is held against another process", async (context) => {
    const lock = await lockHome(home);
    const { child, said } = await takeElsewhere(context);
    child.kill("SIGKILL");
    assert.equal(said, "HomeInUse");
    await lock.release();
  });

  it("is free once its holder was killed", async (context) => {
    const { child, said } = await takeElsewhere(context);
    assert.equal(said, "taken");
    await assert.rejects(lockHome(home), /HomeInUse|Another Rowgate/);
    child.kill("SIGKILL");
    await once(child, "exit");
    await (await lockHome(home)).release();
  });

  it("is had by exactly one of many that take it at once", async () => {
    for (let round = 0; round < 20; round++) {
      const taken = await Promise.allSettled(Array.from({ length: 4 }, () => lockHome(home)));
      const won = taken.filter((each) => each.status === "fulfilled");
      assert.equal(won.length, 1);
      for (const { value } of won) await value.release();
    }
  });
});
