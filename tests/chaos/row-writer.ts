/** Somebody who edits rows by raw SQL without a pause: policies, clusters and firewall ranges change, jobs come and go. */
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { groups, insertStatements, models, rowsOfJob } from "../support/many-jobs.ts";
import { secret } from "../support/small-rows.ts";
import type { Random } from "./random.ts";

const edits = ["add-policy", "drop-policy", "resize", "range", "add-job", "delete-job"] as const;
export type Edit = (typeof edits)[number];

export interface RowWriterOptions {
  readonly home: string;
  readonly random: Random;
  /** jobs come and go around this number */
  readonly jobs: number;
}

// Edits come faster than runs end, so that rows change under runs.
const pauseMs = 250;

export class RowWriter {
  readonly #options: RowWriterOptions;
  #stop = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #nextJob = 5001;
  edits = 0;

  constructor(options: RowWriterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stop = new AbortController();
    this.#ended = this.#loop();
  }

  /** Resolves when its last edit is committed. */
  async pause(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #loop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.edit();
      await sleep(pauseMs * (0.5 + this.#options.random.next()), null, { signal: this.#stop.signal }).catch(
        () => null,
      );
    }
  }

  /** One edit in a transaction of its own. */
  edit(): Edit {
    const database = new DatabaseSync(path.join(this.#options.home, "metadata.db"), { timeout: 30_000 });
    try {
      const jobs = database
        .prepare("SELECT job_id FROM Jobs ORDER BY job_id")
        .all()
        .map(({ job_id }) => Number(job_id));
      const edit = this.#choose(jobs.length);
      database.exec(`BEGIN IMMEDIATE; ${this.#statement(edit, jobs)}; COMMIT`);
      this.edits += 1;
      return edit;
    } finally {
      database.close();
    }
  }

  #choose(jobs: number): Edit {
    const { random, jobs: around } = this.#options;
    const possible = edits.filter(
      (edit) => (edit !== "add-job" || jobs < around * 1.2) && (edit !== "delete-job" || jobs > around * 0.8),
    );
    return random.pick(possible) ?? "resize";
  }

  #statement(edit: Edit, jobs: readonly number[]): string {
    const { random } = this.#options;
    const id = random.pick(jobs) ?? 0;
    switch (edit) {
      case "add-policy":
        return `INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group, model) VALUES
          (${id}, 'DataScientist', '${random.pick(permissions)}', '${random.pick(groups)}', 'ml.models.${random.pick(models)}')`;
      case "drop-policy":
        // Not below one a job, or soon there would be nothing left to do.
        return `DELETE FROM Access_Policies WHERE policy_id = (SELECT MAX(policy_id) FROM Access_Policies
          WHERE job_id = (SELECT job_id FROM Access_Policies GROUP BY job_id HAVING COUNT(*) > 1
            ORDER BY job_id LIMIT 1 OFFSET ${random.below(5)}))`;
      case "resize":
        return `UPDATE Cluster_Configs SET max_workers = ${2 + random.below(30)} WHERE job_id = ${id}`;
      case "range":
        return `UPDATE Network_Rules SET firewall_ranges = '["198.51.100.${16 * random.below(16)}/28"]' WHERE job_id = ${id}`;
      case "add-job": {
        const added = this.#nextJob++;
        return insertStatements(rowsOfJob(added, random.below(2) === 0 ? [secret(added)] : []));
      }
      case "delete-job":
        return `DELETE FROM Jobs WHERE job_id = ${id}`;
      default:
        return edit satisfies never;
    }
  }
}

const permissions = [
  '["execute_inference"]',
  '["read_model"]',
  '["execute_inference","read_model"]',
  '["execute_inference","read_model","discover_model"]',
] as const;
