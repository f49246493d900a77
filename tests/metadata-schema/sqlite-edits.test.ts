/** Many writers at once, in several processes: no edit is missed, and each is told once. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { MetadataStore, StoredRow } from "../../metadata-schema/store.ts";
import { openTempStore } from "../support/temp-store.ts";
import { allEvents, replay } from "./conformance/audit-events.ts";
import { environmentValues, resolution, resolveAll } from "./conformance/kit.ts";
import { jobCount } from "./random-edits.ts";

const execute = promisify(execFile);

interface Done {
  readonly edits: number;
  readonly rowChanges: number;
  readonly logEntries: number;
}

async function inProcess(file: string, seed: number, edits: number): Promise<readonly Done[]> {
  const editor = join(import.meta.dirname, "sqlite-editor.ts");
  const { stdout } = await execute(process.execPath, [editor, file, String(seed), String(edits)]);
  return JSON.parse(stdout);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** What was resolved of a job: its rows then, and the last edit of it that was committed before they were read. */
interface Resolved {
  readonly upTo: number;
  readonly rows: readonly StoredRow[];
}

/** Resolves what is listed, as the service does; in between it holds the list against the edits themselves. */
class Resolver {
  readonly resolved = new Map<number, Resolved>();
  /** the newest seq that each job was ever listed under */
  readonly #listed = new Map<number, number>();
  readonly #store: MetadataStore;
  readonly #watch: DatabaseSync;

  constructor(store: MetadataStore, watch: DatabaseSync) {
    this.#store = store;
    this.#watch = watch;
  }

  /** Returns how many changes were listed. */
  async round(): Promise<number> {
    this.#assertListed();
    const changes = await this.#store.readChanges(1_000);
    for (const { subject, seq } of changes) {
      assert.ok(subject.kind === "job");
      const { jobId } = subject;
      this.#listed.set(jobId, seq);
      const upTo = this.#lastEdits(jobId).get(jobId) ?? 0;
      const rows = await this.#store.readRows({ jobId });
      await this.#store.commitResolution(resolution(subject, { seq }));
      this.resolved.set(jobId, { upTo, rows });
    }
    return changes.length;
  }

  /** In one snapshot: a job with an edit that was committed after its rows were read is listed. */
  #assertListed(): void {
    this.#watch.exec("BEGIN");
    const lastEdits = this.#lastEdits();
    const listed = new Set(
      this.#watch
        .prepare("SELECT job_id FROM Job_Changes")
        .all()
        .map(({ job_id }) => job_id),
    );
    this.#watch.exec("COMMIT");
    for (const [jobId, edit] of lastEdits)
      assert.ok(
        edit <= (this.resolved.get(jobId)?.upTo ?? 0) || listed.has(jobId),
        `edit ${edit} of job ${jobId} is committed and not listed`,
      );
  }

  #lastEdits(jobId: number | null = null): ReadonlyMap<number, number> {
    const rows = this.#watch
      .prepare(
        "SELECT job_id, max(edit) AS edit FROM Edit_Log WHERE job_id = coalesce(?, job_id) GROUP BY job_id",
      )
      .all(jobId);
    return new Map(rows.map(({ job_id, edit }) => [Number(job_id), Number(edit)]));
  }

  /** Entries of the log that were listed, and resolved, under their own seq or a later one. */
  seen(): number {
    const count = this.#watch.prepare(
      "SELECT count(*) AS n FROM Edit_Log WHERE job_id = ? AND seq <= ? AND edit <= ?",
    );
    const counts = [...this.resolved].map(([jobId, { upTo }]) =>
      Number(count.get(jobId, this.#listed.get(jobId) ?? 0, upTo)?.n),
    );
    return sum(counts);
  }
}

async function editAtOnce(seed: number, processes: number, edits: number): Promise<void> {
  const temp = await openTempStore();
  const { store } = temp;
  const jobs = Array.from({ length: jobCount }, (_, index) => index + 1);
  await store.insertRows([
    environmentValues("eastus", true),
    ...jobs.map((jobId) => ({ table: "Jobs", values: { job_id: jobId } }) as const),
  ]);
  await resolveAll(store);
  const watch = new DatabaseSync(temp.file, { timeout: 5_000 });
  watch.exec(`CREATE TABLE Edit_Log (edit INTEGER PRIMARY KEY AUTOINCREMENT, job_id INTEGER NOT NULL, seq INTEGER NOT NULL);
    CREATE INDEX Edit_Log_job ON Edit_Log (job_id, edit)`);
  const seedEvents = (await allEvents({ query: async (sql) => watch.prepare(sql).all() })).length;

  const resolver = new Resolver(store, watch);
  let isEditing = true;
  const editing = Promise.all(
    Array.from({ length: processes }, (_, index) => inProcess(temp.file, seed + index, edits / processes)),
  ).finally(() => {
    isEditing = false;
  });
  let rounds = 0;
  const resolving = (async () => {
    for (let isOver = false; !isOver; rounds += 1) {
      const wasEditing = isEditing; // before the round: what is committed during it needs another one
      isOver = (await resolver.round()) === 0 && !wasEditing;
      await sleep(5);
    }
  })();
  const [done] = await Promise.all([editing, resolving]);
  const total = (of: (done: Done) => number) => sum(done.flat().map(of));

  assert.equal(
    total(({ edits: made }) => made),
    edits,
  );
  assert.ok(rounds > 2, `${rounds} rounds are too few to meet the writers`);
  assert.equal(
    resolver.seen(),
    total(({ logEntries }) => logEntries),
    "changes seen = changes committed",
  );
  for (const [jobId, { rows }] of resolver.resolved)
    assert.deepEqual(rows, await store.readRows({ jobId }), `the last resolved rows of job ${jobId}`);
  const events = await allEvents({ query: async (sql) => watch.prepare(sql).all() });
  assert.equal(
    events.length - seedEvents,
    total(({ rowChanges }) => rowChanges),
    "one event a row change",
  );
  assert.deepEqual(replay(events), await store.readRows({}));
  watch.close();
  await temp.close(); // the folder stays after a failure
}

describe("sqlite: many writers", () => {
  it("two processes with four writers each make 10,000 edits: changes seen = changes committed, and one event a row", {
    timeout: 120_000,
  }, async () => {
    const seed = randomInt(1_000_000);
    await editAtOnce(seed, 2, 10_000).catch((error: unknown) => {
      throw new Error(`With seed ${seed}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    });
  });
});
