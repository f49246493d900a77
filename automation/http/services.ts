/** What the handlers need of the service; app.ts hands it in. */
import type {
  AlertEvent,
  MetadataStore,
  ProbeRecord,
  RequestKind,
  RequestRecord,
  RunStep,
  StackAction,
} from "../../metadata-schema/store.ts";
import type { ObservedCall } from "../observe/call-observer.ts";
import type { ApplyBody, CloudKind, EngineBody, ReadinessBody } from "./contract.ts";

/** See probes/endpoint-prober.ts. */
export type ProbeOutcome =
  | { readonly status: "probed"; readonly probes: readonly ProbeRecord[] }
  | { readonly status: "no-stack" | "no-endpoints" | "no-such-endpoint" | "stopping" };

/** See alerts/alert-intake.ts. */
export type AlertTaken =
  | { readonly status: "recorded"; readonly alert: AlertEvent }
  | { readonly status: "unknown" }
  | { readonly status: "unavailable"; readonly message: string };

/** What can be asked for on a job. */
export type JobAction = Exclude<RequestKind, "adoptable" | "adopt">;

/** See directory/principals.ts. */
export interface Principals {
  groupIds(displayName: string): Promise<readonly string[]>;
  members(groupId: string): Promise<readonly string[]>;
  find(text: string): Promise<readonly { readonly objectId: string; readonly name: string }[]>;
}

export interface Services {
  /** which clouds stand behind all this */
  readonly cloud: CloudKind;
  readonly store: MetadataStore;
  /** who is who, and in which group */
  readonly principals: Principals;
  /** Makes a request and its runs. ServiceError JobNotFound if there is no such job. */
  createRequest(kind: JobAction, jobId: number, call: ObservedCall): Promise<RequestRecord>;
  /** Makes a request and its run. ServiceError StackNotFound or StackUnwanted. */
  createStackRequest(stack: string, action: StackAction, call: ObservedCall): Promise<RequestRecord>;
  /** Ends a queued run, or asks a running one to end, on whichever replica it runs. */
  cancelRun(runId: string): Promise<"canceled" | "asked" | "ended">;
  /** Probes the endpoints of a stack, or one of them, and resolves once that is recorded. */
  probe(stack: string, endpoint?: string): Promise<ProbeOutcome>;
  /** Asks Azure for the alert of this id, and records what it says. */
  takeAlert(alertId: string): Promise<AlertTaken>;
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
