import type { RunRecord } from "../../../metadata-schema/store.ts";
import { type RunBody, textIdParameter } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { runNotFound } from "../not-found.ts";
import { parse } from "../parse.ts";

export const runBodyOf = (run: RunRecord): RunBody => ({
  runId: run.runId,
  stack: run.stack,
  kind: run.kind,
  reason: run.reason,
  status: run.status,
  requestId: run.requestId,
  queuedAt: run.queuedAt,
  startedAt: run.startedAt,
  endedAt: run.endedAt,
  changes: { ...run.changes },
  failure: run.failure,
});

export const getRun: Handler = async (call, { store }) => {
  const { id } = parse(textIdParameter, call.parameters, "path");
  const run = await store.getRun(id);
  if (run === null) throw runNotFound(id);
  return json(200, runBodyOf(run));
};
