/** The simulated clouds as the process that they are in service, for what only a process can show. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { seed } from "./seed.ts";

const checkout = fileURLToPath(new URL("../../../..", import.meta.url));
const entry = join(checkout, "automation/simulators/main.ts");
/** a start takes well under a second; a loaded machine gets thirty times that */
const startDeadlineMs = 30_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CloudsProcess {
  readonly pid: number;
  readonly grpcPort: number;
  readonly httpPort: number;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

/** ROWGATE_HOME of its own, with a seed file beside it; everything started in it ends with the test. */
export interface ProcessHome {
  readonly home: string;
  readonly endpointFile: string;
  start(...flags: string[]): Promise<CloudsProcess>;
  /** for a start that is expected to fail */
  attempt(...flags: string[]): Promise<Ended>;
  /** runs `rowgate` the way a person does */
  rowgate(...args: string[]): Promise<Ended>;
}

export async function openProcessHome(test: TestContext): Promise<ProcessHome> {
  const home = await mkdtemp(join(tmpdir(), "rowgate-"));
  const seedFile = join(home, "seed.json");
  await writeFile(seedFile, JSON.stringify(seed));
  const clouds = join(home, "clouds");
  const endpointFile = join(clouds, "endpoint.json");
  const children: ChildProcess[] = [];
  test.after(async () => {
    for (const child of children.filter(isAlive)) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await rm(home, { recursive: true });
  });
  const run = (args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } => {
    const child = spawn(process.execPath, args, { env: { ...process.env, ROWGATE_HOME: home } });
    children.push(child);
    return { child, ended: collect(child) };
  };
  const launch = (flags: readonly string[]) => run([entry, "--home", clouds, "--seed", seedFile, ...flags]);
  return {
    home,
    endpointFile,
    start: async (...flags) => {
      const { child, ended } = launch(flags);
      const pid = child.pid ?? 0;
      const { grpcPort, httpPort } = await untilPublished(endpointFile, pid);
      return { pid, grpcPort, httpPort, signal: (name) => child.kill(name), ended };
    },
    attempt: (...flags) => launch(flags).ended,
    rowgate: (...args) => run([join(checkout, "automation/setup/rowgate.js"), ...args]).ended,
  };
}

const isAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

async function collect(child: ChildProcess): Promise<Ended> {
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...output };
}

async function untilPublished(file: string, pid: number): Promise<{ grpcPort: number; httpPort: number }> {
  const deadline = Date.now() + startDeadlineMs;
  while (Date.now() < deadline) {
    const text = await readFile(file, "utf8").catch(() => "{}");
    const endpoint = JSON.parse(text) as { pid?: number; grpcPort: number; httpPort: number };
    if (endpoint.pid === pid) return endpoint;
    await sleep(20);
  }
  throw new Error(`The simulated clouds (process ${pid}) published no endpoint.`);
}
