/** `chaos roll-out`: many jobs at once on the real engine: how fast, how much memory over time, and what went wrong. */
import { writeFile } from "node:fs/promises";
import { formatTable } from "../../automation/cli/table.ts";
import { insertStatements, rowsOfJobs } from "../support/many-jobs.ts";
import { TestService, until } from "../support/service.ts";
import { inspect, lookBefore } from "./inspection.ts";
import { type Memory, memoryOf } from "./memory.ts";
import type { Proof } from "./proof.ts";
import { trendOf } from "./series.ts";

export interface RollOutOptions {
  readonly jobs: number;
  readonly slots: number;
  /** file for all samples; null: none */
  readonly csv: string | null;
  readonly say: (line: string) => void;
}

interface Sample extends Memory {
  readonly seconds: number;
  readonly applied: number;
}

const sampleMs = 1_000;
const shownRows = 20;

export async function chaosRollOut(options: RollOutOptions): Promise<Proof> {
  const { jobs, slots, say } = options;
  const service = new TestService(await TestService.emptyHome());
  say(`home ${service.home}`);
  try {
    await service.start({ ROWGATE_SAMPLE: "off", ROWGATE_SLOTS: String(slots) });
    const before = await lookBefore(service);
    const samples: Sample[] = [];
    const start = performance.now();
    const sampler = setInterval(() => samples.push(sampleOf(service, start)), sampleMs);
    service.script(`BEGIN; ${insertStatements(rowsOfJobs(jobs, { varied: false }))}; COMMIT`);
    await service.settled(3_600_000).finally(() => clearInterval(sampler));
    const seconds = (performance.now() - start) / 1_000;
    await tell(samples, options);
    const stacks = service.sql("SELECT 1 FROM Stacks").length;
    const failed = service.runs().filter(({ status }) => status !== "succeeded");
    for (const { stack, failure_message } of failed.slice(0, 10)) say(`failed: ${stack}: ${failure_message}`);
    await until("the last jobs are told as Ready", async () => (await notReady(service)) === 0, 30_000).catch(
      () => {},
    );
    const late = await notReady(service);
    const breaches = await inspect(service, before);
    for (const { kind, what } of breaches) say(`${kind}: ${what}`);
    say(
      `${jobs} jobs, ${stacks} stacks in ${seconds.toFixed(1)} s: ${(stacks / seconds).toFixed(2)} stacks/s; ` +
        `${service.runs().length} runs, ${failed.length} failed; ${late} jobs not Ready; ${breaches.length} breaches`,
    );
    return { ok: failed.length === 0 && late === 0 && breaches.length === 0, home: service.home };
  } finally {
    await service.stop();
  }
}

async function notReady(service: TestService): Promise<number> {
  return [...(await service.readyJobs()).values()].filter((state) => state !== "Ready").length;
}

function sampleOf(service: TestService, start: number): Sample {
  const [row] = service.sql("SELECT COUNT(*) AS applied FROM Stacks WHERE applied_hash = desired_hash");
  return {
    seconds: (performance.now() - start) / 1_000,
    applied: Number(row?.applied),
    ...memoryOf(service),
  };
}

async function tell(samples: readonly Sample[], { say, csv }: RollOutOptions): Promise<void> {
  const heads = [
    "seconds",
    "applied",
    "service MB",
    "children MB",
    "largest",
    "engines MB",
    "clouds MB",
    "children",
  ];
  const rows = samples.map((each) =>
    [
      each.seconds,
      each.applied,
      each.service,
      each.children,
      each.largestChild,
      each.engines,
      each.clouds,
      each.childCount,
    ].map((value) => value.toFixed(0)),
  );
  const step = Math.max(1, Math.ceil(rows.length / shownRows));
  say(
    formatTable(
      heads,
      rows.filter((_, index) => index % step === 0 || index === rows.length - 1),
    ),
  );
  for (const name of ["service", "children", "largestChild"] as const) {
    const { slope, first, last } = trendOf(samples.map((each) => each[name]));
    say(
      `${name}: ${(slope * 60).toFixed(1)} MB a minute; first tenth ${first.toFixed(0)} MB, last tenth ${last.toFixed(0)} MB`,
    );
  }
  if (csv !== null) await writeFile(csv, `${[heads, ...rows].map((each) => each.join(",")).join("\n")}\n`);
}
