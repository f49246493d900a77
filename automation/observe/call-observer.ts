/** What the HTTP side tells: calls that were answered, and requests that calls made. */

/** A call over HTTP. */
export interface ObservedCall {
  /** of this call alone; the caller's `x-request-id` where it gave a usable one */
  readonly requestId: string;
  readonly traceId: string;
  /** the caller's span; null: the caller takes part in no trace */
  readonly parentSpanId: string | null;
}

export interface AnsweredCall extends ObservedCall {
  readonly method: string;
  /** the route's pattern, e.g. `/api/jobs/:id`; null: there is no such route */
  readonly route: string | null;
  readonly status: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** Runs that somebody asked for. */
export interface ObservedRequest {
  readonly requestId: string;
  readonly kind: string;
  /** `job 201` */
  readonly about: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

export interface CallObserver {
  callAnswered(call: AnsweredCall): void;
  requestMade(call: ObservedCall, request: ObservedRequest): void;
}

/** Sees nothing: for tests of what is observed. */
export const noCalls: CallObserver = { callAnswered: () => {}, requestMade: () => {} };
