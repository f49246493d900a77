/** What an operator can ask for on one stack: refresh, preview, reconcile, and taking over what exists already. */
import { randomUUID } from "node:crypto";
import type { MetadataStore, RequestRecord, StackAction } from "../../metadata-schema/store.ts";
import { ServiceError } from "../errors.ts";

const runKindOf = {
  refresh: "refresh",
  preview: "preview",
  reconcile: "update",
  adoptable: "adoptable",
  adopt: "update",
} as const;

/** Makes a request with one run of the stack. ServiceError StackNotFound, or StackUnwanted if it is to be destroyed. */
export async function requestStackAction(
  stack: string,
  action: StackAction,
  options: { readonly store: MetadataStore; readonly traceId: string | null; onQueued(): void },
): Promise<RequestRecord> {
  const { store, traceId, onQueued } = options;
  const record = await store.getStack(stack);
  if (record === null)
    throw new ServiceError({
      code: "StackNotFound",
      status: 404,
      message: `There is no stack "${stack}". "rowgate get stacks", or GET /api/stacks, lists the stacks.`,
    });
  if (record.desired.spec === null)
    throw new ServiceError({
      code: "StackUnwanted",
      status: 409,
      message: `Stack ${stack} is to be destroyed, as no row asks for it any more. Bring back a row that does first.`,
    });
  const run = { runId: randomUUID(), stack, kind: runKindOf[action.kind] };
  const request = await store.createRequest({
    requestId: randomUUID(),
    kind: action.kind,
    jobId: null,
    stack,
    traceId,
    runs: [action.kind === "adopt" ? { ...run, adopt: action.objects } : run],
  });
  onQueued();
  return request;
}
