/** All that looks at the service, put together: log lines, metrics, and traces where an endpoint is configured. */
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { CallObserver } from "./call-observer.ts";
import { logObserver } from "./log-observer.ts";
import type { MetricSources } from "./metric-sources.ts";
import { createMetrics, type ObservedProbe } from "./metrics.ts";
import { observeAll } from "./observe-all.ts";
import type { RunObserver } from "./run-observer.ts";
import { type SpanSink, spanObserver } from "./spans.ts";

export interface ObservationOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** null: no traces */
  readonly tracing: { readonly serviceName: string; readonly instance: string } | null;
  readonly version: string;
}

export interface Observation {
  readonly runs: RunObserver;
  readonly calls: CallObserver;
  probed(result: ObservedProbe): void;
  /** The answer to a scrape. */
  metrics(sources: MetricSources): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Sends the spans that are left. */
  close(): Promise<void>;
}

export async function openObservation(options: ObservationOptions): Promise<Observation> {
  const { clock, log, tracing, version } = options;
  const metrics = createMetrics(clock);
  let sink: SpanSink | null = null;
  if (tracing !== null) {
    const { openOtlpSink } = await import("./otlp.ts");
    sink = openOtlpSink({ ...tracing, version, log, onSent: metrics.spansSent });
  }
  const spans = sink === null ? null : spanObserver(sink, () => Date.now());
  return {
    runs: observeAll([logObserver(log), metrics.observer, ...(spans === null ? [] : [spans])], log),
    calls: {
      callAnswered: (call) => {
        const { requestId, traceId, method, route, status, startedAtMs, endedAtMs } = call;
        log.debug(
          { requestId, traceId, method, route, status, ms: endedAtMs - startedAtMs },
          "request answered",
        );
        metrics.observer.callAnswered(call);
        spans?.callAnswered(call);
      },
      requestMade: (call, request) => {
        const { requestId, traceId } = call;
        log.info(
          { requestId, traceId, request: request.requestId, kind: request.kind },
          "runs were asked for",
        );
        spans?.requestMade(call, request);
      },
    },
    probed: metrics.probed,
    metrics: async (sources) => ({
      contentType: metrics.contentType,
      text: await metrics.text(sources),
    }),
    close: async () => {
      await sink?.close();
    },
  };
}
