/**
 * Makes spans of what is observed: change → resolve, change → run → step, call → request → run. A span is sent once it
 * has ended; its id and its parent's are computed (see trace-ids.ts), so parts of one trace may come from several
 * replicas and in any order.
 */
import type { CallObserver, ObservedCall } from "./call-observer.ts";
import type { ObservedEnd, ObservedRun, ResolvedChange, RunObserver } from "./run-observer.ts";
import {
  callSpanId,
  changeSpanId,
  newSpanId,
  requestSpanId,
  runSpanId,
  type TraceParent,
  traceIdOfRun,
} from "./trace-ids.ts";

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface EndedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: "internal" | "server";
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanAttributes;
  /** one word or sentence; null: it did not fail */
  readonly failure: string | null;
  /** other traces that belong to it */
  readonly links: readonly TraceParent[];
}

export interface SpanSink {
  send(span: EndedSpan): void;
  /** Sends what is left, for as long as a few seconds. */
  close(): Promise<void>;
}

interface OpenRun {
  readonly run: ObservedRun;
  readonly traceId: string;
  readonly startMs: number;
  /** steps under way, by operation and URN */
  readonly steps: Map<string, OpenStep>;
}

interface OpenStep {
  readonly startMs: number;
  readonly operation: string;
  readonly urn: string;
  readonly type: string;
}

const plain = { kind: "internal", failure: null, links: [] } as const;

export function spanObserver(sink: SpanSink, nowMs: () => number): Partial<RunObserver> & CallObserver {
  const open = new Map<string, OpenRun>();
  return {
    changeResolved: (change) => {
      for (const span of spansOfChange(change)) sink.send(span);
    },
    runStarted: (run) => {
      const traceId = run.traceId ?? traceIdOfRun(run.runId);
      open.set(run.runId, { run, traceId, startMs: nowMs(), steps: new Map() });
    },
    runStep: (runId, { operation, urn, type, status, objectId }) => {
      const run = open.get(runId);
      if (run === undefined || status === "message") return;
      const key = `${operation} ${urn}`;
      const step = run.steps.get(key) ?? { startMs: nowMs(), operation, urn, type };
      run.steps.set(key, step);
      if (status === "started") return;
      run.steps.delete(key);
      sink.send(spanOfStep(run, step, { endMs: nowMs(), objectId, failed: status === "failed" }));
    },
    runEnded: (end) => {
      const run = open.get(end.runId);
      if (run === undefined) return;
      open.delete(end.runId);
      const endMs = nowMs();
      // What was under way when the run was cut off.
      for (const step of run.steps.values())
        sink.send(spanOfStep(run, step, { endMs, objectId: null, failed: true }));
      sink.send(spanOfRun(run, end, endMs));
    },
    callAnswered: (call) => {
      // A look at the service is worth a span only to who traces it; else probes and scrapes would bury the rest.
      if (call.parentSpanId === null && (call.method === "GET" || call.method === "HEAD")) return;
      sink.send({
        ...plain,
        ...idsOfCall(call),
        kind: "server",
        name: `${call.method} ${call.route ?? ""}`.trim(),
        startMs: call.startedAtMs,
        endMs: call.endedAtMs,
        attributes: {
          "http.request.method": call.method,
          "http.response.status_code": call.status,
          "rowgate.request_id": call.requestId,
          ...(call.route === null ? {} : { "http.route": call.route }),
        },
        failure: call.status >= 500 ? `status ${call.status}` : null,
      });
    },
    requestMade: (call, { requestId, kind, about, startedAtMs, endedAtMs }) => {
      sink.send({
        ...plain,
        traceId: call.traceId,
        spanId: requestSpanId(requestId),
        parentSpanId: callSpanId(call.requestId),
        name: `request ${kind}`,
        startMs: startedAtMs,
        endMs: endedAtMs,
        attributes: { "rowgate.request": requestId, "rowgate.request.kind": kind, "rowgate.about": about },
      });
    },
  };
}

const idsOfCall = (call: ObservedCall) => ({
  traceId: call.traceId,
  spanId: callSpanId(call.requestId),
  parentSpanId: call.parentSpanId,
});

function spansOfChange(change: ResolvedChange): readonly EndedSpan[] {
  const { traceId, subject, seq, startedAtMs, resolvedAtMs, endedAtMs, stacks } = change;
  const root = changeSpanId(traceId);
  // Stacks whose next run carries out this change and a newer one continue the newer one's trace.
  const elsewhere = [...new Set(stacks.map((each) => each.traceId))].filter((id) => id !== traceId);
  const common = { ...plain, traceId, startMs: startedAtMs };
  const attributes = {
    "rowgate.subject": subject,
    "rowgate.seq": seq,
    "rowgate.stacks": stacks.map(({ stack }) => stack).join(" "),
  };
  return [
    {
      ...common,
      endMs: resolvedAtMs,
      spanId: newSpanId(),
      parentSpanId: root,
      name: "resolve",
      attributes,
    },
    {
      ...common,
      endMs: endedAtMs,
      spanId: root,
      parentSpanId: null,
      name: `change ${subject.split(":")[0]}`,
      attributes,
      links: elsewhere.map((id) => ({ traceId: id, spanId: changeSpanId(id) })),
    },
  ];
}

function parentOfRun({ traceId, requestId }: ObservedRun): string | null {
  if (traceId === null) return null;
  return requestId === null ? changeSpanId(traceId) : requestSpanId(requestId);
}

function spanOfRun({ run, traceId, startMs }: OpenRun, end: ObservedEnd, endMs: number): EndedSpan {
  return {
    ...plain,
    traceId,
    spanId: runSpanId(run.runId),
    parentSpanId: parentOfRun(run),
    name: `run ${run.kind}`,
    startMs,
    endMs,
    attributes: {
      "rowgate.stack": run.stack,
      "rowgate.run_id": run.runId,
      "rowgate.run.kind": run.kind,
      "rowgate.run.reason": run.reason,
      "rowgate.run.status": end.status,
      "rowgate.lane": run.lane,
      "rowgate.epoch": run.epoch,
      ...(run.requestId === null ? {} : { "rowgate.request": run.requestId }),
      ...(end.failureCode === null ? {} : { "error.type": end.failureCode }),
      ...(end.failureClass === null ? {} : { "rowgate.failure.class": end.failureClass }),
    },
    failure: end.status === "succeeded" ? null : (end.failureCode ?? end.status),
  };
}

function spanOfStep(
  { run, traceId }: OpenRun,
  { startMs, operation, urn, type }: OpenStep,
  end: { readonly endMs: number; readonly objectId: string | null; readonly failed: boolean },
): EndedSpan {
  return {
    ...plain,
    traceId,
    spanId: newSpanId(),
    parentSpanId: runSpanId(run.runId),
    name: `step ${operation}`,
    startMs,
    endMs: end.endMs,
    attributes: {
      "rowgate.operation": operation,
      "rowgate.urn": urn,
      "rowgate.type": type,
      "rowgate.stack": run.stack,
      "rowgate.run_id": run.runId,
      ...(end.objectId === null ? {} : { "rowgate.object_id": end.objectId }),
    },
    failure: end.failed ? "step failed" : null,
  };
}
