/** From a commit in raw SQL, or a request over HTTP, to the engine's process. */
import { readFileSync } from "node:fs";
import { makeHome, removeHome, TestService, until } from "../support/service.ts";
import { cluster, environment, job } from "../support/small-rows.ts";
import { type Measurement, numbersOf } from "./measure.ts";

/** The wall clock, in milliseconds, of a start time that the kernel keeps in ticks of 10 ms since boot. */
function startedAtMs(ticks: string): number {
  const uptimeMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
  return Date.now() - uptimeMs + Number(ticks) * 10;
}

export async function benchEditLatency(rounds: number): Promise<readonly Measurement[]> {
  const home = await makeHome([environment(), job(201), cluster(201, 1, 2)]);
  const service = new TestService(home);
  try {
    await service.start();
    await service.settled();
    const bySql: number[] = [];
    const byHttp: number[] = [];
    for (let round = 0; round < rounds; round++) {
      bySql.push(
        await latency(service, async () => {
          service.sql("UPDATE Cluster_Configs SET max_workers = ? WHERE job_id = 201", 3 + round);
        }),
      );
      byHttp.push(
        await latency(service, async () => {
          await service.fetch("/api/jobs/201/reconcile", { method: "POST" });
        }),
      );
    }
    const sql = numbersOf(bySql);
    const http = numbersOf(byHttp);
    return [
      {
        name: "edit in SQL -> engine process",
        unit: "ms",
        numbers: sql,
        budget: { text: "p95 <= 1000 ms", met: sql.p95 <= 1000 },
      },
      {
        name: "request over HTTP -> engine process",
        unit: "ms",
        numbers: http,
        budget: { text: "<= 50 ms", met: http.median <= 50 },
      },
    ];
  } finally {
    await service.stop();
    await removeHome(home);
  }
}

/** Milliseconds from before `act` to the start of the engine process that it caused. */
async function latency(service: TestService, act: () => Promise<void>): Promise<number> {
  const before = new Set(service.runs("job-eastus-201").map((run) => run.run_id));
  // Off the rhythm of the service's poll, so that every phase of it is met.
  await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 400));
  const start = Date.now();
  await act();
  let engine = "";
  await until("an engine started", () => {
    const run = service
      .runs("job-eastus-201")
      .find((each) => !before.has(each.run_id) && each.engine !== null);
    engine = String(run?.engine ?? "");
    return run !== undefined;
  });
  const { startedAt } = JSON.parse(engine);
  const spawned = startedAtMs(startedAt);
  await service.settled();
  return Math.max(0, spawned - start);
}
