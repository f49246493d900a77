/** What is kept of probes of private endpoints, and of alerts that fired. */

/** What a probe of one private endpoint found. */
export interface ProbeInput {
  /** the endpoint's name */
  readonly endpoint: string;
  /** the run that it followed; null: somebody asked */
  readonly runId: string | null;
  /** unknown: somebody who had to be asked did not answer */
  readonly status: "ok" | "failed" | "unknown";
  /** this, reason and message: null where it is ok */
  readonly failedLayer: string | null;
  readonly reason: string | null;
  readonly message: string | null;
  /** the layers that were looked at, in their order */
  readonly layers: readonly ProbedLayer[];
}
export interface ProbedLayer {
  readonly layer: string;
  readonly status: ProbeInput["status"];
  readonly durationMs: number;
  readonly detail: string;
}
export interface ProbeRecord extends ProbeInput {
  readonly stack: string;
  readonly at: string;
}

export type AlertState = "Fired" | "Resolved";

/** One alert, from when it fired on, as the cloud tells it. */
export interface AlertEvent {
  /** the cloud's own id of this alert, not of its rule */
  readonly alertId: string;
  /** ARM id */
  readonly ruleId: string;
  /** null: it is of no job */
  readonly jobId: number | null;
  readonly metric: string | null;
  /** 0 (critical) to 4 (verbose) */
  readonly severity: number;
  readonly state: AlertState;
  /** this and resolvedAt: ISO 8601, by the cloud's clock */
  readonly firedAt: string;
  readonly resolvedAt: string | null;
  readonly description: string | null;
  /** what else the cloud told; never a secret */
  readonly essentials: Readonly<Record<string, unknown>>;
}
export interface AlertRecord extends AlertEvent {
  /** grows in the order in which alerts were first recorded; goes back in as `before` */
  readonly number: number;
}
