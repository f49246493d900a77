import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ensurePackages, nodePath } from "../../../automation/setup/packages.js";
import { bareEnvironment, lines, startNode, tempFolder, writeScript } from "./fixtures.ts";

const LOCK = {
  packages: {
    "": { name: "a-checkout" },
    "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
    "node_modules/only-elsewhere": { version: "2.0.0", optional: true },
  },
};

const WORKING_NODE = `mkdir -p node_modules/.bin
printf '#!/bin/sh\\necho v24.0.0\\n' > node_modules/.bin/node
chmod +x node_modules/.bin/node`;
const HIDDEN_LOCK = "mkdir -p node_modules; cp package-lock.json node_modules/.package-lock.json";

const SET_UP = `
  import { ensurePackages } from ${JSON.stringify(import.meta.resolve("../../../automation/setup/packages.js"))};
  await ensurePackages({ root: process.argv[1], env: process.env, report: (line) => console.log(line) });`;

async function checkout(t: TestContext, npm: string) {
  const root = await tempFolder(t);
  const { env, bin } = await bareEnvironment(root);
  await writeFile(join(root, "package-lock.json"), JSON.stringify(LOCK));
  const calls = async () => (await readFile(join(root, "calls"), "utf8")).trim().split("\n");
  await writeScript(join(bin, "npm"), `echo "$@" >> calls\n${npm}`);
  return { root, env, bin, calls };
}

describe("the packages", () => {
  it("are installed once", async (t) => {
    const { root, env, calls } = await checkout(t, `${WORKING_NODE}\n${HIDDEN_LOCK}`);
    const { said, report } = lines();
    await ensurePackages({ root, env, report });
    assert.match(said[0] ?? "", /installing 1 packages with npm ci: usually/);
    const before = said.length;
    await ensurePackages({ root, env, report });
    assert.equal(said.length, before);
    assert.deepEqual(
      (await calls()).map((call) => call.split(" ")[0]),
      ["ci"],
    );
  });

  it("include development dependencies whatever NODE_ENV says", async (t) => {
    const { root, env, calls } = await checkout(t, `${WORKING_NODE}\n${HIDDEN_LOCK}`);
    await ensurePackages({ root, env: { ...env, NODE_ENV: "production" }, report: lines().report });
    assert.match((await calls())[0] ?? "", /--include=dev/);
  });

  it("are installed again when the lock file has another version", async (t) => {
    const { root, env, calls } = await checkout(t, `${WORKING_NODE}\n${HIDDEN_LOCK}`);
    await ensurePackages({ root, env, report: lines().report });
    const newer = { packages: { ...LOCK.packages, "node_modules/a": { version: "1.0.1" } } };
    await writeFile(join(root, "package-lock.json"), JSON.stringify(newer));
    await ensurePackages({ root, env, report: lines().report });
    assert.equal((await calls()).length, 2);
  });

  it("are installed again when Node is gone or another", async (t) => {
    const { root, env, calls } = await checkout(t, `${WORKING_NODE}\n${HIDDEN_LOCK}`);
    await ensurePackages({ root, env, report: lines().report });
    await writeScript(nodePath(root), "echo v20.1.0");
    await ensurePackages({ root, env, report: lines().report });
    assert.equal((await calls()).length, 2);
  });

  it("get Node from its install script where npm ran none", async (t) => {
    const { root, env, bin } = await checkout(
      t,
      `${HIDDEN_LOCK}; mkdir -p node_modules/node; : > node_modules/node/installArchSpecificPackage.js`,
    );
    await writeScript(
      join(bin, "node"),
      `mkdir bin; printf '#!/bin/sh\\necho v24.0.0\\n' > bin/node; chmod +x bin/node`,
    );
    const { said, report } = lines();
    await ensurePackages({ root, env, report });
    assert.match(said.join("\n"), /fetching Node 24, which npm ci left out/);
  });

  it("without a working Node 24 are an error that says so", async (t) => {
    const { root, env, bin } = await checkout(t, `${HIDDEN_LOCK}; mkdir -p node_modules/node`);
    await writeScript(join(bin, "node"), "echo cannot fetch >&2; exit 1");
    await assert.rejects(
      ensurePackages({ root, env, report: lines().report }),
      /left no working Node 24: .*is missing; fetching it, exit code 1: cannot fetch/,
    );
  });

  it("that cannot be fetched are an error with npm's own words", async (t) => {
    const { root, env } = await checkout(t, "echo 'npm error code ENOTFOUND' >&2; exit 1");
    await assert.rejects(
      ensurePackages({ root, env, report: lines().report }),
      /npm error code ENOTFOUND\n {2}Check that this machine reaches the package registry/,
    );
  });

  it("of a lock file that npm ci refuses as incomplete are installed from it all the same", async (t) => {
    const refuse = `if [ "$1" = ci ]; then echo 'npm error code EUSAGE' >&2; exit 1; fi`;
    const { root, env, calls } = await checkout(t, `${refuse}\n${WORKING_NODE}\n${HIDDEN_LOCK}`);
    await ensurePackages({ root, env, report: lines().report });
    assert.match((await calls())[1] ?? "", /^install --no-save /);
  });

  it("of a lock file that contradicts package.json are an error", async (t) => {
    const refuse = `if [ "$1" = ci ]; then echo 'npm error code EUSAGE' >&2; exit 1; fi`;
    const { root, env } = await checkout(t, `${refuse}\n${WORKING_NODE}`);
    await assert.rejects(ensurePackages({ root, env, report: lines().report }), /npm error code EUSAGE/);
  });

  it("are installed by one of two set-ups; the other says whom it waits for", async (t) => {
    const { root, env, calls } = await checkout(t, `sleep 1\n${WORKING_NODE}\n${HIDDEN_LOCK}`);
    const both = [1, 2].map(() => startNode(["--input-type=module", "-e", SET_UP, root], { env }).ended);
    const outcomes = await Promise.all(both);
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      [0, 0],
    );
    assert.equal((await calls()).length, 1);
    const waited = outcomes.filter(({ stdout }) =>
      /waiting for process \d+ \(installing packages/.test(stdout),
    );
    assert.equal(waited.length, 1);
  });

  it("wait for the npm that a killed set-up left behind", async (t) => {
    const { root, env, calls } = await checkout(t, `sleep 1\n${WORKING_NODE}\n${HIDDEN_LOCK}`);
    const killed = startNode(["--input-type=module", "-e", SET_UP, root], { env });
    // Killed once its lock names the npm that it runs: before that there is nothing to wait for.
    const lock = join(root, ".rowgate", "packages.lock");
    while (!existsSync(lock) || !readFileSync(lock, "utf8").includes('"command"')) await sleep(10);
    process.kill(killed.pid, "SIGKILL");
    const { said, report } = lines();
    await ensurePackages({ root, env, report });
    assert.match(said.join("\n"), /waiting for process \d+ \(installing packages.*\n.*broke the lock/s);
    assert.equal((await calls()).length, 1);
  });

  it("cannot be judged without package-lock.json", async (t) => {
    const root = await tempFolder(t);
    await assert.rejects(
      ensurePackages({ root, env: {}, report: lines().report }),
      /has no package-lock.json. Check the clone out again/,
    );
  });
});
