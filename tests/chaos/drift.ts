/**
 * `chaos drift`: real drift checks of one stack, one after the other, beside a year of its history. Time and memory
 * must not grow with the checks.
 */
import { readdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { formatTable } from "../../automation/cli/table.ts";
import { jobStack } from "../../program/layout/names.ts";
import { makeHome, TestService, until } from "../support/service.ts";
import { cluster, environment, job } from "../support/small-rows.ts";
import { backendOf } from "./home-files.ts";
import { type Memory, memoryOf } from "./memory.ts";
import type { Proof } from "./proof.ts";
import { growthFault, trendOf } from "./series.ts";
import { writeYearOfHistory } from "./year-of-history.ts";

export interface DriftOptions {
  readonly checks: number;
  readonly updates: number;
  readonly say: (line: string) => void;
}

interface Check extends Memory {
  /** from the request over HTTP until it is told as done */
  readonly ms: number;
  /** of the run alone, as recorded */
  readonly runMs: number;
}

const jobId = 1001;
const stack = jobStack("eastus", jobId);
// Without history, for comparison; they also warm the first child.
const checksBefore = 20;
// A child is recycled after 50 runs: memory is looked at from the second child on, when the service has warmed up.
const warmUp = 50;

// A machine that does other things, too, slows single checks by half and whole minutes by a tenth or two.
const flatTime = { share: 0.2, least: 50 };
// What a garbage collector leaves lying about; 300 checks that leaked 0.1 MB each would be found.
const flatMemory = { share: 0.15, least: 25 };

export async function chaosDrift({ checks, updates, say }: DriftOptions): Promise<Proof> {
  const service = new TestService(await makeHome([environment(), job(jobId), cluster(jobId, 1, 4)]));
  say(`home ${service.home}`);
  try {
    await service.start();
    await service.settled();
    const base = await series(service, checksBefore);
    say(
      `${checksBefore} checks without history: median ${trendOf(base.map(({ ms }) => ms)).median.toFixed(0)} ms`,
    );
    const files = await writeYearOfHistory(service.home, stack, updates);
    say(`history of ${updates} updates: ${files} files`);
    const done = await series(service, checks);
    const faults = [...judge(done, say), ...(await nothingWritten(service, files))];
    if (!(await driftIsSeen(service)))
      faults.push("an object that was changed by hand was not told as drifted");
    for (const fault of faults) say(`breach: ${fault}`);
    return { ok: faults.length === 0, home: service.home };
  } finally {
    await service.stop();
  }
}

async function series(service: TestService, count: number): Promise<readonly Check[]> {
  const done: Check[] = [];
  while (done.length < count) done.push({ ...(await check(service)), ...memoryOf(service) });
  return done;
}

interface RequestBody {
  readonly request: string;
  readonly runs: readonly { readonly id: string; readonly stack: string }[];
}

async function check(service: TestService): Promise<{ readonly ms: number; readonly runMs: number }> {
  const start = performance.now();
  const asked = await service.fetch(`/api/jobs/${jobId}/refresh`, { method: "POST" });
  const { request, runs } = (await asked.json()) as RequestBody;
  if (runs.length !== 1 || runs[0]?.stack !== stack)
    throw new Error(`the check is of ${JSON.stringify(runs)}, not of ${stack} alone`);
  while ((await service.fetch(`/api/requests/${request}`)).status === 202) await sleep(20);
  const ms = performance.now() - start;
  const [run] = service.sql(
    "SELECT status, started_at, ended_at, failure_message FROM Runs WHERE run_id = ?",
    runs[0].id,
  );
  if (run?.status !== "succeeded")
    throw new Error(`a check ended as ${run?.status}: ${run?.failure_message}`);
  return { ms, runMs: Date.parse(String(run.ended_at)) - Date.parse(String(run.started_at)) };
}

function judge(checks: readonly Check[], say: DriftOptions["say"]): string[] {
  const lines = [
    { name: "check", unit: "ms", values: checks.map(({ ms }) => ms), allowed: flatTime },
    { name: "its run", unit: "ms", values: checks.map(({ runMs }) => runMs), allowed: flatTime },
    ...(["service", "children", "clouds"] as const).map((name) => ({
      name: `memory of ${name}`,
      unit: "MB",
      values: checks.slice(Math.min(warmUp, checks.length >> 1)).map((each) => each[name]),
      // The simulated clouds stand for what is no part of a host: told, not judged.
      allowed: name === "clouds" ? null : flatMemory,
    })),
  ].map((line) => ({
    ...line,
    trend: trendOf(line.values),
    fault: line.allowed === null ? null : growthFault(line.values, line.allowed),
  }));
  say(
    formatTable(
      ["what", "of", "median", "slope per 100 checks", "first tenth", "last tenth", "flat"],
      lines.map(({ name, unit, values, trend, fault, allowed }) => [
        name,
        String(values.length),
        `${trend.median.toFixed(1)} ${unit}`,
        `${(trend.slope * 100).toFixed(2)} ${unit}`,
        `${trend.first.toFixed(1)} ${unit}`,
        `${trend.last.toFixed(1)} ${unit}`,
        fault ?? (allowed === null ? "not judged" : "yes"),
      ]),
    ),
  );
  return lines.flatMap(({ name, fault }) => (fault === null ? [] : [`${name}: ${fault}`]));
}

/** A drift check leaves no entry in the history. */
async function nothingWritten(service: TestService, files: number): Promise<readonly string[]> {
  const folder = path.join(backendOf(service.home), ".pulumi", "history", "rowgate", stack);
  const now = (await readdir(folder)).length;
  return now > files ? [`${now - files} files came to the history by looking`] : [];
}

/** The checks looked: one of them sees what a person changes now. */
async function driftIsSeen(service: TestService): Promise<boolean> {
  const type = encodeURIComponent("databricks:index/job:Job");
  const [made] = await service.objects(`?type=${type}`);
  if (made === undefined) return false;
  await service.setObject(made.id, { name: "changed by hand" });
  await check(service);
  const drifted = (): boolean =>
    service.sql(
      "SELECT 1 FROM Conditions WHERE subject_kind = 'stack' AND subject_key = ? AND type = 'Drifted' AND status = 'True'",
      stack,
    ).length === 1;
  return until("Drifted is told", drifted, 10_000).then(
    () => true,
    () => false,
  );
}
