import type { MetadataStore, RunRecord } from "../../../metadata-schema/store.ts";
import { type RunListBody, runsQuery } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { parse } from "../parse.ts";
import { stacksOfJob } from "./job.ts";
import { runBodyOf } from "./run.ts";

/** The newest runs of all stacks, newest first; `?jobId=`: those that began, of the job's stacks. */
export const listRuns: Handler = async (call, { store }) => {
  const { limit, jobId } = parse(runsQuery, call.query, "query");
  const runs = jobId === undefined ? await store.listRuns(limit) : await runsOfJob(jobId, limit, store);
  const body: RunListBody = { runs: runs.map(runBodyOf) };
  return json(200, body);
};

async function runsOfJob(jobId: number, limit: number, store: MetadataStore): Promise<readonly RunRecord[]> {
  const stacks = await stacksOfJob(jobId, store);
  const runs = await Promise.all(stacks.map((stack) => store.recentRuns(stack, limit)));
  return runs
    .flat()
    .toSorted((a, b) => b.queuedAt.localeCompare(a.queuedAt))
    .slice(0, limit);
}
