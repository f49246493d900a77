import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { downloadEngine } from "../../../automation/setup/engine-download.js";
import { assertEnds, bareEnvironment, lines, tempFolder } from "./fixtures.ts";

async function setting(t: TestContext, script?: string) {
  const folder = await tempFolder(t);
  const { env } = await bareEnvironment(folder);
  const workDir = join(folder, "work");
  await mkdir(workDir);
  const options = { env, workDir, node: process.execPath, ...lines() };
  if (script === undefined) return options;
  await writeFile(join(folder, "installer.mjs"), script);
  return { ...options, script: join(folder, "installer.mjs") };
}

/** Takes connections and never answers, as a firewall that drops packets. */
async function blackhole(t: TestContext) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on("error", () => {}))).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

const PREAMBLE = `import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from "node:fs";
  import { setTimeout as sleep } from "node:timers/promises";
  const folder = process.argv[2];
  const grow = () => appendFileSync(folder + "/archive", Buffer.alloc(100_000));`;

describe("the official installer", () => {
  it("is given up within 20 s when its server never answers", async (t) => {
    const options = await setting(t);
    const { url, sockets } = await blackhole(t);
    const started = Date.now();
    const env = { ...options.env, HTTPS_PROXY: url, HTTP_PROXY: url };
    await assert.rejects(downloadEngine({ ...options, env }), /nothing arrived for 12 s/);
    assert.ok(Date.now() - started < 20_000, `${Date.now() - started} ms`);
    assert.ok(sockets.length > 0, "the installer went through the proxy");
    assert.match(options.said.join("\n"), /fetching the engine: 0 MB, 8 s/);
  });

  it("may take long while something arrives", async (t) => {
    const options = await setting(
      t,
      `${PREAMBLE}
      for (let count = 0; count < 8; count++) { grow(); await sleep(600); }
      mkdirSync(folder + "/bin");
      writeFileSync(folder + "/bin/pulumi", "");
      chmodSync(folder + "/bin/pulumi", 0o755);`,
    );
    assert.equal(
      await downloadEngine({ ...options, silenceMs: 4_000 }),
      join(options.workDir, "bin", "pulumi"),
    );
  });

  it("is given up with all its processes when the download stops half-way", async (t) => {
    const options = await setting(
      t,
      `import { spawn } from "node:child_process";
      ${PREAMBLE}
      grow();
      const grandchild = spawn("sleep", ["600"]);
      writeFileSync(folder + "/pid", String(grandchild.pid));
      await sleep(600_000);`,
    );
    await assert.rejects(downloadEngine({ ...options, silenceMs: 3_000 }), /nothing arrived for 3 s/);
    await assertEnds(Number(await readFile(join(options.workDir, "pid"), "utf8")));
  });

  it("that fails is quoted", async (t) => {
    const options = await setting(t, `process.stderr.write("403 Forbidden\\n"); process.exitCode = 1;`);
    await assert.rejects(downloadEngine(options), /the installer failed, exit code 1: 403 Forbidden/);
  });

  it("that leaves nothing has failed", async (t) => {
    const options = await setting(t, "");
    await assert.rejects(downloadEngine(options), /ended without an executable/);
  });
});
