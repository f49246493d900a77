/**
 * Proofs about processes. A pid alone proves nothing, as the kernel uses it again; a pid with the start
 * time that the kernel keeps for it does.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { ProcessRef } from "../../metadata-schema/store.ts";

/** Start time of a process of this host as the kernel tells it, or null if there is no such process. */
function startTime(pid: number): string | null {
  if (process.platform === "linux") {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The command, field 2, may hold spaces and brackets; what follows its last bracket does not.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      // Fields 3 (state) and 22 (start time in clock ticks since boot). A zombie does nothing any more.
      return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
    } catch {
      return null;
    }
  }
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || null;
  } catch {
    return null;
  }
}

/** Names a running process of this host so that it can be told from a later one with the same pid. */
export function processRef(pid: number): ProcessRef | null {
  const startedAt = startTime(pid);
  return startedAt === null ? null : { host: hostname(), pid, startedAt };
}

/** This process. */
export function ownProcess(): ProcessRef {
  return processRef(process.pid) ?? { host: hostname(), pid: process.pid, startedAt: "unknown" };
}

/** `alive` or `dead` for a process of this host; `unknown` for one of another host. */
export function processState(ref: ProcessRef): "alive" | "dead" | "unknown" {
  if (ref.host !== hostname()) return "unknown";
  return startTime(ref.pid) === ref.startedAt ? "alive" : "dead";
}

/** Whether a process of this host was stopped by a signal or a debugger: it does nothing until it is continued. */
export function isSuspended(pid: number): boolean {
  try {
    if (process.platform === "linux")
      return /^State:\s+[Tt]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    return execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" }).startsWith("T");
  } catch {
    return false;
  }
}

/** Signals a process group; false if it is gone. */
export function signalGroup(leaderPid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-leaderPid, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * The variable that every process of an engine carries, plugins included, which have process groups of their own
 * and outlive a killed engine: the folder of its state, its stack, and the child that started it.
 */
const markName = "ROWGATE_ENGINE_OF";

export const engineMark = (mark: EngineMark): Readonly<Record<string, string>> => ({
  [markName]: JSON.stringify([mark.backend, mark.stack, mark.child]),
});

export interface EngineMark {
  readonly backend: string;
  readonly stack: string;
  readonly child: ProcessRef;
}

/** Name of a child's own temporary folder: it tells whether the child is alive. */
export const temporaryNameOf = ({ pid, startedAt }: ProcessRef): string => `child-${pid}-${startedAt}`;

export function isOfLivingChild(name: string): boolean {
  const [, pid, startedAt = ""] = /^child-(\d+)-(.+)$/.exec(name) ?? [];
  return pid !== undefined && processState({ host: hostname(), pid: Number(pid), startedAt }) === "alive";
}

/** Processes of this host that carry a mark of engines on this state, found without any record of them. */
export function markedProcesses(
  backend: string,
): readonly { readonly process: ProcessRef; readonly mark: EngineMark }[] {
  return environments().flatMap(({ pid, value }) => {
    const mark = readMark(value);
    const process = mark?.backend === backend ? processRef(pid) : null;
    return mark === null || process === null ? [] : [{ process, mark }];
  });
}

function readMark(value: string): EngineMark | null {
  try {
    const [backend, stack, child] = JSON.parse(value);
    return { backend, stack, child };
  } catch {
    return null;
  }
}

/** The mark's value in each process of this host that has one and that we may look into. */
function environments(): readonly { readonly pid: number; readonly value: string }[] {
  if (process.platform !== "linux") return environmentsByPs();
  return readdirSync("/proc").flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    try {
      const text = readFileSync(`/proc/${pid}/environ`, "utf8");
      const found = text.split("\0").find((each) => each.startsWith(`${markName}=`));
      return found === undefined ? [] : [{ pid, value: found.slice(markName.length + 1) }];
    } catch {
      // Somebody else's, or it has just ended.
      return [];
    }
  });
}

function environmentsByPs(): readonly { readonly pid: number; readonly value: string }[] {
  // Everybody's environments together are some megabytes.
  const text = execFileSync("ps", ["-axEww", "-o", "pid=,command="], {
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
  });
  return [...text.matchAll(new RegExp(`^ *(\\d+) .*\\b${markName}=(\\[.*?\\}\\])`, "gm"))].map(
    ([, pid = "", value = ""]) => ({ pid: Number(pid), value }),
  );
}

/** Resident memory of a process of this host in bytes, or null if it cannot be told. */
export function residentBytes(pid: number): number | null {
  try {
    if (process.platform === "linux") {
      // VmRSS is in kB whatever the page size is.
      const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      return line === undefined ? null : Number(line) * 1024;
    }
    return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) * 1024;
  } catch {
    return null;
  }
}
