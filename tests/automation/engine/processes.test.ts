import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { describe, it } from "node:test";
import {
  isSuspended,
  ownProcess,
  processRef,
  processState,
  signalGroup,
} from "../../../automation/engine/processes.ts";
import { until } from "../../support/service.ts";

const sleeper = () => spawn("sleep", ["60"], { detached: true, stdio: "ignore" });

describe("the state of a process", () => {
  it("is alive for this one", () => {
    const own = ownProcess();
    assert.equal(own.pid, process.pid);
    assert.equal(processState(own), "alive");
  });

  it("is dead for one that has ended", () => {
    const { pid } = spawnSync("true");
    assert.equal(processRef(pid), null);
    assert.equal(processState({ host: hostname(), pid, startedAt: "1" }), "dead");
  });

  it("is dead for an earlier process whose pid is used again", () => {
    assert.equal(processState({ ...ownProcess(), startedAt: "1" }), "dead");
  });

  it("is unknown on another host, whatever runs here", () => {
    assert.equal(processState({ ...ownProcess(), host: "elsewhere" }), "unknown");
    assert.equal(processState({ host: "elsewhere", pid: 2 ** 22 + 1, startedAt: "1" }), "unknown");
  });

  it("goes from alive to dead with the process, a zombie included", async () => {
    const child = spawn("sh", ["-c", "exec sleep 60"], { stdio: "ignore" });
    await once(child, "spawn");
    const ref = processRef(child.pid ?? 0);
    assert.ok(ref !== null);
    assert.equal(processState(ref), "alive");
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(processState(ref), "dead");
  });
});

describe("a signal to a group", () => {
  it("reaches its processes, and is false once they are gone", async () => {
    const child = sleeper();
    await once(child, "spawn");
    assert.equal(signalGroup(child.pid ?? 0, "SIGTERM"), true);
    const [, signal] = await once(child, "exit");
    assert.equal(signal, "SIGTERM");
    assert.equal(signalGroup(child.pid ?? 0, "SIGTERM"), false);
  });
});

describe("a process that is suspended", () => {
  it("is told from one that runs, sleeps or is gone", async () => {
    const child = sleeper();
    await once(child, "spawn");
    const pid = child.pid ?? 0;
    try {
      assert.equal(isSuspended(pid), false);
      process.kill(pid, "SIGSTOP");
      await until("it is suspended", () => isSuspended(pid));
      assert.equal(processState(processRef(pid) ?? ownProcess()), "alive");
      process.kill(pid, "SIGCONT");
      await until("it goes on", () => !isSuspended(pid));
    } finally {
      child.kill("SIGKILL");
    }
    await once(child, "exit");
    assert.equal(isSuspended(pid), false);
  });
});
