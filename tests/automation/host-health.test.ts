import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { type Clock, systemClock } from "../../automation/clock.ts";
import { engineCheck, type HostCheck, HostHealth, stateFolderCheck } from "../../automation/host-health.ts";
import { createLogger } from "../../automation/log.ts";

const log = createLogger(null, "info");

describe("the host's health", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "rowgate-health-"));
  });
  after(() => rm(folder, { recursive: true }));

  const health = (checks: readonly HostCheck[], clock: Clock = systemClock) => {
    const opened: number[] = [];
    const of = new HostHealth({ checks, clock, log, onOpen: () => opened.push(1) });
    return { health: of, opened };
  };

  it("closes while a check finds a fault, opens by itself, and tells so once", async () => {
    let fault: string | null = null;
    const { health: host, opened } = health([
      {
        name: "state",
        look: async () => {
          if (fault !== null) throw new Error(fault);
        },
      },
    ]);
    await host.look();
    assert.deepEqual(host.closedFor(), []);
    fault = "gone";
    assert.deepEqual(await host.look(), [{ name: "state", ok: false, message: "gone" }]);
    assert.deepEqual(host.closedFor(), ["gone"]);
    fault = null;
    await host.look();
    await host.look();
    assert.deepEqual([host.closedFor(), opened.length], [[], 1]);
  });

  it("closes at once on a suspicion, and looks before it opens again", async () => {
    const { health: host, opened } = health([{ name: "state", look: async () => {} }]);
    host.suspect("a run said so");
    assert.deepEqual(host.closedFor(), ["a run said so"]);
    await host.look();
    assert.deepEqual([host.closedFor(), opened.length], [[], 1]);
  });

  it("takes what does not answer for gone, does not ask it twice at once, and hears it when it does", async () => {
    let asked = 0;
    const answer = Promise.withResolvers<void>();
    const impatient: Clock = { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(20, signal) };
    const { health: host } = health(
      [
        {
          name: "state",
          look: () => {
            asked += 1;
            return answer.promise;
          },
        },
      ],
      impatient,
    );
    await host.look();
    await host.look();
    assert.equal(asked, 1);
    assert.match(host.closedFor()[0] ?? "", /^The state does not answer for 10 s; /);
    answer.resolve();
    await host.look();
    assert.deepEqual(host.closedFor(), []);
  });

  it("looks by itself until it is stopped", async () => {
    let looks = 0;
    const { health: host } = health([
      {
        name: "state",
        look: async () => {
          looks += 1;
        },
      },
    ]);
    host.start();
    while (looks === 0) await systemClock.sleep(1);
    host.suspect("look sooner");
    while (looks < 2) await systemClock.sleep(1);
    await host.stop();
  });

  it("state: fails where a file is in the folder's way, and leaves nothing behind where it can write", async () => {
    const state = path.join(folder, "backend");
    await mkdir(path.join(state, ".pulumi"), { recursive: true });
    await stateFolderCheck(state).look();
    assert.deepEqual(await readdir(state), [".pulumi"]);
    await rename(state, `${state}.away`);
    await writeFile(state, "in the way");
    await assert.rejects(
      stateFolderCheck(state).look(),
      /State cannot be written to .*backend: .*Runs go on by themselves\./,
    );
    await rm(state);
    // As where a share is not mounted: an empty folder, which nobody may take for the state.
    await mkdir(state);
    await assert.rejects(stateFolderCheck(state).look(), /State cannot be written to .*ENOENT/);
    await rm(state, { recursive: true });
    await assert.rejects(stateFolderCheck(state).look(), /State cannot be written to .*ENOENT/);
    await rename(`${state}.away`, state);
    await stateFolderCheck(state).look();
  });

  it("engine: fails where it is gone or of another line, and asks a replaced one for its version", async () => {
    const command = path.join(folder, "engine");
    let version = "3.259.0";
    let asked = 0;
    const check = engineCheck(
      command,
      async () => {
        asked += 1;
        return version;
      },
      "3.259.0",
    );
    const put = async (text: string): Promise<void> => {
      await writeFile(`${command}.new`, text);
      await chmod(`${command}.new`, 0o755);
      await rename(`${command}.new`, command);
    };
    await assert.rejects(check.look(), /The engine .* is gone: ENOENT/);
    await put("one");
    await check.look();
    await check.look();
    assert.equal(asked, 1, "the same file is asked once");
    version = "3.260.1";
    await put("another");
    await assert.rejects(check.look(), /was replaced by version 3\.260\.1; stacks are run with 3\.259\.x/);
    version = "3.259.4";
    await check.look();
    await chmod(command, 0o644);
    if (process.getuid?.() !== 0) await assert.rejects(check.look(), /is gone: EACCES/);
  });
});
