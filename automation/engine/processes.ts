/**
 * Proofs about processes. A pid alone proves nothing, as the kernel uses it again; a pid with the start
 * time that the kernel keeps for it does.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
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

/** Signals a process group; false if it is gone. */
export function signalGroup(leaderPid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-leaderPid, signal);
    return true;
  } catch {
    return false;
  }
}
