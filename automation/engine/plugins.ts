/**
 * The provider plugins of a home. On Azure they are installed once, before the first run: the engine would otherwise
 * look for newer ones in every run, and download them in the middle of one.
 */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { messageOf, ServiceError } from "../errors.ts";

export interface Plugin {
  /** e.g. `azure-native` */
  readonly name: string;
  /** of the package that the program is written with, e.g. `3.28.0`: the engine takes no other */
  readonly version: string;
}

export interface InstallPluginsOptions {
  /** the engine's executable */
  readonly command: string;
  readonly home: string;
  readonly plugins: readonly Plugin[];
  /** what the engine may inherit; how it gets through a proxy is in it */
  readonly environment: Readonly<Record<string, string>>;
  say(line: string): void;
}

/** The engine's own home: a person's logins and plugins are none of ours. */
export const pulumiHome = (home: string): string => path.join(home, "pulumi");

// Some 250 MB in all; a slow line gets its time.
const installMs = 15 * 60_000;

/** Those that are not there, or not whole. */
export async function missingPlugins(home: string, plugins: readonly Plugin[]): Promise<readonly Plugin[]> {
  const found = await Promise.all(plugins.map((plugin) => isInstalled(home, plugin)));
  return plugins.filter((_, index) => found[index] === false);
}

async function isInstalled(home: string, { name, version }: Plugin): Promise<boolean> {
  const folder = path.join(pulumiHome(home), "plugins", `resource-${name}-v${version}`);
  const isThere = (file: string, mode: number): Promise<boolean> =>
    access(file, mode).then(
      () => true,
      () => false,
    );
  // The engine marks what it has not unpacked to the end.
  if (await isThere(`${folder}.partial`, constants.F_OK)) return false;
  return isThere(path.join(folder, `pulumi-resource-${name}`), constants.X_OK);
}

/** ServiceError PluginsUnavailable, with what to do by hand, where one cannot be had. */
export async function installPlugins(options: InstallPluginsOptions): Promise<void> {
  const { home, plugins, say } = options;
  const missing = await missingPlugins(home, plugins);
  for (const [index, plugin] of missing.entries()) {
    const startedAtMs = performance.now();
    say(
      `Installing provider plugin ${plugin.name} ${plugin.version} (${index + 1} of ${missing.length}), once.`,
    );
    await install(options, plugin);
    if ((await missingPlugins(home, [plugin])).length > 0)
      throw unavailable(options, plugin, "the engine says that it did, but it is not there");
    const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
    say(`Installed ${plugin.name} ${plugin.version} in ${seconds} s.`);
  }
}

async function install(options: InstallPluginsOptions, plugin: Plugin): Promise<void> {
  const args = ["plugin", "install", "resource", plugin.name, `v${plugin.version}`, "--non-interactive"];
  const env = {
    ...options.environment,
    PULUMI_HOME: pulumiHome(options.home),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  try {
    await promisify(execFile)(options.command, args, { env, timeout: installMs });
  } catch (cause) {
    throw unavailable(options, plugin, lastLine(cause), cause);
  }
}

/** What the engine said last: its progress bars and the command line are of no use to anybody. */
function lastLine(fault: unknown): string {
  const stderr = typeof fault === "object" && fault !== null && "stderr" in fault ? String(fault.stderr) : "";
  return (
    stderr
      .trim()
      .split(/[\r\n]+/)
      .at(-1)
      ?.trim() || messageOf(fault)
  );
}

const unavailable = (
  { command, home }: InstallPluginsOptions,
  { name, version }: Plugin,
  why: string,
  cause?: unknown,
): ServiceError =>
  new ServiceError({
    code: "PluginsUnavailable",
    status: 500,
    message:
      `Provider plugin ${name} ${version} could not be installed: ${why.replace(/\.$/, "")}. Let this machine reach Pulumi's ` +
      `download server (HTTPS_PROXY is honoured) and start again, or install it from a file: PULUMI_HOME=${pulumiHome(home)} ` +
      `${command} plugin install resource ${name} v${version} --file <archive>`,
    cause,
  });
