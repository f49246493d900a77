import { ServiceError } from "../errors.ts";

const notFound = (code: string, message: string): ServiceError =>
  new ServiceError({ code, status: 404, message });

export const jobNotFound = (jobId: number): ServiceError =>
  notFound("JobNotFound", `There is no job ${jobId}. GET /api/jobs lists the jobs.`);
export const runNotFound = (runId: string): ServiceError =>
  notFound("RunNotFound", `There is no run "${runId}". A request lists its runs.`);
export const requestNotFound = (requestId: string): ServiceError =>
  notFound("RequestNotFound", `There is no request "${requestId}". POST to an action of a job makes one.`);
