/** The real engine when an answer of the clouds is late, lost, or refused: what it says, and what was made. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { enginePath } from "../../support/service.ts";
import { Lab, type Recording } from "./samples/lab.ts";
import { platform } from "./samples/specs.ts";

const group = { type: "ResourceGroup", call: "create" } as const;

/** First error diagnostic of a recorded sample. */
async function recorded(name: string): Promise<string> {
  const file = fileURLToPath(new URL(`samples/${name}.json`, import.meta.url));
  return (JSON.parse(await readFile(file, "utf8")) as Recording).errors[0] ?? "";
}

describe("the real engine and the faults of the clouds", () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.open(enginePath());
  });
  after(() => lab.close());

  /** How often a group of this stack was made, as the clouds' log has it. */
  async function made(stack: string): Promise<number> {
    const calls = await lab.calls();
    return calls.filter(
      ({ call, result, type, stack: of }) =>
        call === "create" && result === "ok" && type.endsWith(":ResourceGroup") && of === `rowgate/${stack}`,
    ).length;
  }

  it("an answer that comes late is waited for, and other calls go on", async () => {
    const spec = platform("late");
    await lab.addFault({ ...group, kind: "hang" });
    const ended = await lab.run(spec, {
      during: async () => {
        await lab.struck();
        assert.equal(await made(spec.stack), 0);
        await lab.clearFaults();
      },
    });
    assert.deepEqual([ended.exitCode, await made(spec.stack)], [0, 1]);
  });

  it("an engine killed while it waits for the answer leaves the object made", async () => {
    const spec = platform("killed");
    await lab.addFault({ ...group, kind: "hang", afterCommit: true });
    const ended = await lab.run(spec, {
      during: async (_command, pid) => {
        await lab.struck();
        process.kill(-pid, "SIGKILL");
      },
    });
    await lab.clearFaults();
    assert.deepEqual([ended.signal, await made(spec.stack)], ["SIGKILL", 1]);
    const checkpoint = await readFile(lab.checkpointOf(spec.stack), "utf8");
    assert.match(checkpoint, /"type":\s*"creating"/);
  });

  it("an engine killed before the work leaves nothing, even when the call could go on", async () => {
    const spec = platform("early");
    await lab.addFault({ ...group, kind: "hang" });
    await lab.run(spec, {
      during: async (_command, pid) => {
        await lab.struck();
        process.kill(-pid, "SIGKILL");
      },
    });
    await lab.clearFaults();
    assert.equal(await made(spec.stack), 0);
  });

  it("a cut connection is told in the recorded words, before and after the commit alike", async () => {
    for (const [name, afterCommit] of [
      ["before", false],
      ["after", true],
    ] as const) {
      const spec = platform(name);
      await lab.addFault({ ...group, kind: "drop", afterCommit });
      const ended = await lab.run(spec);
      assert.deepEqual([ended.exitCode, await made(spec.stack)], [1, afterCommit ? 1 : 0]);
      // what the kernel says depends on whether the engine was just writing
      const said = ended.errors[0]?.replace("connection reset by peer", "EOF");
      assert.equal(said, await recorded("drop-after-commit"));
    }
  });

  it("a throttled call is told in the recorded words", async () => {
    const spec = platform("throttled");
    await lab.addFault({
      type: "any",
      call: "any",
      kind: "throttle",
      retryAfterSeconds: 17,
      times: "forever",
    });
    const ended = await lab.run(spec);
    await lab.clearFaults();
    const words = (text: string): string =>
      text.replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID");
    assert.equal(words(ended.errors[0] ?? ""), words(await recorded("throttled-azure")));
    assert.equal((await lab.run(spec)).exitCode, 0, "and works once the cloud lets go");
  });

  it("clouds that are killed in a call and come back serve the next run", async () => {
    const spec = platform("crash");
    await lab.addFault({ ...group, kind: "hang" });
    const ended = await lab.run(spec, {
      during: async () => {
        await lab.struck();
        await lab.killClouds();
      },
    });
    assert.match(ended.errors[0] ?? "", /^error reading from server: /);
    await lab.restartClouds();
    const again = await lab.run(spec);
    assert.deepEqual([again.exitCode, await made(spec.stack)], [0, 1]);
  });
});
