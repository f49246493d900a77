/** Tells a person at the terminal how the roll-out goes: a line when something changed, and one at its end. */
import type { MetadataStore, StackRecord } from "../metadata-schema/store.ts";
import { platformStack } from "../program/layout/names.ts";

const intervalMs = 1_000;

export function reportProgress(options: {
  readonly store: MetadataStore;
  readonly port: number;
  readonly home: string;
  /** where the rows are */
  readonly database: string;
  say(line: string): void;
}): { stop(): void } {
  const { store, port, say } = options;
  const url = `http://127.0.0.1:${port}`;
  say(`Rowgate runs at ${url} (sandbox: simulated clouds, nothing real is touched). Process ${process.pid}.`);
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
    say(`Look at ${url}/api/jobs and ${url}/api/jobs/201/outputs, or run: npx rowgate sandbox list`);
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
  const groups = await groupsBeingMade(store);
  const states = jobs.map((job) => ({ job, ready: conditions.get(String(job.job_id)) }));
  const ready = states.filter((each) => each.ready?.status === "True").length;
  const held = states.flatMap(({ job, ready: condition }) =>
    condition?.status === "False" &&
    !passing.has(condition.reason) &&
    !isRollingOut(condition.message, groups.get(job.environment ?? groups.defaultName))
      ? [`${job.job_id} (${condition.message})`]
      : [],
  );
  return { total: jobs.length, ready, held, settled: ready + held.length === jobs.length };
}

// A row that waits for a stack which is being built waits for the roll-out, not for a person; so does one
// that waits for a group which that roll-out makes.
const isRollingOut = (message: string, group: string | undefined): boolean =>
  message.includes("waits for stack") ||
  (group !== undefined && message.includes(`no Entra group is named "${group}"`));

// A name that the directory did not know is looked up again every 15 seconds.
const lookedUpAgainMs = 30_000;

/** Groups that environments make themselves, by environment, of those whose platform is being rolled out. */
async function groupsBeingMade(
  store: MetadataStore,
): Promise<{ get(environment: string): string | undefined; readonly defaultName: string }> {
  const rows = await store.readRows({ tables: ["Environments"] });
  const now = Date.parse(await store.now());
  const groups = new Map<string, string>();
  for (const { key, values } of rows) {
    if (typeof values.own_group !== "string") continue;
    if (isUnderWay(await store.getStack(platformStack(key)), now)) groups.set(key, values.own_group);
  }
  return {
    get: (environment) => groups.get(environment),
    defaultName: rows.find(({ values }) => values.is_default === true)?.key ?? "",
  };
}

function isUnderWay(platform: StackRecord | null, now: number): boolean {
  if (platform === null) return true;
  if (platform.appliedHash === platform.desired.hash)
    return now - Date.parse(platform.lastSuccessAt ?? "") < lookedUpAgainMs;
  return platform.lease !== null || platform.nextAttemptAt !== null;
}

function lineOf({ total, ready, held }: ReadyJobs): string {
  const rest = held.length === 0 ? "" : ` Not Ready: ${held.join("; ")}`;
  return `Ready: ${ready} of ${total} jobs.${rest}`;
}
