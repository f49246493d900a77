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
  // One more than asked for tells whether there is a next page.
  const rows = await store.listJobs({ after, limit: limit + 1 });
  const page = rows.slice(0, limit);
  const ready = await Promise.all(page.map((job) => store.conditions({ kind: "job", jobId: job.job_id })));
  const body: JobListBody = {
    jobs: page.map((job, index) => ({
      ...jobSummary(job),
      ready: ready[index]?.find(({ type }) => type === "Ready") ?? unresolved,
    })),
    next: rows.length > limit ? (page.at(-1)?.job_id ?? null) : null,
  };
  return json(200, body);
};
