/** What an operator can ask for on a job: refresh, preview, reconcile. */
import { randomUUID } from "node:crypto";
import type { MetadataStore, RequestRecord } from "../../metadata-schema/store.ts";
import { ServiceError } from "../errors.ts";

const runKindOf = { refresh: "refresh", preview: "preview", reconcile: "update" } as const;

export interface JobActionsOptions {
  readonly store: MetadataStore;
  /** of the call that asks */
  readonly traceId: string;
  /** resolves a job again and merges, before it returns */
  resolveNow(jobId: number): Promise<void>;
  /** runs were queued */
  onQueued(): void;
}

/** Makes a request with one run for each stack that the job contributes to and that should exist. */
export async function requestAction(
  kind: keyof typeof runKindOf,
  jobId: number,
  { store, traceId, resolveNow, onQueued }: JobActionsOptions,
): Promise<RequestRecord> {
  if ((await store.getJob(jobId)) === null) {
    throw new ServiceError({
      code: "JobNotFound",
      status: 404,
      message: `There is no job ${jobId}. GET /api/jobs lists the jobs.`,
    });
  }
  if (kind === "reconcile") await resolveNow(jobId);
  const contributions = await store.jobContributions(jobId);
  const admitted = contributions.filter((each) => each.admitted.length > 0);
  const records = await Promise.all(admitted.map(({ stack }) => store.getStack(stack)));
  const runs = records
    .filter((record) => record !== null && record.desired.spec !== null)
    .map((record) => ({ runId: randomUUID(), stack: record?.stack ?? "", kind: runKindOf[kind] }));
  const request = await store.createRequest({
    requestId: randomUUID(),
    kind,
    jobId,
    stack: null,
    traceId,
    runs,
  });
  onQueued();
  return request;
}
