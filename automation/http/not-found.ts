import { ServiceError } from "../errors.ts";

const notFound = (code: string, message: string): ServiceError =>
  new ServiceError({ code, status: 404, message });

export const jobNotFound = (jobId: number): ServiceError =>
  notFound("JobNotFound", `There is no job ${jobId}. "rowgate get jobs", or GET /api/jobs, lists the jobs.`);
export const runNotFound = (runId: string): ServiceError =>
  notFound(
    "RunNotFound",
    `There is no run "${runId}". "rowgate get runs", or GET /api/runs, lists the newest.`,
  );
export const requestNotFound = (requestId: string): ServiceError =>
  notFound("RequestNotFound", `There is no request "${requestId}". POST to an action of a job makes one.`);
export const stackNotFound = (stack: string): ServiceError =>
  notFound(
    "StackNotFound",
    `There is no stack "${stack}". "rowgate get stacks", or GET /api/stacks, lists the stacks.`,
  );
export const rowNotFound = (row: string): ServiceError =>
  notFound(
    "RowNotFound",
    `There is no row ${row}. "rowgate get", or GET /api/rows?table=, lists the rows of a table.`,
  );
