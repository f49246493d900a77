/** One run of a pipeline while it is under way: what its activities share. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Body, Json } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import type { Scope } from "./adf-expression.ts";
import { speedOf } from "./rule-evaluation.ts";

export interface Run {
  readonly ctx: CallContext;
  readonly runId: string;
  readonly factoryId: string;
  readonly pipeline: CloudObject;
  readonly parameters: Body;
  readonly variables: Map<string, Json>;
  /** outputs and states of activities that have ended */
  readonly ended: Map<string, Body>;
  /** address of the simulated clouds, for callbacks */
  readonly origin: string;
  readonly stopping: AbortSignal;
  /** runs a list of activities, as branches and loops do; true: it went well */
  inner(run: Run, activities: readonly Body[], scope: Scope, faults: string[]): Promise<boolean>;
}

/** Seconds of Data Factory's, as many times shorter as the clouds' clock is faster; ends early at a stop. */
export async function pause(run: Run, seconds: number): Promise<void> {
  await sleep((seconds * 1000) / speedOf(run.ctx), undefined, { signal: run.stopping }).catch(() => {});
}
