/**
 * `chaos dead-worker`: a run is held in the middle of a call, then its processes are killed or frozen: how long until
 * the stack runs again. And a person's own `pulumi up` holds a stack: it is told, left alone, and gone on after.
 */
import { formatTable } from "../../automation/cli/table.ts";
import { jobStack } from "../../program/layout/names.ts";
import { insertStatements } from "../support/many-jobs.ts";
import { makeHome, TestService, until } from "../support/service.ts";
import { cluster, environment, job } from "../support/small-rows.ts";
import { type Before, inspect, lookBefore } from "./inspection.ts";
import { personalUpdate } from "./personal-update.ts";
import type { Proof } from "./proof.ts";
import { isAlive, kill, processesOf } from "./victims.ts";

export interface DeadWorkerOptions {
  readonly budgetSeconds: number;
  readonly say: (line: string) => void;
}

const jobId = 1001;
const stack = jobStack("eastus", jobId);
const policyType = "databricks:index/clusterPolicy:ClusterPolicy";
// To tell a slow recovery from none, it is waited on for so many budgets.
const patience = 4;

const cases = [
  "the service and its workers killed",
  "the service killed alone",
  "the worker killed",
  "the engine killed",
  "worker and engine killed",
  "the worker frozen",
  "the engine frozen",
  "worker and engine frozen",
] as const;
type Case = (typeof cases)[number];

interface Result {
  readonly what: string;
  /** until the stack's next run has an engine, and until the job is Ready; null: not at all */
  readonly again: number | null;
  readonly ready: number | null;
  readonly faults: readonly string[];
}

export async function chaosDeadWorker({ budgetSeconds, say }: DeadWorkerOptions): Promise<Proof> {
  const service = new TestService(await makeHome([]));
  say(`home ${service.home}`);
  try {
    await service.start({ ROWGATE_SAMPLE: "off" });
    const before = await lookBefore(service);
    const rows = [environment(), job(jobId), cluster(jobId, 1, 4)];
    service.script(`BEGIN; ${insertStatements(rows)}; COMMIT`);
    await service.settled();
    const results: Result[] = [];
    for (const each of cases) {
      const result = await oneCase(each, service, before, budgetSeconds);
      results.push(result);
      say(`${each}: ${shown(result.again)}${result.faults.map((fault) => `\n  ${fault}`).join("")}`);
    }
    results.push(await aPersonsOwnUpdate(service, before, say));
    say(
      formatTable(
        ["what", "runs again after", "Ready after", "breaches"],
        results.map(({ what, again, ready, faults }) => [
          what,
          shown(again),
          shown(ready),
          faults.join("; ") || "none",
        ]),
      ),
    );
    const slow = results.filter(({ again }) => again === null || again > budgetSeconds);
    say(`${slow.length} of ${results.length} not running again within ${budgetSeconds} s`);
    return {
      ok: slow.length === 0 && results.every(({ faults }) => faults.length === 0),
      home: service.home,
    };
  } finally {
    await service.stop();
  }
}

const shown = (seconds: number | null): string => (seconds === null ? "never" : `${seconds.toFixed(1)} s`);

/** The next update of the cluster policy gets no answer until faults are cleared. */
async function hold(service: TestService, workers: number): Promise<void> {
  await service.addFault({ type: policyType, call: "update", kind: "hang" });
  service.script(`UPDATE Cluster_Configs SET max_workers = ${workers} WHERE job_id = ${jobId}`);
  await until(
    "the update of the cluster policy is under way",
    () =>
      service.sql(
        `SELECT 1 FROM Runs r JOIN Run_Steps s USING (run_id)
         WHERE r.stack = ? AND r.status = 'running' AND s.type = ? AND s.status = 'started'`,
        stack,
        policyType,
      ).length > 0,
  );
}

async function oneCase(
  which: Case,
  service: TestService,
  before: Before,
  budgetSeconds: number,
): Promise<Result> {
  await hold(service, 10 + cases.indexOf(which));
  const held = service.runs(stack).at(-1);
  const child = pidOf(held?.child);
  const engine = pidOf(held?.engine);
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1_000;
  await strike(which, service, child, engine);
  const deadlineMs = budgetSeconds * 1_000 * patience;
  const again = await until(
    "the stack runs again",
    () =>
      service
        .runs(stack)
        .some(({ number, engine }) => Number(number) > Number(held?.number) && engine !== null),
    deadlineMs,
  ).then(elapsed, () => null);
  // A frozen process that nobody ended would hold up the next case, too.
  if (again === null) for (const pid of [child, engine]) kill(pid, "SIGKILL");
  await service.clearFaults();
  const ready = await service.jobIs(jobId, "Ready").then(elapsed, () => null);
  await service.settled();
  // A worker whose engine alone was struck is well, and goes on.
  const mustEnd = which.startsWith("the engine") ? [engine] : [child, engine];
  const left = mustEnd.filter((pid) => isAlive(pid));
  return {
    what: which,
    again,
    ready: again === null ? null : ready,
    faults: [
      ...left.map((pid) => `process ${pid} of the dead run still exists`),
      ...(await inspect(service, before)).map(({ kind, what }) => `${kind}: ${what}`),
    ],
  };
}

async function strike(which: Case, service: TestService, child: number, engine: number): Promise<void> {
  switch (which) {
    case "the service and its workers killed":
    case "the service killed alone": {
      const { children } = processesOf(service.home);
      await service.kill("SIGKILL");
      if (which !== "the service killed alone") for (const { pid } of children) kill(pid, "SIGKILL");
      return service.start({ ROWGATE_SAMPLE: "off" });
    }
    case "the worker killed":
      kill(child, "SIGKILL");
      return;
    case "the engine killed":
      kill(engine, "SIGKILL");
      return;
    case "worker and engine killed":
      for (const pid of [child, engine]) kill(pid, "SIGKILL");
      return;
    case "the worker frozen":
      kill(child, "SIGSTOP");
      return;
    case "the engine frozen":
      kill(engine, "SIGSTOP");
      return;
    case "worker and engine frozen":
      for (const pid of [child, engine]) kill(pid, "SIGSTOP");
      return;
    default:
      which satisfies never;
  }
}

const pidOf = (ref: unknown): number => Number(JSON.parse(String(ref)).pid);

/** `again`: from the end of the person's update until ours has an engine. */
async function aPersonsOwnUpdate(
  service: TestService,
  before: Before,
  say: DeadWorkerOptions["say"],
): Promise<Result> {
  const faults: string[] = [];
  await service.addFault({ type: policyType, call: "update", kind: "hang" });
  const person = await personalUpdate(service, stack, 90);
  try {
    await until("the person's update has its lock", async () => (await person.locks()).length > 0);
    const lock = JSON.stringify(await person.locks());
    service.script(`UPDATE Cluster_Configs SET max_workers = 91 WHERE job_id = ${jobId}`);
    const told = (): Record<string, unknown> | undefined =>
      service.sql(
        "SELECT reason, message FROM Conditions WHERE subject_kind = 'stack' AND subject_key = ? AND type = 'Ready'",
        stack,
      )[0];
    await until("the stack is told as Locked", () => told()?.reason === "Locked");
    say(`told while a person's update runs: ${told()?.message}`);
    const attempts = (): number => service.runs(stack).filter(isLocked).length;
    await until("it was tried three times", () => attempts() >= 3);
    if (JSON.stringify(await person.locks()) !== lock) faults.push("the person's lock was touched");
    await service.clearFaults();
    const { code, text } = await person.ended;
    const start = performance.now();
    const elapsed = (): number => (performance.now() - start) / 1_000;
    if (code !== 0) faults.push(`the person's update ended with ${code}: ${text.slice(-300)}`);
    const newest = Number(service.runs(stack).at(-1)?.number);
    const again = await until(
      "ours goes on",
      () => service.runs(stack).some(({ number, engine }) => Number(number) > newest && engine !== null),
      120_000,
    ).then(elapsed, () => null);
    const ready = await service.jobIs(jobId, "Ready").then(elapsed, () => null);
    await service.settled();
    faults.push(...(await inspect(service, before)).map(({ kind, what }) => `${kind}: ${what}`));
    return { what: "a person's own update ends", again, ready, faults };
  } finally {
    await person.remove();
  }
}

const isLocked = ({ failure_message }: Record<string, unknown>): boolean =>
  String(failure_message).startsWith("Locked: ");
