/**
 * `chaos kill`: rounds of kill -9 while rows change all the time. After each round the writer pauses; then everything
 * must be Ready within the budget, and nothing may be left over, doubled or lost.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { formatTable } from "../../automation/cli/table.ts";
import { insertStatements, rowsOfJobs } from "../support/many-jobs.ts";
import { makeHome, TestService, until } from "../support/service.ts";
import { aim, type CallsHit, callsHit, running } from "./aim.ts";
import { type Before, type Breach, inspect, lookBefore } from "./inspection.ts";
import type { Proof } from "./proof.ts";
import { type Random, seededRandom } from "./random.ts";
import { RowWriter } from "./row-writer.ts";
import { kill, processesOf } from "./victims.ts";

export interface KillOptions {
  readonly rounds: number;
  readonly jobs: number;
  readonly seed: number;
  readonly budgetSeconds: number;
  /** how long the clouds take to answer what changes something, once they have done it; 0: at once */
  readonly latencySeconds: number;
  readonly say: (line: string) => void;
}

const targets = ["workers", "engines", "service", "clouds"] as const;
type Target = (typeof targets)[number];

// Four slots and the urgent one: the five workers, of which three are killed.
const slots = 4;
const killedWorkers = 3;
// To tell a slow recovery from none, it is waited on for so many budgets.
const patience = 3;

interface Round {
  readonly kills: readonly string[];
  readonly underWay: number;
  readonly edits: number;
  /** null: not even after the budget's `patience` times */
  readonly seconds: number | null;
  readonly lost: number;
  readonly hit: CallsHit;
  readonly recovered: number;
  readonly breaches: readonly Breach[];
}

interface Parts {
  readonly service: TestService;
  readonly writer: RowWriter;
  readonly random: Random;
  readonly before: Before;
  readonly options: KillOptions;
}

export async function chaosKill(options: KillOptions): Promise<Proof> {
  const home = await makeHome([]);
  const service = new TestService(home);
  try {
    return await playRounds(service, options);
  } finally {
    await service.stop();
  }
}

async function playRounds(service: TestService, options: KillOptions): Promise<Proof> {
  const { say, seed, jobs, rounds } = options;
  const { home } = service;
  const random = seededRandom(seed);
  const environment = { ROWGATE_SAMPLE: "off", ROWGATE_SLOTS: String(slots) };
  say(`home ${home}, seed ${seed}`);
  await service.start(environment);
  const before = await lookBefore(service);
  service.script(`BEGIN; ${insertStatements(rowsOfJobs(jobs, { varied: true }))}; COMMIT`);
  await service.settled(600_000);
  const stacks = service.sql("SELECT 1 FROM Stacks").length;
  say(`${jobs} jobs rolled out: ${stacks} stacks`);
  await slowDown(service, options.latencySeconds);
  const writer = new RowWriter({ home, random, jobs });
  const parts: Parts = { service, writer, random, before, options };
  const done: Round[] = [];
  let known: readonly string[] = [];
  for (let index = 0; index < rounds; index++) {
    const round = await playRound(parts, environment, targets[index % targets.length] ?? "workers");
    const isNew = round.breaches.filter(({ kind, what }) => !known.includes(`${kind} ${what}`));
    known = round.breaches.map(({ kind, what }) => `${kind} ${what}`);
    done.push({ ...round, breaches: isNew });
    say(`round ${index + 1}: ${round.kills.join("; ")} → ${shownSeconds(round.seconds)}`);
    for (const { kind, what } of isNew) say(`  ${kind}: ${what}`);
    if (round.seconds === null) break;
  }
  say(tableOf(done));
  const late = done.filter(({ seconds }) => seconds === null || seconds > options.budgetSeconds).length;
  const breaches = done.reduce((sum, each) => sum + each.breaches.length, 0);
  say(
    `${done.length} rounds: ${late} not Ready within ${options.budgetSeconds} s, ${breaches} breaches (each is counted in the round in which it showed first)`,
  );
  return { ok: late === 0 && breaches === 0 && done.length === rounds, home };
}

/** The moment in which a kill does harm: the cloud has done the work, and the engine does not know yet. */
async function slowDown(service: TestService, seconds: number): Promise<void> {
  if (seconds === 0) return;
  for (const call of ["create", "update", "delete"])
    await service.addFault({ type: "any", call, kind: "hang", seconds, times: "forever", afterCommit: true });
}

async function playRound(
  parts: Parts,
  environment: Readonly<Record<string, string>>,
  first: Target,
): Promise<Round> {
  const { service, writer, random, before, options } = parts;
  const runsBefore = service.runs().length;
  const editsBefore = writer.edits;
  const kills: string[] = [];
  let underWay = 0;
  writer.start();
  // Every round has its own target first, so that all are struck; then one or two at random.
  const others = targets.filter((each) => each !== first);
  for (const target of [first, ...random.take(others, 1 + random.below(2))]) {
    const aimed = await aim(service, random);
    underWay += running(service);
    kills.push(await strike(target, aimed, parts, environment));
  }
  await sleep(random.below(2_000));
  await writer.pause();
  const start = performance.now();
  const seconds = await isReady(service, options.budgetSeconds * 1_000 * patience).then(
    () => (performance.now() - start) / 1_000,
    (fault: Error) => {
      options.say(`  ${fault.message}`);
      return null;
    },
  );
  const runs = service.runs().slice(runsBefore);
  const struck = runs.filter(
    ({ status, failure_message }) => status === "lost" || /EngineLost|Canceled/.test(String(failure_message)),
  );
  const dueStill = new Set(
    service.sql("SELECT stack FROM Stacks WHERE due_at IS NOT NULL").map(({ stack }) => stack),
  );
  return {
    kills,
    underWay,
    edits: writer.edits - editsBefore,
    seconds,
    lost: struck.length,
    hit: callsHit(service, struck),
    recovered: struck.filter(({ stack }) => !dueStill.has(stack)).length,
    breaches: await inspect(service, before),
  };
}

/** All that is due has run, and every job that has a row is Ready. */
async function isReady(service: TestService, deadlineMs: number): Promise<void> {
  let waiting = "";
  await until(
    "all jobs are Ready",
    async () => {
      const rows = service.sql("SELECT job_id FROM Jobs").map(({ job_id }) => Number(job_id));
      const jobs = await service.readyJobs();
      const late = rows.filter((id) => jobs.get(id) !== "Ready");
      waiting = late.map((id) => `${id} ${jobs.get(id)}`).join(", ");
      return late.length === 0 && jobs.size === rows.length;
    },
    deadlineMs,
  ).catch((fault: Error) => {
    throw new Error(`${fault.message}; not Ready: ${waiting}`);
  });
  await service.settled(deadlineMs);
}

/** Kills, and says what it killed. */
async function strike(
  target: Target,
  aimed: readonly string[],
  { service, random }: Parts,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const { children, engines, clouds } = processesOf(service.home);
  const killAll = (pids: readonly number[]): number => pids.filter((pid) => kill(pid, "SIGKILL")).length;
  const aimedEngines = engines.filter(({ stack }) => aimed.includes(stack)).map(({ pid }) => pid);
  const aimedChildren = engines.filter(({ stack }) => aimed.includes(stack)).map(({ child }) => child);
  /** The aimed ones first, then any. */
  const choose = (first: readonly number[], all: readonly { readonly pid: number }[], count: number) => {
    const pids = all.map(({ pid }) => pid);
    const rest = pids.filter((pid) => !first.includes(pid));
    return [...random.take(first, count), ...random.take(rest, pids.length)].slice(0, count);
  };
  switch (target) {
    case "workers":
      return `${killAll(choose(aimedChildren, children, killedWorkers))} of ${children.length} workers`;
    case "engines": {
      const half = Math.max(1, Math.ceil(engines.length / 2));
      return `${killAll(choose(aimedEngines, engines, half))} of ${engines.length} engines`;
    }
    case "clouds":
      return `the clouds' ${killAll(clouds)} process`;
    case "service": {
      await service.kill("SIGKILL");
      const pauseMs = random.below(4_000);
      await sleep(pauseMs);
      await service.start(environment);
      return `the service, started ${(pauseMs / 1_000).toFixed(1)} s later`;
    }
    default:
      return target satisfies never;
  }
}

const shownSeconds = (seconds: number | null): string =>
  seconds === null ? "not Ready" : `${seconds.toFixed(1)} s`;

const counted = [
  "lock",
  "pending",
  "lease",
  "stray",
  "temporary",
  "duplicate",
  "orphan",
  "missing",
  "differs",
];

const tableOf = (rounds: readonly Round[]): string =>
  formatTable(
    [
      "round",
      "under way",
      "edits",
      "Ready after",
      "lost",
      "in calls c/u/d",
      "recovered",
      ...counted,
      "killed",
    ],
    rounds.map((round, index) => [
      String(index + 1),
      String(round.underWay),
      String(round.edits),
      shownSeconds(round.seconds),
      String(round.lost),
      `${round.hit.create}/${round.hit.update}/${round.hit.delete}`,
      String(round.recovered),
      ...counted.map((kind) => String(round.breaches.filter((each) => each.kind === kind).length)),
      round.kills.join("; "),
    ]),
  );
