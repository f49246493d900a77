/** One service a home: two on one database file would fight for its simulated clouds and its children. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { ownProcess, processState } from "./engine/processes.ts";
import { ServiceError } from "./errors.ts";

const holder = z.object({ host: z.string(), pid: z.int(), startedAt: z.string() });

export interface HomeLock {
  release(): Promise<void>;
}

/** Takes the home, or throws a ServiceError with code HomeInUse that names the other process. */
export async function lockHome(home: string): Promise<HomeLock> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const file = path.join(home, "service.lock");
  // Twice: a lock that a dead process left is removed once, and then another service may have been faster.
  for (const _ of [1, 2]) {
    try {
      await writeFile(file, JSON.stringify(ownProcess()), { flag: "wx", mode: 0o600 });
      return { release: () => rm(file, { force: true }) };
    } catch (fault) {
      if (!(fault instanceof Error && "code" in fault && fault.code === "EEXIST")) throw fault;
    }
    const other = await readHolder(file);
    if (other !== null && processState(other) !== "dead") throw inUse(home, other);
    await rm(file, { force: true });
  }
  throw inUse(home, await readHolder(file));
}

async function readHolder(file: string): Promise<z.infer<typeof holder> | null> {
  const text = await readFile(file, "utf8").catch(() => "null");
  try {
    return holder.nullable().catch(null).parse(JSON.parse(text));
  } catch {
    return null;
  }
}

const inUse = (home: string, other: z.infer<typeof holder> | null): ServiceError =>
  new ServiceError({
    code: "HomeInUse",
    status: 409,
    message:
      `Another Rowgate${other === null ? "" : ` (pid ${other.pid} on ${other.host})`} runs on ${home}. ` +
      "Stop it, or give this one a folder of its own with ROWGATE_HOME and a port with PORT.",
  });
