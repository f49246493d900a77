/**
 * Where samples are recorded: simulated clouds, a state folder, and the real engine started as a run of ours
 * starts it (run-stack.ts), with nothing between its words and the file.
 */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { LocalWorkspace, type PulumiCommand, type PulumiFn, Stack } from "@pulumi/pulumi/automation/index.js";
import { systemClock } from "../../../../automation/clock.ts";
import { EngineCommand, EngineExitError } from "../../../../automation/engine/engine-command.ts";
import { eventReader } from "../../../../automation/engine/event-reader.ts";
import { engineSettings } from "../../../../automation/engine/open-engine.ts";
import { type PreparedState, prepareState } from "../../../../automation/engine/prepare-state.ts";
import {
  checkpointFile,
  makeStackFiles,
  projectName,
  workspaceFolder,
} from "../../../../automation/engine/stack-files.ts";
import { messageOf } from "../../../../automation/errors.ts";
import { createLogger } from "../../../../automation/log.ts";
import { openSimulatedClouds, type SimulatedClouds } from "../../../../automation/simulated-clouds.ts";
import type { StackSpec } from "../../../../metadata-schema/desired-state.ts";
import { cloudsSeedFile } from "../../../../metadata-schema/sample/sample.ts";
import type { OutputValues } from "../../../../metadata-schema/store.ts";
import { stackProgram } from "../../../../program/stack-program.ts";
import { type CloudCall, until } from "../../../support/service.ts";
import { shared } from "./specs.ts";

// the engine that these words are of; the Automation API only asks whether it is new enough
const engineVersion = "3.259.0";

/** One way to fail. */
export interface SampleCase {
  /** name of its file */
  readonly name: string;
  readonly what: string;
  record(lab: Lab): Promise<Recording>;
}

/** What one engine process gave away. */
export interface Recording {
  /** error diagnostics of its event stream, in order */
  readonly errors: readonly string[];
  readonly stderr: string;
  readonly stdout: string;
  /** null: a signal ended it, or it never started */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly outputs: OutputValues;
}

export interface RunOptions {
  readonly verb?: "up" | "refreshing up" | "destroy";
  readonly environment?: Readonly<Record<string, string>>;
  /** instead of the engine of set-up */
  readonly command?: string;
  /** instead of the program of the spec */
  readonly program?: PulumiFn;
  /** happens while the engine runs */
  during?(engine: EngineCommand, pid: number): Promise<void>;
}

export class Lab {
  readonly home: string;
  /** host name of the workspace that access stacks grant in */
  host = "";
  readonly #enginePath: string;
  readonly #inherited: Readonly<Record<string, string>>;
  readonly #state: PreparedState;
  #clouds: SimulatedClouds;

  private constructor(parts: {
    home: string;
    enginePath: string;
    inherited: Readonly<Record<string, string>>;
    state: PreparedState;
    clouds: SimulatedClouds;
  }) {
    this.home = parts.home;
    this.#enginePath = parts.enginePath;
    this.#inherited = parts.inherited;
    this.#state = parts.state;
    this.#clouds = parts.clouds;
  }

  static async open(enginePath: string): Promise<Lab> {
    // What is left of a failed program rejects later on; a child is over by then, this process is not.
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", () => {});
    const home = await mkdtemp(path.join(tmpdir(), "rowgate-samples-"));
    const inherited = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" };
    const pulumiHome = path.join(home, "pulumi");
    await mkdir(pulumiHome, { recursive: true });
    const base = { ...inherited, ...engineSettings, PULUMI_HOME: pulumiHome };
    const state = await prepareState({
      root: path.join(home, "state"),
      engineCommand: enginePath,
      base,
      log: createLogger(null, "info"),
    });
    const clouds = await startClouds(home, inherited);
    const lab = new Lab({ home, enginePath, inherited, state, clouds });
    const { outputs } = await lab.prepare(shared);
    lab.host = String(outputs.workspace_url);
    return lab;
  }

  async close(): Promise<void> {
    await this.#clouds.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  /** Files of stacks lie in here. */
  get backend(): string {
    return this.#state.folder.backend;
  }

  checkpointOf(stack: string): string {
    return checkpointFile(this.#state.folder, stack);
  }

  locksOf(stack: string): string {
    return path.join(this.backend, ".pulumi", "locks", "organization", projectName, stack);
  }

  async makeFiles(stack: string): Promise<void> {
    await makeStackFiles(this.#state.folder, stack, this.#state.salt);
  }

  /** A run that must succeed. */
  async prepare(spec: StackSpec): Promise<Recording> {
    const recording = await this.run(spec);
    if (recording.exitCode !== 0) throw new Error(`${spec.stack} is no base: ${JSON.stringify(recording)}`);
    return recording;
  }

  cloudEnvironment(): Promise<Readonly<Record<string, string>>> {
    return this.#clouds.environment();
  }

  async run(spec: StackSpec, options: RunOptions = {}): Promise<Recording> {
    await this.makeFiles(spec.stack);
    const environment = {
      ...this.#state.environment,
      ...(await this.#clouds.environment()),
      ...options.environment,
    };
    let during: Promise<void> | undefined;
    const command = new EngineCommand({
      command: options.command ?? this.#enginePath,
      version: engineVersion,
      environment,
      onSuccess: () => {},
      onProcess: (pid) => {
        during = options.during?.(command, pid);
      },
    });
    const workspace = await LocalWorkspace.create({
      workDir: workspaceFolder(this.#state.folder, spec.stack),
      pulumiHome: path.join(this.home, "pulumi"),
      projectSettings: { name: projectName, runtime: "nodejs" },
      pulumiCommand: command as unknown as PulumiCommand,
      program: options.program ?? stackProgram(spec),
    });
    const stack = await Stack.select(spec.stack, workspace);
    const strays = strayListeners();
    const recording = await record(stack, options.verb ?? "up");
    strays.remove();
    await during;
    return recording;
  }

  async #http(route: string, init?: RequestInit): Promise<unknown> {
    const response = await fetch(`${await this.#clouds.url()}${route}`, init);
    if (!response.ok) throw new Error(`${route}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async addFault(fault: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#http("/sandbox/faults", { method: "POST", body: JSON.stringify(fault) });
  }

  async clearFaults(): Promise<void> {
    await this.#http("/sandbox/faults", { method: "DELETE" });
  }

  async calls(): Promise<readonly CloudCall[]> {
    return ((await this.#http("/sandbox/calls")) as { value: CloudCall[] }).value;
  }

  /** Waits until a fault has struck. */
  async struck(): Promise<void> {
    await until("the fault has struck", async () => {
      const { value } = (await this.#http("/sandbox/faults")) as { value: { seen: number; nth: number }[] };
      return value.some(({ seen, nth }) => seen >= nth);
    });
  }

  /** `kill -9` of the simulated clouds. */
  async killClouds(): Promise<void> {
    const file = path.join(this.home, "clouds", "endpoint.json");
    const { pid } = JSON.parse(await readFile(file, "utf8")) as { pid: number };
    // They would be started again within a second.
    await this.#clouds.leave();
    process.kill(pid, "SIGKILL");
    await until("the clouds are gone", () => !isAlive(pid));
  }

  async restartClouds(): Promise<void> {
    this.#clouds = await startClouds(this.home, this.#inherited);
  }
}

const startClouds = (home: string, environment: Readonly<Record<string, string>>): Promise<SimulatedClouds> =>
  openSimulatedClouds({
    folder: path.join(home, "clouds"),
    seed: cloudsSeedFile,
    environment,
    clock: systemClock,
  });

const unhandled = ["uncaughtException", "unhandledRejection"] as const;

/**
 * The Automation API leaves its listeners behind when an engine ends before the program does: the errors of
 * every later program of this process would be told once more for each.
 */
function strayListeners(): { remove(): void } {
  const before = unhandled.map((event) => new Set(process.rawListeners(event)));
  return {
    remove: () => {
      for (const [index, event] of unhandled.entries()) {
        for (const listener of process.rawListeners(event)) {
          if (!before[index]?.has(listener)) process.removeListener(event, listener as () => void);
        }
      }
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function record(stack: Stack, verb: "up" | "refreshing up" | "destroy"): Promise<Recording> {
  const reader = eventReader(() => {});
  const options = { onEvent: reader.read, suppressProgress: true, color: "never" } as const;
  try {
    const done =
      verb === "destroy"
        ? await stack.destroy(options)
        : await stack.up({ ...options, refresh: verb === "refreshing up" });
    return {
      errors: reader.errors(),
      stderr: done.stderr,
      stdout: done.stdout,
      exitCode: 0,
      signal: null,
      outputs: reader.outputs(),
    };
  } catch (fault) {
    const said = { errors: reader.errors(), outputs: reader.outputs() };
    if (fault instanceof EngineExitError) {
      const { stderr, stdout, code, signal } = fault;
      return { ...said, stderr, stdout, exitCode: code, signal };
    }
    // no engine process was there to end
    return {
      ...said,
      errors: [...said.errors, messageOf(fault)],
      stderr: "",
      stdout: "",
      exitCode: null,
      signal: null,
    };
  }
}
