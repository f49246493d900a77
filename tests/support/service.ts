/**
 * A real service for system tests: its own process, home, database, engine and simulated clouds. Tests talk
 * to it as its users do: raw SQL on the database file, HTTP, and the clouds' own HTTP side.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openStore } from "../../metadata-schema/open-store.ts";
import type { NewRow } from "../../metadata-schema/store.ts";

export const checkout = fileURLToPath(new URL("../..", import.meta.url));

export interface CloudObject {
  readonly cloud: string;
  readonly type: string;
  readonly id: string;
  readonly name: string;
  /** what holds it: resource group, directory, workspace host or metastore */
  readonly scope: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface CloudCall {
  readonly call: string;
  readonly type: string;
  readonly id: string;
  readonly stack: string;
  readonly result: string;
}

export interface CloudActivity {
  readonly seq: number;
  readonly operation: string;
  readonly resourceId: string;
  readonly status: string;
}

/** The engine that set-up found; system tests are nothing without it. */
export function enginePath(): string {
  const found = process.env.ROWGATE_ENGINE_PATH;
  if (found === undefined) throw new Error("ROWGATE_ENGINE_PATH is not set: run the tests with `npm test`.");
  return found;
}

/** A home whose database holds these rows instead of the sample; removed by `removeHome`. */
export async function makeHome(rows: readonly NewRow[]): Promise<string> {
  const home = await TestService.emptyHome();
  const store = await openStore({ url: `sqlite:${path.join(home, "metadata.db")}` });
  await store.insertRows(rows);
  await store.close();
  return home;
}

export const removeHome = (home: string): Promise<void> =>
  rm(home, { recursive: true, force: true, maxRetries: 5 });

/** What a process of ours needs of this one's environment, and nothing else. */
export const ownEnvironment = (): Readonly<Record<string, string>> => ({
  PATH: process.env.PATH ?? "",
  HOME: process.env.HOME ?? "",
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? "",
});

export class TestService {
  readonly home: string;
  #process: ChildProcess | null = null;
  #text = "";
  #url = "";

  constructor(home: string) {
    this.home = home;
  }

  /** A home with nothing in it yet. */
  static emptyHome(): Promise<string> {
    return mkdtemp(path.join(tmpdir(), "rowgate home "));
  }

  /** What the service has printed since it was started last. */
  get text(): string {
    return this.#text;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error("the service does not run");
    return pid;
  }

  get url(): string {
    return this.#url;
  }

  /** Starts the process and waits until it listens. */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#text = "";
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "automation/main.ts"], {
      cwd: checkout,
      env: {
        ...ownEnvironment(),
        PORT: "0",
        ROWGATE_HOME: this.home,
        ROWGATE_ENGINE_PATH: enginePath(),
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        this.#text += chunk;
      });
    }
    await until("the service listens", () => {
      if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}: ${this.#text}`);
      this.#url = /runs at (http:\S+)/.exec(this.#text)?.[1] ?? "";
      return this.#url !== "";
    });
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  /** Stops the service and its clouds as Ctrl-C does. */
  async stop(): Promise<void> {
    await this.kill("SIGTERM");
  }

  fetch(route: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.#url}${route}`, init);
  }

  async get<T>(route: string): Promise<T> {
    return (await (await this.fetch(route)).json()) as T;
  }

  /** Raw SQL, as any client would run it beside the service; rows of a query. */
  sql(text: string, ...values: readonly SQLInputValue[]): readonly Record<string, unknown>[] {
    const database = new DatabaseSync(path.join(this.home, "metadata.db"), { timeout: 10_000 });
    try {
      return database.prepare(text).all(...values);
    } finally {
      database.close();
    }
  }

  /** Several statements in raw SQL. */
  script(text: string): void {
    const database = new DatabaseSync(path.join(this.home, "metadata.db"), { timeout: 10_000 });
    try {
      database.exec(text);
    } finally {
      database.close();
    }
  }

  async #clouds(route: string, init?: RequestInit): Promise<unknown> {
    const { httpPort } = JSON.parse(await readFile(path.join(this.home, "clouds", "endpoint.json"), "utf8"));
    const response = await fetch(`http://127.0.0.1:${httpPort}${route}`, init);
    if (!response.ok) throw new Error(`${route}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  }

  async objects(filter = ""): Promise<readonly CloudObject[]> {
    return listOf<CloudObject>(await this.#clouds(`/sandbox/objects${filter}`));
  }

  async calls(): Promise<readonly CloudCall[]> {
    return listOf<CloudCall>(await this.#clouds("/sandbox/calls"));
  }

  /** Azure's own log of what anybody did, from the entry after `since`. */
  async activity(since: number): Promise<readonly CloudActivity[]> {
    return listOf<CloudActivity>(await this.#clouds(`/sandbox/activity?since=${since}`));
  }

  async addFault(fault: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#clouds("/sandbox/faults", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fault),
    });
  }

  /** How many calls faults have struck so far. */
  async struck(): Promise<number> {
    const faults = listOf<{ times: number | "forever"; remaining: number | null; seen: number; nth: number }>(
      await this.#clouds("/sandbox/faults"),
    );
    return faults.filter(({ seen, nth }) => seen >= nth).length;
  }

  async clearFaults(): Promise<void> {
    await this.#clouds("/sandbox/faults", { method: "DELETE" });
  }

  /** A person in the portal: changes or adds an object's properties. */
  async setObject(id: string, properties: Readonly<Record<string, unknown>>, type?: string): Promise<void> {
    await this.#clouds(`/sandbox/objects/${encodeURIComponent(id)}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ properties, ...(type === undefined ? {} : { type }) }),
    });
  }

  async deleteObject(id: string): Promise<void> {
    await this.#clouds(`/sandbox/objects/${encodeURIComponent(id)}`, { method: "DELETE" });
  }

  async stopClouds(): Promise<void> {
    await this.#clouds("/sandbox/stop", { method: "POST" });
  }

  /** Names of stacks whose state exists. */
  async stateStacks(): Promise<readonly string[]> {
    const folder = path.join(this.home, "state", "backend", ".pulumi", "stacks", "rowgate");
    const files = await readdir(folder).catch(() => []);
    return files.filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -".json".length));
  }

  async locks(): Promise<readonly string[]> {
    const folder = path.join(this.home, "state", "backend", ".pulumi", "locks");
    const files = await readdir(folder, { recursive: true }).catch(() => []);
    return files.filter((file) => file.endsWith(".json"));
  }

  /** Runs of a stack, or of all, in the order they began. */
  runs(stack = "%"): readonly Record<string, unknown>[] {
    return this.sql("SELECT * FROM Runs WHERE stack LIKE ? ORDER BY queued_at, started_at", stack);
  }

  async readyJobs(): Promise<ReadonlyMap<number, string>> {
    type Jobs = { jobs: { jobId: number; ready: { status: string; reason: string } }[] };
    const { jobs } = await this.get<Jobs>("/api/jobs?limit=500");
    return new Map(jobs.map(({ jobId, ready }) => [jobId, ready.status === "True" ? "Ready" : ready.reason]));
  }

  /** Waits until Ready of a job is told as `state`: "Ready", or the reason why not. */
  async jobIs(jobId: number, state: string): Promise<void> {
    await until(`job ${jobId} is ${state}`, async () => (await this.readyJobs()).get(jobId) === state);
  }

  /**
   * Waits until nothing is left to do: no change, no merge, no due stack, no lease, no queued run. Asked in one
   * statement: a run that ends makes new changes, and between two statements it could be in neither.
   */
  async settled(deadlineMs = 90_000): Promise<void> {
    const left = `SELECT 1 FROM Job_Changes
      UNION ALL SELECT 1 FROM Environment_Changes
      UNION ALL SELECT 1 FROM Stack_Merges WHERE listed IS NOT NULL
      UNION ALL SELECT 1 FROM Stacks WHERE lease_run_id IS NOT NULL
        OR (rank_at IS NOT NULL AND next_attempt_at IS NOT NULL)
      UNION ALL SELECT 1 FROM Runs WHERE status IN ('queued', 'running')`;
    await until("everything has settled", () => this.sql(left).length === 0, deadlineMs);
  }
}

function listOf<T>(answer: unknown): readonly T[] {
  if (Array.isArray(answer)) return answer as T[];
  const lists = Object.values(answer as Record<string, unknown>).filter((value) => Array.isArray(value));
  if (lists.length !== 1) throw new Error(`not one list: ${JSON.stringify(answer).slice(0, 200)}`);
  return lists[0] as T[];
}

/** Waits until `test` holds; its last fault, or the name of what did not come, is the error. */
export async function until(
  what: string,
  test: () => boolean | Promise<boolean>,
  deadlineMs = 60_000,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await test())) {
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
    await sleep(50);
  }
}
