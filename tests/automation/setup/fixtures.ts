import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CHECKOUT } from "../../../automation/setup/checkout.js";
import { findOnPath } from "../../../automation/setup/command.js";
import { processStart } from "../../../automation/setup/process-start.js";

/** A folder with a space in its name, removed after the test. */
export async function tempFolder(t: TestContext): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "rowgate setup-")));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function writeScript(path: string, body: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

export const fakeEngine = (version: string) => `echo v${version}`;

/**
 * An environment whose PATH holds only what the fake commands need: no go, no pulumi, no npm of the machine.
 */
export async function bareEnvironment(folder: string): Promise<{ env: NodeJS.ProcessEnv; bin: string }> {
  const bin = join(folder, "bin");
  await mkdir(bin, { recursive: true });
  for (const name of ["cat", "chmod", "cp", "mkdir", "sleep"]) {
    const [path] = findOnPath(name, process.env);
    assert.ok(path, `${name} is on PATH`);
    await symlink(path, join(bin, name));
  }
  return { env: { PATH: bin, HOME: folder, ROWGATE_CACHE: join(folder, "cache") }, bin };
}

export function lines(): { report: (line: string) => void; said: string[] } {
  const said: string[] = [];
  return { said, report: (line) => said.push(line) };
}

/** A killed process takes a moment to go. */
export async function assertEnds(pid: number): Promise<void> {
  for (let waitedMs = 0; processStart(pid) !== undefined; waitedMs += 10) {
    assert.ok(waitedMs < 5_000, `process ${pid} still runs`);
    await sleep(10);
  }
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly pid: number;
  readonly ended: Promise<Outcome>;
  /** resolves when the output holds the text; fails when the process ends before that */
  readonly says: (text: string) => Promise<void>;
}

/** Starts a script of set-up as npm would, without a terminal or standard input. */
export function startNode(
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd?: string },
): Started {
  const child = spawn(process.execPath, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    output.stderr += chunk;
  });
  const ended = new Promise<Outcome>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done({ code, ...output }));
  });
  const says = (text: string) =>
    new Promise<void>((done, fail) => {
      const look = () => `${output.stdout}${output.stderr}`.includes(text) && done();
      child.stdout.on("data", look);
      child.stderr.on("data", look);
      child.on("close", () => fail(new Error(`ended without "${text}": ${output.stdout}${output.stderr}`)));
      look();
    });
  assert.ok(child.pid);
  return { pid: child.pid, ended, says };
}

/** A checkout with the real set-up and nothing else: no packages wanted but Node 24, which is there. */
export async function smallCheckout(t: TestContext): Promise<{ root: string; env: NodeJS.ProcessEnv }> {
  const folder = await tempFolder(t);
  const root = join(folder, "checkout");
  await cp(join(CHECKOUT, "automation", "setup"), join(root, "automation", "setup"), { recursive: true });
  await mkdir(join(root, "node_modules", ".bin"), { recursive: true });
  await symlink(process.execPath, join(root, "node_modules", ".bin", "node"));
  await writeFile(join(root, "package.json"), JSON.stringify({ type: "module" }));
  for (const lock of ["package-lock.json", "node_modules/.package-lock.json"]) {
    await writeFile(join(root, lock), JSON.stringify({ packages: {} }));
  }
  const { env } = await bareEnvironment(folder);
  const engine = await writeScript(join(folder, "an engine", "pulumi"), fakeEngine("3.259.0"));
  return { root, env: { ...env, ROWGATE_PULUMI: engine } };
}
