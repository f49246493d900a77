import type { Condition, StackRecord } from "../../../metadata-schema/store.ts";
import { principalOf } from "../cloud-objects.ts";
import { type StackListBody, type StackSummaryBody, stacksQuery } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { parse } from "../parse.ts";
import { stacksOfJob } from "./job.ts";

export const stackSummary = (
  record: StackRecord,
  { ready, drifted }: { readonly ready: Condition | undefined; readonly drifted: Condition | undefined },
): StackSummaryBody => ({
  stack: record.stack,
  kind: record.kind,
  group: principalOf(record.desired.spec ?? record.appliedSpec)?.displayName ?? null,
  environment: record.environment,
  lane: record.lane,
  wanted: record.desired.spec !== null,
  inSync: record.appliedHash === record.desired.hash,
  attempts: record.attempts,
  nextAttemptAt: record.nextAttemptAt,
  lastSuccessAt: record.lastSuccessAt,
  lastSuccessRunId: record.lastSuccessRunId,
  runningRunId: record.lease?.runId ?? null,
  ready: ready ?? null,
  drifted: drifted ?? null,
});

/** Every stack, or those that a job contributes to. */
export const listStacks: Handler = async (call, { store }) => {
  const { jobId } = parse(stacksQuery, call.query, "query");
  const ofJob = jobId === undefined ? null : new Set(await stacksOfJob(jobId, store));
  const [records, ready, drifted] = await Promise.all([
    store.listStacks(),
    store.conditionsByType("stack", "Ready"),
    store.conditionsByType("stack", "Drifted"),
  ]);
  const body: StackListBody = {
    stacks: records
      .filter(({ stack }) => ofJob === null || ofJob.has(stack))
      .map((record) =>
        stackSummary(record, { ready: ready.get(record.stack), drifted: drifted.get(record.stack) }),
      ),
  };
  return json(200, body);
};
