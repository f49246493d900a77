/** What the handlers need of the service; app.ts hands it in. */
import type {
  MetadataStore,
  RequestKind,
  RequestRecord,
  RunStep,
  StackAction,
} from "../../metadata-schema/store.ts";
import type { ObservedCall } from "../observe/call-observer.ts";
import type { ApplyBody, EngineBody, ReadinessBody } from "./contract.ts";

/** What can be asked for on a job. */
export type JobAction = Exclude<RequestKind, "adoptable" | "adopt">;

export interface Services {
  readonly store: MetadataStore;
  /** Makes a request and its runs. ServiceError JobNotFound if there is no such job. */
  createRequest(kind: JobAction, jobId: number, call: ObservedCall): Promise<RequestRecord>;
  /** Makes a request and its run. ServiceError StackNotFound or StackUnwanted. */
  createStackRequest(stack: string, action: StackAction, call: ObservedCall): Promise<RequestRecord>;
  /** Ends a queued run, or asks a running one to end, on whichever replica it runs. */
  cancelRun(runId: string): Promise<"canceled" | "asked" | "ended">;
  /** See reconcile/apply-documents.ts. */
  applyDocuments(request: {
    readonly documents: readonly unknown[];
    readonly prune: boolean;
    readonly dryRun: boolean;
    readonly plan: string | null;
  }): Promise<Omit<ApplyBody, "applied">>;
  engine(): Omit<EngineBody, "running" | "pauses">;
  readiness(): Promise<ReadinessBody>;
  /** What Prometheus reads. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Steps of a run as they are written, from the one after `after` until the run has ended. */
  runEvents(runId: string, after: number, signal: AbortSignal): AsyncIterable<RunStep>;
}
