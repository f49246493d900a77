import type { JobFacts, MetadataStore } from "../../../metadata-schema/store.ts";
import { type JobBody, jobIdParameter } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { jobNotFound } from "../not-found.ts";
import { parse } from "../parse.ts";
import { jobSummary, unresolved } from "./jobs.ts";

export const getJob: Handler = async (call, { store }) => {
  const { id } = parse(jobIdParameter, call.parameters, "path");
  const job = await store.getJob(id);
  const [facts] = await store.jobFacts([id]);
  if (job === null || facts === undefined) throw jobNotFound(id);
  const conditions = await store.conditions({ kind: "job", jobId: id });
  const body: JobBody = {
    ...jobSummary(job),
    conditions: conditions.length === 0 ? [unresolved] : [...conditions],
    rows: facts.rowConditions.map(({ row, condition }) => ({ ...row, condition })),
    stacks: await stacksOf(facts, store),
  };
  return json(200, body);
};

async function stacksOf(facts: JobFacts, store: MetadataStore): Promise<JobBody["stacks"]> {
  const stacks = await Promise.all(
    facts.stacks.map(async ({ stack, inSync }) => {
      const record = await store.getStack(stack);
      if (record === null) return null;
      return {
        stack,
        kind: record.kind,
        inSync,
        lastSuccessAt: record.lastSuccessAt,
        lastSuccessRunId: record.lastSuccessRunId,
        runningRunId: record.lease?.runId ?? null,
        conditions: [...(await store.conditions({ kind: "stack", stack }))],
      };
    }),
  );
  return stacks.filter((stack) => stack !== null);
}

/** Names of the stacks that a job contributes to. */
export async function stacksOfJob(jobId: number, store: MetadataStore): Promise<readonly string[]> {
  if ((await store.getJob(jobId)) === null) throw jobNotFound(jobId);
  const [facts] = await store.jobFacts([jobId]);
  return facts?.stacks.map(({ stack }) => stack) ?? [];
}
