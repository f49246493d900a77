/** A child whose service is gone: the channel closes, and neither it nor its engine stays. */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { afterEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type FromChild, fromChild } from "../../../automation/engine/messages.ts";
import { processState } from "../../../automation/engine/processes.ts";
import { type FakeHome, fakeHome, request, until } from "./fake-engine.ts";

const entry = fileURLToPath(new URL("../../../automation/engine/child-entry.ts", import.meta.url));
const polite = "trap 'tell TERM; exit 1' TERM; tell up; while :; do sleep 0.05; done";

describe("a child", () => {
  let home: FakeHome;
  let child: ChildProcess;
  let messages: FromChild[];

  async function open(script: string): Promise<void> {
    home = await fakeHome(script);
    messages = [];
    child = fork(entry, [JSON.stringify(home.settings)], {
      env: { PATH: process.env.PATH ?? "" },
      execArgv: ["--disable-warning=ExperimentalWarning"],
      detached: true,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    child.on("message", (raw) => messages.push(fromChild.parse(raw)));
    await until(() => messages.some((each) => each.type === "ready"), "the child is ready");
  }
  const run = () => child.send({ type: "run", request: request(), environment: { PATH: process.env.PATH } });
  const types = () => messages.map((each) => each.type);

  afterEach(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await home.remove();
  });

  it("that is idle ends when its channel closes", async () => {
    await open(polite);
    child.disconnect();
    const [code] = await once(child, "exit");
    assert.equal(code, 0);
  });

  it("that runs stops its engine with TERM when its channel closes, and both end", async () => {
    await open(polite);
    run();
    await home.tells("up");
    const engine = () => {
      const last = messages.findLast((each) => each.type === "processes");
      return last?.type === "processes" ? last.engine : null;
    };
    await until(() => engine() !== null, "the engine is told");
    const started = engine();
    child.disconnect();
    const [code] = await once(child, "exit");
    assert.equal(code, 0);
    assert.deepEqual(await home.told(), ["up", "TERM"]);
    assert.ok(started !== null && processState(started) === "dead");
  });

  it("whose channel closes before its engine has begun lets no engine run to its end", async () => {
    await open("trap 'tell TERM; exit 1' TERM; sleep 1; tell finished");
    run();
    child.disconnect();
    await once(child, "exit");
    assert.ok(!(await home.told()).includes("finished"), "an engine ran without a service");
  });

  it("asked to leave tells the end of its run first", async () => {
    await open(polite);
    run();
    await home.tells("up");
    child.send({ type: "exit" });
    await once(child, "exit");
    assert.equal(types().at(-1), "ended");
  });

  it("stays when the terminal's Ctrl-C reaches it", async () => {
    await open("tell up; sleep 0.4");
    run();
    await home.tells("up");
    child.kill("SIGINT");
    await until(() => types().includes("idle"), "the run ended and the child is idle");
    const ended = messages.find((each) => each.type === "ended");
    assert.equal(ended?.type === "ended" && ended.status, "succeeded");
    assert.equal(processState({ host: hostname(), pid: child.pid ?? 0, startedAt: "" }), "dead");
    child.disconnect();
    await once(child, "exit");
  });
});
