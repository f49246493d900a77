/** Engines that are shell scripts: what a test needs to see of signals and processes, without Pulumi. */
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { RunRequest } from "../../../automation/engine/engine.ts";
import type { ChildSettings } from "../../../automation/engine/messages.ts";
import { accessSpec } from "../../program/support/specs.ts";
import { runRequest } from "../../support/run-request.ts";

export interface FakeHome {
  readonly folder: string;
  readonly settings: ChildSettings;
  /** Lines that the scripts have appended with `tell`. */
  told(): Promise<readonly string[]>;
  /** Waits until a script has told this line. */
  tells(line: string): Promise<void>;
  /** Another script from the next start on. */
  script(body: string): Promise<void>;
  remove(): Promise<void>;
}

/** A home whose engine is a script; in it `tell WORD` appends a line. */
export async function fakeHome(body: string): Promise<FakeHome> {
  const folder = await mkdtemp(path.join(tmpdir(), "rowgate-fake-"));
  const command = path.join(folder, "engine");
  const log = path.join(folder, "told");
  const state = { backend: path.join(folder, "backend"), workspaces: path.join(folder, "workspaces") };
  await Promise.all(Object.values(state).map((each) => mkdir(each)));
  const script = async (text: string): Promise<void> => {
    await writeFile(`${command}.new`, `#!/bin/sh\ntell() { echo "$*" >> '${log}'; }\n${text}\n`);
    await chmod(`${command}.new`, 0o755);
    await rename(`${command}.new`, command);
  };
  await script(body);
  const told = async () => (await readFile(log, "utf8").catch(() => "")).split("\n").filter((line) => line);
  return {
    folder,
    settings: {
      engine: { command, version: "3.259.0" },
      state,
      salt: "v1:none:none",
      temporary: path.join(folder, "tmp"),
    },
    told,
    tells: (line) => until(async () => (await told()).includes(line), `the engine tells ${line}`),
    script,
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

export const request = (change: Partial<RunRequest> = {}): RunRequest => runRequest(accessSpec, change);

export async function until(test: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await test())) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
