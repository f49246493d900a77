/** Child side: a stack of the Automation API whose engine processes are ours. */
import { LocalWorkspace, type PulumiCommand, type PulumiFn, Stack } from "@pulumi/pulumi/automation/index.js";
import type { EngineCommand } from "./engine-command.ts";
import type { ChildSettings } from "./messages.ts";
import { guarded, hasBegun } from "./program-guard.ts";
import { projectName, workspaceFolder } from "./stack-files.ts";

export interface StackParts {
  readonly settings: ChildSettings;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: EngineCommand;
  /** programs of this run whose engine has not ended well */
  readonly unfinished: Set<PulumiFn>;
}

/**
 * What an engine that failed leaves of its program goes on in this process, and would reach into the next one: after
 * it no other program may begin here.
 */
export const isTainted = ({ unfinished }: StackParts): boolean => [...unfinished].some(hasBegun);

/** `program` null: the engine needs none, e.g. for a destroy. `envVars` go before the environment. */
export async function openStack(
  program: PulumiFn | null,
  name: string,
  parts: StackParts,
  envVars: Readonly<Record<string, string>> = {},
): Promise<Stack> {
  if (isTainted(parts))
    throw new RangeError("a program of this process has failed; another needs a new process");
  const watched = program === null ? null : guarded(program);
  if (watched !== null) parts.unfinished.add(watched);
  const pulumiHome = parts.environment.PULUMI_HOME;
  const workspace = await LocalWorkspace.create({
    workDir: workspaceFolder(parts.settings.state, name),
    ...(pulumiHome === undefined ? {} : { pulumiHome }),
    projectSettings: { name: projectName, runtime: "nodejs" },
    // The Automation API types it as its own class; it calls nothing of it but run() and version.
    pulumiCommand: parts.command as unknown as PulumiCommand,
    envVars: { ...envVars },
    ...(watched === null ? {} : { program: watched }),
  });
  return Stack.select(name, workspace);
}
