/** When to strike, and what was struck: read from the steps of the runs under way. */
import { setTimeout as sleep } from "node:timers/promises";
import { type TestService, until } from "../support/service.ts";
import type { Random } from "./random.ts";

/** calls that were under way in runs that were lost */
export interface CallsHit {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
}

// How long an instant is waited for that may not come.
const aimMs = 15_000;

export const running = (service: TestService): number =>
  service.sql("SELECT 1 FROM Runs WHERE status = 'running' AND engine IS NOT NULL").length;

/** Stacks whose run is in the middle of such a call now. */
const stacksInCall = (service: TestService, operation: string): readonly string[] =>
  service
    .sql(
      `SELECT DISTINCT r.stack FROM Runs r JOIN Run_Steps s USING (run_id)
       WHERE r.status = 'running' AND s.status = 'started' AND s.operation LIKE ? AND ${isOpen}`,
      operation,
    )
    .map(({ stack }) => String(stack));

const isOpen = `NOT EXISTS (SELECT 1 FROM Run_Steps e
  WHERE e.run_id = s.run_id AND e.urn = s.urn AND e.number > s.number)`;

/**
 * Waits for the instant to strike, and tells which stacks are to be struck above all. Most of a run is its engine's
 * start: left to chance, hardly a kill would come in the middle of a call, and what is hardest is a create.
 */
export async function aim(service: TestService, random: Random): Promise<readonly string[]> {
  await until("runs are under way", () => running(service) >= 2, 60_000);
  const operation = random.pick(["create%", "create%", "%", null]) ?? null;
  if (operation === null) {
    await sleep(random.below(1_500));
    return [];
  }
  let stacks: readonly string[] = [];
  await until(
    "a call is under way",
    () => {
      stacks = stacksInCall(service, operation);
      return stacks.length > 0;
    },
    aimMs,
  ).catch(() => {
    // It may be that nothing is made for a while: then it strikes where it can.
  });
  return stacks;
}

/** How many calls of struck runs never ended, by operation. */
export function callsHit(service: TestService, runs: readonly Record<string, unknown>[]): CallsHit {
  const count = (operation: string): number =>
    runs.reduce((sum, { run_id }) => {
      const text = `SELECT 1 FROM Run_Steps s
        WHERE s.run_id = ? AND s.status = 'started' AND s.operation LIKE ? AND ${isOpen}`;
      return sum + service.sql(text, String(run_id), operation).length;
    }, 0);
  return { create: count("create%"), update: count("update%"), delete: count("delete%") };
}
