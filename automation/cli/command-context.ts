/** What every command is given. */
import { InvalidArgumentError } from "commander";
import type { ServiceClient } from "./service-client.ts";

export interface CommandContext {
  open(): Promise<ServiceClient>;
  print(text: string): void;
  /** the exit code, where the command itself worked */
  endWith(code: number): void;
  /** aborts on Ctrl-C; asking for it keeps Ctrl-C from ending the process */
  stopped(): AbortSignal;
}

/** Exit code of a request that failed or was refused. */
export const failedExit = 1;

export function jobId(text: string): number {
  const id = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(id))
    throw new InvalidArgumentError("Give the number of a job, like 201; `rowgate get jobs` lists them.");
  return id;
}
