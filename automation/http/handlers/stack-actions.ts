import type { RequestRecord } from "../../../metadata-schema/store.ts";
import { type AcceptedBody, adoptRequestBody, textIdParameter } from "../contract.ts";
import { type Handler, json, type Reply } from "../handler.ts";
import { parse } from "../parse.ts";

/** What a caller gets whose request was accepted: where to look for its end, and its runs. */
export function accepted(request: RequestRecord): Reply {
  const body: AcceptedBody = {
    request: request.requestId,
    runs: request.runs.map((run) => ({ id: run.runId, stack: run.stack })),
  };
  return json(202, body, { Location: `/api/requests/${request.requestId}` });
}

export const postStackAction =
  (kind: "refresh" | "preview" | "reconcile" | "adoptable"): Handler =>
  async (call, services) => {
    const { id } = parse(textIdParameter, call.parameters, "path");
    return accepted(await services.createStackRequest(id, { kind }, call.observed));
  };

export const postAdopt: Handler = async (call, services) => {
  const { id } = parse(textIdParameter, call.parameters, "path");
  const { objects } = parse(adoptRequestBody, call.body, "body");
  return accepted(await services.createStackRequest(id, { kind: "adopt", objects }, call.observed));
};
