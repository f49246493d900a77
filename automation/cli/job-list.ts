/** Jobs with their state, as `get jobs` and `watch` read them. */
import { type JobSummaryBody, jobListBody } from "../http/contract.ts";
import type { ServiceClient } from "./service-client.ts";

// the most that the service gives at once
const pageSize = 500;

/** All jobs, by id. */
export async function readJobs(service: ServiceClient): Promise<readonly JobSummaryBody[]> {
  const jobs: JobSummaryBody[] = [];
  // A job may have been given a number below 1.
  for (let after: number | null = Number.MIN_SAFE_INTEGER; after !== null; ) {
    const page = jobListBody.parse(await service.get(`/api/jobs?limit=${pageSize}&after=${after}`));
    jobs.push(...page.jobs);
    after = page.next;
  }
  return jobs;
}

/** One job; null: there is none. */
export async function readJob(service: ServiceClient, jobId: number): Promise<JobSummaryBody | null> {
  const page = jobListBody.parse(await service.get(`/api/jobs?limit=1&after=${jobId - 1}`));
  return page.jobs.find((job) => job.jobId === jobId) ?? null;
}

export const unknownJob = (jobId: number): Error =>
  new Error(`There is no job ${jobId}. \`rowgate get jobs\` lists the jobs.`);
