/** Three ways to run the same stack: our engine, the bare command, and the Automation API as shipped. */
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { LocalWorkspace, PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { systemClock } from "../../automation/clock.ts";
import type { Engine, EngineEvent } from "../../automation/engine/engine.ts";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { OutputValues } from "../../metadata-schema/store.ts";
import { stackProgram } from "../../program/stack-program.ts";
import { serveProgram } from "./language-server.ts";
import { runRequest } from "./run-request.ts";

export interface SideOptions {
  readonly enginePath: string;
  /** a folder of its own for state and settings */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Runs a spec with our engine; ends with an error unless it succeeds. */
export async function runOurs(engine: Engine, spec: StackSpec, wasApplied: boolean): Promise<OutputValues> {
  const leaseEndsAtMs = systemClock.monotonicMs() + 600_000;
  const handle = engine.run(runRequest(spec, { wasApplied, leaseEndsAtMs }));
  let last: EngineEvent | null = null;
  for await (const event of handle.events) last = event;
  if (last?.type !== "ended" || last.status !== "succeeded")
    throw new Error(`our run failed: ${JSON.stringify(last)}`);
  return last.outputs ?? {};
}

/** `createOrSelectStack` and `up`, as the documentation of the Automation API shows them. */
export async function runAsShipped(spec: StackSpec, options: SideOptions): Promise<OutputValues> {
  const workDir = await workFolder(options, spec.stack);
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: spec.stack, projectName: "rowgate", program: stackProgram(spec) },
    {
      workDir,
      envVars: { ...options.environment },
      pulumiCommand: await shippedCommand(options),
    },
  );
  const result = await stack.up();
  return Object.fromEntries(Object.entries(result.outputs).map(([name, { value }]) => [name, value]));
}

let command: Promise<PulumiCommand> | null = null;
function shippedCommand({ enginePath }: SideOptions): Promise<PulumiCommand> {
  // Found once, as a loop would: its `version` process is not counted against each run.
  command ??= PulumiCommand.get({ root: path.dirname(path.dirname(enginePath)) });
  return command;
}

async function workFolder({ folder }: SideOptions, stack: string): Promise<string> {
  const workDir = path.join(folder, "work", stack);
  await mkdir(workDir, { recursive: true });
  return workDir;
}

export interface BareSide {
  /** runs `pulumi up --skip-preview --client` on the stack, which must exist */
  run(spec: StackSpec): Promise<void>;
}

/** The bare command with a language server whose program is already loaded. */
export function bareSide(options: SideOptions): BareSide {
  return {
    async run(spec) {
      const workDir = await workFolder(options, spec.stack);
      const { port, close } = await serveProgram(stackProgram(spec));
      try {
        const args = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", spec.stack];
        await exec(options, [...args, `--client=127.0.0.1:${port}`, "--exec-kind", "auto.inline"], workDir);
      } finally {
        close();
      }
    },
  };
}

export async function exec(options: SideOptions, args: readonly string[], cwd: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn(options.enginePath, args, {
      cwd,
      env: { ...options.environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`pulumi ${args[0]}: ${code}\n${text}`)),
    );
  });
}

/** Makes the stack of the bare side, once. */
export async function initStack(spec: StackSpec, options: SideOptions): Promise<void> {
  const workDir = await workFolder(options, spec.stack);
  await writeFile(path.join(workDir, "Pulumi.yaml"), "name: rowgate\nruntime: nodejs\n");
  await exec(options, ["stack", "init", spec.stack, "--non-interactive"], workDir);
}
