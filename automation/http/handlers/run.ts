import type { RunRecord } from "../../../metadata-schema/store.ts";
import { traceIdOfRun } from "../../observe/trace-ids.ts";
import { type RunBody, type StepListBody, stepsQuery, textIdParameter } from "../contract.ts";
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
  traceId: run.traceId ?? traceIdOfRun(run.runId),
});

export const getRun: Handler = async (call, { store }) => {
  const { id } = parse(textIdParameter, call.parameters, "path");
  const run = await store.getRun(id);
  if (run === null) throw runNotFound(id);
  return json(200, runBodyOf(run));
};

/** Steps written so far, for who does not want to follow them. */
export const getRunSteps: Handler = async (call, { store }) => {
  const { id } = parse(textIdParameter, call.parameters, "path");
  const { after, limit } = parse(stepsQuery, call.query, "query");
  if ((await store.getRun(id)) === null) throw runNotFound(id);
  const steps = await store.readSteps(id, after, limit);
  const body: StepListBody = { steps: steps.map(({ runId: _, ...step }) => step) };
  return json(200, body);
};
