/**
 * A process of its own that edits a database at random: `node sqlite-editor.ts <file> <seed> <edits>`. Four
 * writers, each on a connection of its own, some with foreign keys and some without. Each edit is noted in
 * Edit_Log, in its own transaction, once for each job whose rows it changed, with the seq that the job is listed
 * under then; it fails if that is not a new one. Prints what was committed as JSON.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { childTables, integerBelow, type Random, randomEdit, randomFrom } from "./random-edits.ts";

/** What one transaction did, or all of a writer's that were committed. */
interface Done {
  edits: number;
  /** rows inserted, updated and deleted: one event of the audit log each */
  rowChanges: number;
  logEntries: number;
}

const [, , file = "", seed = "", quota = ""] = process.argv;
const writerCount = 4;
const sqliteCode = (error: unknown): number =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : 0;
const isBusy = (error: unknown): boolean => sqliteCode(error) === 5;
/** A constraint, or a key that is no number: the statement did nothing. */
const isRefused = (error: unknown): boolean => [19, 20].includes(sqliteCode(error));

const readTables = [{ table: "Jobs", key: "job_id" }, ...childTables];

class Writer {
  readonly #shell: DatabaseSync;
  readonly #random: Random;
  readonly #name: string;
  readonly #selects: readonly {
    readonly table: string;
    readonly key: string;
    readonly select: StatementSync;
  }[];
  readonly #selectSeq: StatementSync;
  readonly #selectListed: StatementSync;
  readonly #insertLog: StatementSync;
  #lastMark = 0;

  constructor(number: number) {
    this.#name = `${seed}-${number}`;
    this.#random = randomFrom(Number(seed) * writerCount + number);
    this.#shell = new DatabaseSync(file, { enableForeignKeyConstraints: number % 2 === 0, timeout: 0 });
    // Nobody cuts the power here; waiting for the disk would be most of the test.
    this.#shell.exec("PRAGMA synchronous = OFF");
    this.#selects = readTables.map(({ table, key }) => ({
      table,
      key,
      select: this.#shell.prepare(`SELECT * FROM ${table} WHERE job_id IN (?, ?)`),
    }));
    this.#selectSeq = this.#shell.prepare("SELECT change_seq AS seq FROM Service_State");
    this.#selectListed = this.#shell.prepare("SELECT seq FROM Job_Changes WHERE job_id = ?");
    this.#insertLog = this.#shell.prepare("INSERT INTO Edit_Log (job_id, seq) VALUES (?, ?)");
  }

  async edit(edits: number): Promise<Done> {
    const all: Done = { edits: 0, rowChanges: 0, logEntries: 0 };
    while (all.edits < edits) {
      const done = await this.#transaction(Math.min(1 + integerBelow(this.#random, 6), edits - all.edits));
      all.edits += done.edits;
      all.rowChanges += done.rowChanges;
      all.logEntries += done.logEntries;
    }
    this.#shell.close();
    return all;
  }

  /** Nothing is done if it is rolled back, by chance or because another writer was faster. */
  async #transaction(statements: number): Promise<Done> {
    const done: Done = { edits: 0, rowChanges: 0, logEntries: 0 };
    const nothing = { ...done };
    try {
      this.#shell.exec(this.#random() < 0.7 ? "BEGIN IMMEDIATE" : "BEGIN");
      for (let statement = 0; statement < statements; statement += 1) {
        this.#statement(done);
        if (this.#random() < 0.2) await turn();
      }
      const isKept = this.#random() < 0.85;
      this.#shell.exec(isKept ? "COMMIT" : "ROLLBACK");
      return isKept ? done : nothing;
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (this.#shell.isTransaction) this.#shell.exec("ROLLBACK");
      await sleep(1 + 4 * this.#random());
      return nothing;
    }
  }

  #statement(done: Done): void {
    this.#lastMark += 1;
    const mark = `${this.#name}-${this.#lastMark}`;
    const { sql, jobs, isRenumber } = randomEdit(this.#random, mark);
    const before = this.#rowsOf(jobs);
    const lastSeq = Number(this.#selectSeq.get()?.seq);
    try {
      this.#shell.exec(sql);
    } catch (error) {
      if (isRefused(error)) return;
      throw error;
    }
    const after = this.#rowsOf(jobs);
    const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
      (key) => before.get(key)?.values !== after.get(key)?.values,
    );
    if (changed.length === 0) return;
    const touched = new Set(changed.flatMap((key) => [before.get(key)?.jobId, after.get(key)?.jobId]));
    for (const jobId of touched) {
      if (jobId === undefined) continue;
      const seq = Number(this.#selectListed.get(jobId)?.seq ?? 0);
      if (seq <= lastSeq) throw new Error(`Job ${jobId} is not listed anew after: ${sql}`);
      this.#insertLog.run(jobId, seq);
      done.logEntries += 1;
    }
    done.edits += 1;
    // A job that takes a free number is gone under one key and new under another, but one row changed.
    const tookFreeNumber = isRenumber && !before.has(`Jobs ${jobs[1]}`);
    done.rowChanges += changed.length - (tookFreeNumber ? 1 : 0);
  }

  #rowsOf([a, b]: readonly [number, number]) {
    const rows = new Map<string, { readonly jobId: number; readonly values: string }>();
    for (const { table, key, select } of this.#selects)
      for (const row of select.all(a, b))
        rows.set(`${table} ${row[key]}`, { jobId: Number(row.job_id), values: JSON.stringify(row) });
    return rows;
  }
}

const writers = Array.from({ length: writerCount }, (_, number) => new Writer(number));
const done = await Promise.all(writers.map((writer) => writer.edit(Number(quota) / writerCount)));
process.stdout.write(JSON.stringify(done));
