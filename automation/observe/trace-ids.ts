/**
 * Ids of traces and spans. They are computed, not drawn: every replica gives one change the same trace, and the run
 * that carries it out, maybe elsewhere and after a restart, finds its parent without asking anybody.
 */
import { createHash, randomBytes } from "node:crypto";

const traceIdLength = 32;
const spanIdLength = 16;

const hex = (length: number, ...parts: readonly (string | number)[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, length);

/**
 * The trace of one change. `realm` keeps the changes of two databases apart, whose numbers are the same: the
 * database's address without a user or a password.
 */
export const traceIdOfChange = (realm: string, subject: string, seq: number): string =>
  hex(traceIdLength, "change", realm, subject, seq);

/** The trace of a run that neither a change nor a request asked for. */
export const traceIdOfRun = (runId: string): string => hex(traceIdLength, "run", runId);

/** The trace of a request that brought none. */
export const traceIdOfRequest = (requestId: string): string => hex(traceIdLength, "request", requestId);

/** The root span of a change: whoever knows the trace knows it. */
export const changeSpanId = (traceId: string): string => traceId.slice(-spanIdLength);
export const runSpanId = (runId: string): string => hex(spanIdLength, "run", runId);
/** The span of what somebody asked for, e.g. a reconcile of a job; its runs are below it. */
export const requestSpanId = (requestId: string): string => hex(spanIdLength, "request", requestId);
/** The span of a call over HTTP. */
export const callSpanId = (requestId: string): string => hex(spanIdLength, "call", requestId);
/** Of a span that nothing refers to. */
export const newSpanId = (): string => randomBytes(spanIdLength / 2).toString("hex");

export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
}

/** The header `traceparent` as W3C Trace Context has it, of any version; null: there is none, or no valid one. */
export function parseTraceparent(header: string | undefined): TraceParent | null {
  const [, version, traceId = "", spanId = "", rest] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/.exec(header?.trim() ?? "") ?? [];
  if (version === undefined || version === "ff") return null;
  // Version 00 ends with its flags; later ones may go on.
  if (version === "00" && rest !== undefined) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId };
}
