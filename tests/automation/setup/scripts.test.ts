import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CHECKOUT } from "../../../automation/setup/checkout.js";
import { assertEnds, smallCheckout, startNode, tempFolder, writeScript } from "./fixtures.ts";

const SERVICE = `let signals = 0;
process.on("SIGTERM", () => {
  signals += 1;
  setTimeout(() => { console.log("signals", signals); process.exit(5); }, 300);
});
process.on("disconnect", () => process.exit(9));
setInterval(() => {}, 1000);
console.log("service", process.pid, process.version, process.env.ROWGATE_ENGINE_PATH, process.cwd());`;

const script = (root: string, name: string) => join(root, "automation", "setup", name);

describe("npm start", () => {
  it("-- --help prints the usage and sets nothing up", async (t) => {
    const root = await tempFolder(t);
    await cp(join(CHECKOUT, "automation", "setup"), script(root, "."), { recursive: true });
    await writeFile(join(root, "package.json"), JSON.stringify({ type: "module" }));
    const { code, stdout, stderr } = await startNode([script(root, "start.js"), "--help"], { env: {} }).ended;
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    for (const name of ["PORT", "ROWGATE_HOME", "ROWGATE_PULUMI", "ROWGATE_CACHE"])
      assert.ok(stdout.includes(name));
    assert.equal(existsSync(join(root, "node_modules")), false);
  });

  it("refuses an argument that it doesn't know", async (t) => {
    const { root, env } = await smallCheckout(t);
    const { code, stderr } = await startNode([script(root, "start.js"), "--port=1"], { env }).ended;
    assert.equal(code, 2);
    assert.match(stderr, /takes no arguments but --help; it was given: --port=1/);
  });

  it("runs the service with the engine's path, passes one signal on and gives its exit code", async (t) => {
    const { root, env } = await smallCheckout(t);
    await writeFile(join(root, "automation", "main.ts"), SERVICE);
    const start = startNode([script(root, "start.js")], { env });
    await start.says("service");
    process.kill(start.pid, "SIGTERM");
    process.kill(start.pid, "SIGTERM");
    await sleep(50);
    process.kill(start.pid, "SIGTERM");
    const { code, stdout } = await start.ended;
    assert.equal(code, 5);
    assert.ok(stdout.includes(`${process.version} ${env.ROWGATE_PULUMI} ${root}\n`), stdout);
    assert.match(stdout, /signals 1\n/);
  });

  it("killed, tells the service so", async (t) => {
    const { root, env } = await smallCheckout(t);
    await writeFile(join(root, "automation", "main.ts"), SERVICE);
    const start = startNode([script(root, "start.js")], { env });
    await start.says("service");
    process.kill(start.pid, "SIGKILL");
    const pid = Number(/service (\d+)/.exec((await start.ended).stdout)?.[1]);
    await assertEnds(pid);
  });

  it("ends with one clear message when the engine can't be had", async (t) => {
    const { root, env } = await smallCheckout(t);
    const broken = { ...env, ROWGATE_PULUMI: join(root, "nothing") };
    const { code, stdout, stderr } = await startNode([script(root, "start.js")], { env: broken }).ended;
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    assert.match(stderr, /^set-up failed: ROWGATE_PULUMI: .* is not an executable file\. .*\n$/);
  });
});

describe("npm test", () => {
  it("ends with the runner's summary and its exit code", async (t) => {
    const { root, env } = await smallCheckout(t);
    await mkdir(join(root, "tests", "room"), { recursive: true });
    const body = (fault: string) => `import { it } from "node:test";\nit("is a fact", () => {${fault}});\n`;
    await writeFile(join(root, "tests", "room", "good.test.ts"), body(""));
    const passed = await startNode([script(root, "test.js")], { env }).ended;
    assert.equal(passed.code, 0, passed.stdout);
    assert.match(passed.stdout, /ℹ tests 1\n.*ℹ fail 0\n/s);

    await writeFile(join(root, "tests", "room", "bad.test.ts"), body("throw new Error('no')"));
    assert.equal((await startNode([script(root, "test.js")], { env }).ended).code, 1);
    const one = await startNode([script(root, "test.js"), "tests/room/good.test.ts"], { env }).ended;
    assert.equal(one.code, 0, one.stdout);
  });
});

describe("npm run bench", () => {
  it("hands its arguments to the bench and gives its exit code", async (t) => {
    const { root, env } = await smallCheckout(t);
    await mkdir(join(root, "tests", "bench"), { recursive: true });
    const body =
      "console.log(process.argv.slice(2).join(), process.env.ROWGATE_ENGINE_PATH); process.exit(4);";
    await writeFile(join(root, "tests", "bench", "main.ts"), body);
    const { code, stdout } = await startNode([script(root, "bench.js"), "--only", "plan"], { env }).ended;
    assert.deepEqual({ code, stdout }, { code: 4, stdout: `--only,plan ${env.ROWGATE_PULUMI}\n` });
  });
});

describe("npm run check", () => {
  it("runs every check, shows the failed one's output and fails", async (t) => {
    const { root, env } = await smallCheckout(t);
    for (const name of ["tsc", "biome", "depcruise", "knip"]) {
      const body = name === "biome" ? "console.log('a.ts is untidy'); process.exitCode = 1;" : "";
      await writeFile(join(root, "node_modules", ".bin", name), body);
    }
    await mkdir(join(root, "metadata-schema"));
    await writeFile(join(root, "automation", "generate.ts"), "");
    const check = await startNode([script(root, "check.js")], { env: { ...env, ROWGATE_PULUMI: "/nothing" } })
      .ended;
    assert.equal(check.code, 1);
    assert.match(check.stdout, /a\.ts is untidy\nFAILED format and lint \(biome\)/);
    assert.equal(check.stdout.match(/^ok {4}/gm)?.length, 4);
    assert.match(check.stdout, /1 of 5 checks failed\n$/);
  });
});

describe("set-up stopped while it works", () => {
  it("takes what it started along", async (t) => {
    const { root, env } = await smallCheckout(t);
    await writeScript(join(root, "..", "bin", "npm"), "echo $$ > ../npm-pid; exec sleep 600");
    await writeFile(
      join(root, "package-lock.json"),
      JSON.stringify({ packages: { "node_modules/a": { version: "1" } } }),
    );
    const start = startNode([script(root, "start.js")], { env });
    await start.says("installing");
    const pidFile = join(root, "..", "npm-pid");
    while (!existsSync(pidFile)) await sleep(10);
    await sleep(50);
    process.kill(start.pid, "SIGTERM");
    assert.equal((await start.ended).code, 143);
    await assertEnds(Number(await readFile(pidFile, "utf8")));
    assert.equal(existsSync(join(root, ".rowgate", "packages.lock")), false);
  });
});
