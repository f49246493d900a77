/** The processes of one home, found without the service's help: by their command lines and environments. Linux only. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { markedProcesses } from "../../automation/engine/processes.ts";
import { backendOf } from "./home-files.ts";

export interface HomeProcesses {
  /** processes that fill slots */
  readonly children: readonly { readonly pid: number; readonly parent: number }[];
  /** processes of the engine, with their stacks and the children that started them */
  readonly engines: readonly { readonly pid: number; readonly stack: string; readonly child: number }[];
  readonly clouds: readonly number[];
}

export function processesOf(home: string): HomeProcesses {
  const all = readdirSync("/proc").flatMap((entry) => {
    const pid = Number(entry);
    const found = Number.isInteger(pid) ? read(pid) : null;
    return found === null ? [] : [{ pid, ...found }];
  });
  const clouds = path.join(home, "clouds");
  return {
    children: all.filter(
      ({ command }) =>
        command.some((word) => word.endsWith("child-entry.ts")) &&
        command.some((word) => word.includes(JSON.stringify(backendOf(home)))),
    ),
    engines: markedProcesses(backendOf(home)).map(({ process, mark }) => ({
      pid: process.pid,
      stack: mark.stack,
      child: mark.child.pid,
    })),
    clouds: all
      .filter(
        ({ command }) =>
          command.some((word) => word.endsWith("simulators/main.ts")) && command.includes(clouds),
      )
      .map(({ pid }) => pid),
  };
}

function read(pid: number): { readonly command: readonly string[]; readonly parent: number } | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    if (/^State:\s+[ZX]/m.test(status)) return null;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return { command, parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) };
  } catch {
    return null;
  }
}

export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Whether a process does or could do anything: a zombie can't. */
export const isAlive = (pid: number): boolean => read(pid) !== null;
