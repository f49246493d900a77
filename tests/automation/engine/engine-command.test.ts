import assert from "node:assert/strict";
import { hostname } from "node:os";
import { afterEach, describe, it } from "node:test";
import { EngineCommand, EngineExitError } from "../../../automation/engine/engine-command.ts";
import { processRef, processState } from "../../../automation/engine/processes.ts";
import { type FakeHome, fakeHome, until } from "./fake-engine.ts";

let home: FakeHome;
const pids: (number | null)[] = [];

async function open(script: string, environment: Readonly<Record<string, string>> = {}) {
  pids.length = 0;
  home = await fakeHome(script);
  return new EngineCommand({
    ...home.settings.engine,
    environment,
    onSuccess: () => {},
    onProcess: (pid) => pids.push(pid),
  });
}
const run = (command: EngineCommand, ...args: string[]) => command.run(args, home.folder, {});
const exitOf = (running: Promise<unknown>): Promise<EngineExitError> =>
  running.then(
    () => assert.fail("the engine ended with 0"),
    (fault: unknown) => (fault instanceof EngineExitError ? fault : assert.fail(String(fault))),
  );

describe("the engine command", () => {
  afterEach(() => home.remove());

  it("answers what the Automation API asks around a run without a process", async () => {
    const command = await open("tell started");
    assert.equal((await run(command, "stack", "select", "--stack", "s")).stdout, "");
    assert.equal((await run(command, "stack", "output", "--json")).stdout, "{}");
    assert.equal((await run(command, "stack", "history", "--json")).stdout, "[]");
    assert.deepEqual(await home.told(), []);
    assert.deepEqual(pids, []);
  });

  it("gives back what the engine wrote, and tells its pid", async () => {
    const command = await open("echo out; echo err >&2");
    const heard: string[] = [];
    const result = await command.run(["up"], home.folder, {}, (text) => heard.push(text));
    assert.deepEqual(result, { stdout: "out\n", stderr: "err\n", code: 0 });
    assert.equal(heard.join(""), "out\n");
    assert.equal(pids.length, 1);
    assert.equal(typeof pids[0], "number");
  });

  it("never asks, and removes a destroyed stack's state in the same process", async () => {
    const command = await open('tell "$@"');
    await run(command, "up", "--yes");
    await run(command, "destroy", "--yes");
    assert.deepEqual(await home.told(), [
      "up --yes --non-interactive",
      "destroy --yes --remove --non-interactive",
    ]);
  });

  it("starts engines in the workspace with the given environment and nothing else", async () => {
    process.env.ROWGATE_TEST_CREDENTIAL = "leak";
    const command = await open("pwd; /usr/bin/env", { PULUMI_HOME: "/home/engine" });
    const { stdout } = await command.run(["up"], home.folder, { PULUMI_STACK: "s" });
    delete process.env.ROWGATE_TEST_CREDENTIAL;
    const [folder, ...lines] = stdout.trim().split("\n");
    assert.equal(folder, home.folder);
    // The shell itself sets these.
    const own = lines.filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line));
    assert.deepEqual(own.toSorted(), ["PULUMI_HOME=/home/engine", "PULUMI_STACK=s"]);
  });

  it("fails with code and texts when the engine does", async () => {
    const exit = await exitOf(run(await open("echo out; echo boom >&2; exit 8"), "up"));
    assert.deepEqual([exit.code, exit.stdout, exit.stderr], [8, "out\n", "boom\n"]);
  });

  it("fails when the engine cannot be started", async () => {
    const command = await open("tell never");
    await home.remove();
    await assert.rejects(run(command, "up"), /ENOENT/);
  });

  it("leaves no process of the engine's group behind, and does not wait for it", async () => {
    const command = await open("sleep 60 & tell child $!; exit 3");
    const running = exitOf(run(command, "up"));
    await until(async () => (await home.told()).length === 1, "the engine has a child");
    const pid = Number((await home.told())[0]?.split(" ")[1]);
    const child = processRef(pid);
    const outcome = await Promise.race([
      running,
      new Promise((resolve) => setTimeout(resolve, 3_000, "waits")),
    ]);
    if (outcome === "waits") process.kill(pid, "SIGKILL");
    assert.notEqual(outcome, "waits", "the run goes on although its engine has ended");
    // A process that is killed closes its files, which ends the run, a moment before it is gone.
    await until(() => child === null || processState(child) === "dead", "the engine's child is gone");
  });
});

// Says so when it is asked, and goes on: the first TERM lets an engine finish what is under way.
const stubborn = "trap 'tell TERM' TERM; tell up; while :; do sleep 0.05; done";

describe("stopping the engine", () => {
  afterEach(() => home.remove());

  it("asks with TERM, and a polite engine ends by itself", async () => {
    const command = await open("trap 'tell TERM; exit 1' TERM; tell up; while :; do sleep 0.05; done");
    const running = exitOf(run(command, "up"));
    await home.tells("up");
    command.stop(false);
    assert.equal((await running).code, 1);
    assert.equal(command.stopping, true);
    assert.deepEqual(await home.told(), ["up", "TERM"]);
  });

  it("asks twice when urgent, then kills", async () => {
    const command = await open(stubborn);
    const running = exitOf(run(command, "up"));
    await home.tells("up");
    const began = performance.now();
    command.stop(true);
    const { code } = await running;
    assert.equal(code, null, "it ended by a signal");
    assert.deepEqual(await home.told(), ["up", "TERM", "TERM"]);
    const tookMs = performance.now() - began;
    assert.ok(tookMs > 5_000, `the second TERM was left its time: ${tookMs}`);
  });

  it("at once is a kill", async () => {
    const command = await open(stubborn);
    const running = exitOf(run(command, "up"));
    await home.tells("up");
    const engine = {
      host: hostname(),
      pid: pids[0] ?? 0,
      startedAt: processRef(pids[0] ?? 0)?.startedAt ?? "",
    };
    command.kill();
    assert.equal((await running).code, null);
    assert.equal(processState(engine), "dead");
    assert.deepEqual(await home.told(), ["up"]);
  });

  it("starts no engine any more after a kill", async () => {
    const command = await open("tell started");
    command.kill();
    await exitOf(run(command, "up"));
    assert.deepEqual(await home.told(), []);
  });

  it("starts no engine any more after a stop that came before it", async () => {
    const command = await open("tell started");
    command.stop(false);
    await exitOf(run(command, "up"));
    assert.deepEqual(await home.told(), []);
  });
});
