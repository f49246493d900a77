import type { JobRow } from "../../../metadata-schema/rows.ts";
import type { Condition } from "../../../metadata-schema/store.ts";
import { type JobListBody, type JobSummaryBody, pageQuery } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { parse } from "../parse.ts";

export const unresolved: Condition = {
  type: "Ready",
  status: "Unknown",
  reason: "NotResolved",
  message: "The job's rows have not been resolved yet.",
  since: new Date(0).toISOString(),
};

export const jobSummary = (job: JobRow): Omit<JobSummaryBody, "ready"> => ({
  jobId: job.job_id,
  name: job.name,
  environment: job.environment,
  priority: job.priority,
  enabled: job.enabled,
  owner: job.owner,
});

export const listJobs: Handler = async (call, { store }) => {
  const { limit, after } = parse(pageQuery, call.query, "query");
  const ready = await store.conditionsByType("job", "Ready");
  const rest = (await store.listJobs()).filter((job) => job.job_id > after);
  const page = rest.toSorted((a, b) => a.job_id - b.job_id).slice(0, limit);
  const body: JobListBody = {
    jobs: page.map((job) => ({ ...jobSummary(job), ready: ready.get(String(job.job_id)) ?? unresolved })),
    next: rest.length > limit ? (page.at(-1)?.job_id ?? null) : null,
  };
  return json(200, body);
};
