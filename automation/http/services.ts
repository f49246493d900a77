/** What the handlers need of the service; app.ts hands it in. */
import type { MetadataStore, RequestKind, RequestRecord, RunStep } from "../../metadata-schema/store.ts";
import type { ApplyBody, EngineBody, ReadinessBody } from "./contract.ts";

export interface Services {
  readonly store: MetadataStore;
  /** Makes a request and its runs. ServiceError JobNotFound if there is no such job. */
  createRequest(kind: RequestKind, jobId: number): Promise<RequestRecord>;
  /** See reconcile/apply-documents.ts. */
  applyDocuments(request: {
    readonly documents: readonly unknown[];
    readonly prune: boolean;
    readonly dryRun: boolean;
    readonly plan: string | null;
  }): Promise<Omit<ApplyBody, "applied">>;
  readonly engine: Omit<EngineBody, "running">;
  readiness(): Promise<ReadinessBody>;
  /** Steps of a run as they are written, from the one after `after` until the run has ended. */
  runEvents(runId: string, after: number, signal: AbortSignal): AsyncIterable<RunStep>;
}
