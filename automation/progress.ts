/** Tells a person at the terminal how the roll-out goes: a line when something changed, and one at its end. */
import type { MetadataStore } from "../metadata-schema/store.ts";

const intervalMs = 1_000;

export function reportProgress(options: {
  readonly store: MetadataStore;
  readonly port: number;
  readonly cloud: "sandbox" | "azure";
  readonly home: string;
  /** where the rows are */
  readonly database: string;
  say(line: string): void;
}): { stop(): void } {
  const { store, port, say } = options;
  const isSandbox = options.cloud === "sandbox";
  const url = `http://127.0.0.1:${port}`;
  const clouds = isSandbox ? "sandbox: simulated clouds, nothing real is touched" : "on Azure";
  say(`Rowgate runs at ${url} (${clouds}). Process ${process.pid}.`);
  say(`Rows: ${options.database}. Log: ${options.home}/logs/service.log. Ctrl-C stops.`);
  let told = "";
  const timer = setInterval(async () => {
    const state = await readyJobs(store).catch(() => null);
    if (state === null) return;
    const line = lineOf(state);
    if (line === told) return;
    told = line;
    say(line);
    if (!state.settled) return;
    // From here on a person looks where they like.
    clearInterval(timer);
    say(
      isSandbox
        ? `Look at ${url}/api/jobs and ${url}/api/jobs/201/outputs, or run: npx rowgate sandbox list`
        : `Look at ${url}/api/jobs, or run: npx rowgate get jobs`,
    );
  }, intervalMs);
  return { stop: () => clearInterval(timer) };
}

interface ReadyJobs {
  readonly total: number;
  readonly ready: number;
  /** jobs that will not become Ready by waiting, with the reason */
  readonly held: readonly string[];
  /** true: every job is Ready or held */
  readonly settled: boolean;
}

const passing: ReadonlySet<string> = new Set(["Reconciling", "NothingAdmitted", "NotResolved"]);

/** How many jobs are Ready, and which ones wait for a person. */
export async function readyJobs(store: MetadataStore): Promise<ReadyJobs> {
  const jobs = await store.listJobs();
  const conditions = await store.conditionsByType("job", "Ready");
  const rollsOut = await isUnderWay(store);
  const states = jobs.map((job) => ({ job, ready: conditions.get(String(job.job_id)) }));
  const ready = states.filter((each) => each.ready?.status === "True").length;
  const held = states.flatMap(({ job, ready: condition }) =>
    condition?.status === "False" &&
    !passing.has(condition.reason) &&
    !(rollsOut && condition.reason === "RowWaiting")
      ? [`${job.job_id} (${condition.message})`]
      : [],
  );
  return { total: jobs.length, ready, held, settled: ready + held.length === jobs.length };
}

// A name that was not known, or a runtime that was not Online, is looked up again every 15 seconds.
const lookedUpAgainMs = 30_000;

/**
 * While stacks are built, a row waits for the roll-out and not for a person: it may name a group, a model or a
 * runtime that a stack is about to make.
 */
async function isUnderWay(store: MetadataStore): Promise<boolean> {
  const now = Date.parse(await store.now());
  return (await store.listStacks()).some(
    ({ lease, dueAt, nextAttemptAt, lastSuccessAt }) =>
      lease !== null ||
      (dueAt !== null && nextAttemptAt !== null) ||
      (lastSuccessAt !== null && now - Date.parse(lastSuccessAt) < lookedUpAgainMs),
  );
}

// The rest is what `rowgate get jobs` is for.
const shownHeld = 3;

function lineOf({ total, ready, held }: ReadyJobs): string {
  const more = held.length > shownHeld ? `; and ${held.length - shownHeld} more` : "";
  const rest = held.length === 0 ? "" : ` Not Ready: ${held.slice(0, shownHeld).join("; ")}${more}`;
  return `Ready: ${ready} of ${total} jobs.${rest}`;
}
