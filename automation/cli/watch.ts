/** `rowgate watch`: a line for the state of each job, and one for each change of it. */
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import type { JobSummaryBody } from "../http/contract.ts";
import { type CommandContext, jobId } from "./command-context.ts";
import { readJob, readJobs, unknownJob } from "./job-list.ts";
import { oneLine } from "./one-line.ts";
import { dataText, type Format, outputOption } from "./output.ts";

interface WatchFlags {
  readonly job?: number;
  readonly output: Format;
}

interface Change {
  readonly at: string;
  readonly jobId: number;
  /** null: the job's row is gone */
  readonly ready: JobSummaryBody["ready"] | null;
}

// The service itself sees an edit within a second.
const pollMs = 500;

export function watchCommand({ open, print, stopped }: CommandContext): Command {
  return new Command("watch")
    .description("Follow the state of jobs, a line each change, until Ctrl-C.")
    .option("--job <id>", "only this job", jobId)
    .addOption(outputOption())
    .action(async ({ job, output }: WatchFlags) => {
      const service = await open();
      const read = async (): Promise<readonly JobSummaryBody[]> => {
        if (job === undefined) return readJobs(service);
        const one = await readJob(service, job);
        return one === null ? [] : [one];
      };
      const signal = stopped();
      let known = stateOf(await read());
      if (job !== undefined && known.size === 0) throw unknownJob(job);
      for (const change of changesBetween(new Map(), known)) print(lineOf(change, output));
      while (!signal.aborted) {
        await sleep(pollMs, null, { signal }).catch(() => {});
        if (signal.aborted) return;
        const now = stateOf(await read());
        for (const change of changesBetween(known, now)) print(lineOf(change, output));
        known = now;
      }
    });
}

type State = ReadonlyMap<number, JobSummaryBody["ready"]>;

const stateOf = (jobs: readonly JobSummaryBody[]): State =>
  new Map(jobs.map((job) => [job.jobId, job.ready]));

function changesBetween(before: State, now: State): readonly Change[] {
  const at = new Date().toISOString();
  const changed = [...now].filter(([id, ready]) => {
    const last = before.get(id);
    return last?.status !== ready.status || last.reason !== ready.reason || last.message !== ready.message;
  });
  const gone = [...before.keys()].filter((id) => !now.has(id));
  return [
    ...changed.map(([id, ready]) => ({ at, jobId: id, ready })),
    ...gone.map((id) => ({ at, jobId: id, ready: null })),
  ];
}

function lineOf(change: Change, output: Format): string {
  if (output === "json") return JSON.stringify(change);
  if (output === "yaml") return `---\n${dataText("yaml", change)}`;
  const { at, jobId: id, ready } = change;
  if (ready === null) return `${at}  job ${id}  gone`;
  const state = ready.status === "True" ? "Ready" : `not Ready, ${ready.reason}`;
  return oneLine(`${at}  job ${id}  ${state}: ${ready.message}`);
}
