import type { RequestRecord, RunStatus } from "../../../metadata-schema/store.ts";
import { jobIdParameter, type RequestBody, textIdParameter } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { requestNotFound } from "../not-found.ts";
import { parse } from "../parse.ts";
import type { JobAction } from "../services.ts";
import { runBodyOf } from "./run.ts";
import { accepted } from "./stack-actions.ts";

const locationOf = (request: RequestRecord): Record<string, string> => ({
  Location: `/api/requests/${request.requestId}`,
});

export const postAction =
  (kind: JobAction): Handler =>
  async (call, services) => {
    const { id } = parse(jobIdParameter, call.parameters, "path");
    return accepted(await services.createRequest(kind, id, call.observed));
  };

const unfinished: ReadonlySet<RunStatus> = new Set(["queued", "running"]);

function statusOf(request: RequestRecord): RequestBody["status"] {
  if (request.runs.some((run) => unfinished.has(run.status))) return "running";
  return request.runs.every((run) => run.status === "succeeded") ? "succeeded" : "failed";
}

/** 202 until all runs have ended: a caller that follows Location waits for exactly that. */
export const getRequest: Handler = async (call, { store }) => {
  const { id } = parse(textIdParameter, call.parameters, "path");
  const request = await store.getRequest(id);
  if (request === null) throw requestNotFound(id);
  const status = statusOf(request);
  const body: RequestBody = {
    request: request.requestId,
    kind: request.kind,
    jobId: request.jobId,
    stack: request.stack,
    createdAt: request.createdAt,
    status,
    runs: request.runs.map(runBodyOf),
  };
  return status === "running"
    ? json(202, body, { ...locationOf(request), "Retry-After": "1" })
    : json(200, body);
};
