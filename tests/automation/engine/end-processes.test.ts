/** Engines, and plugins in groups of their own, that outlive whoever started them. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, it } from "node:test";
import { endProcesses, orphans } from "../../../automation/engine/end-processes.ts";
import { engineMark, ownProcess, processRef, processState } from "../../../automation/engine/processes.ts";
import type { ProcessRef } from "../../../metadata-schema/store.ts";

const stack = "access-eastus-1";
const dead: ProcessRef = { ...ownProcess(), startedAt: "1" };

describe("processes that outlived their run", () => {
  const backend = `/nowhere/${process.pid}`;
  let started: ChildProcess[] = [];
  afterEach(() => {
    for (const { pid } of started) {
      try {
        if (pid !== undefined) process.kill(-pid, "SIGKILL");
      } catch {
        // ended, as it should
      }
    }
    started = [];
  });

  async function start(script: string, child: ProcessRef, of = stack): Promise<ProcessRef> {
    const made = spawn("/bin/sh", ["-c", `echo up; ${script}`], {
      detached: true,
      env: { PATH: process.env.PATH ?? "", ...engineMark({ backend, stack: of, child }) },
      stdio: ["ignore", "pipe", "ignore"],
    });
    started.push(made);
    await once(made.stdout ?? assert.fail("no output"), "data");
    return processRef(made.pid ?? 0) ?? assert.fail("not started");
  }
  const loop = "while :; do sleep 0.05; done";

  it("are found by their mark where their child is gone, whatever stack or parent they have", async () => {
    const orphan = await start(loop, dead);
    const other = await start(loop, dead, "access-eastus-2");
    await start(loop, ownProcess());
    const pids = (refs: readonly ProcessRef[]) => refs.map(({ pid }) => pid).sort();
    // A shell's own `sleep` carries the mark too, and comes and goes.
    const leaders = (refs: readonly ProcessRef[]) =>
      pids(refs).filter((pid) => started.some((each) => each.pid === pid));
    assert.deepEqual(leaders(orphans(backend, stack)), [orphan.pid]);
    assert.deepEqual(leaders(orphans(backend)), [orphan.pid, other.pid].sort());
    assert.deepEqual(leaders(orphans("/another/home")), []);
  });

  it("end politely where they listen, by force where they do not or are frozen", async () => {
    const polite = await start(`trap 'exit 0' TERM; ${loop}`, dead);
    const deaf = await start(`trap '' TERM; ${loop}`, dead);
    const frozen = await start(loop, dead);
    process.kill(frozen.pid, "SIGSTOP");
    assert.deepEqual(await endProcesses({ children: [], engines: [polite, deaf, frozen] }), []);
    for (const ref of [polite, deaf, frozen]) assert.equal(processState(ref), "dead");
  });

  it("children end at once, and what is not theirs by start time is let alone", async () => {
    const child = await start(loop, dead);
    const stranger = await start(loop, dead);
    const before = performance.now();
    const left = await endProcesses({ children: [child], engines: [{ ...stranger, startedAt: "1" }] });
    assert.deepEqual(left, []);
    assert.ok(performance.now() - before < 1_500);
    assert.deepEqual([processState(child), processState(stranger)], ["dead", "alive"]);
  });
});
