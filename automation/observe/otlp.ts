/**
 * Sends spans to a collector as OTLP over HTTP in JSON. The only file that loads the OpenTelemetry SDK; it is itself
 * loaded only where an endpoint is configured, so that tracing costs nothing otherwise.
 *
 * The exporter reads the standard variables itself: OTEL_EXPORTER_OTLP_ENDPOINT, …_HEADERS, …_TIMEOUT, …_CERTIFICATE.
 */
import { SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace";
import type { Logger } from "../log.ts";
import type { EndedSpan, SpanSink } from "./spans.ts";

export interface OtlpOptions {
  readonly serviceName: string;
  /** which replica it is */
  readonly instance: string;
  readonly version: string;
  readonly log: Logger;
  /** Spans reached the collector, or are lost. */
  onSent(count: number, result: "exported" | "failed"): void;
}

// Soon enough to look at what one has just done; the SDK's own default is five seconds.
const delayMs = 1_000;
// A roll-out of 300 jobs ends some 5,000 steps within one delay at most.
const queueSize = 8_192;
// A collector that is away must not hold up the end of the service.
const closeMs = 3_000;

export function openOtlpSink(options: OtlpOptions): SpanSink {
  const resource = resourceFromAttributes({
    "service.name": options.serviceName,
    "service.version": options.version,
    "service.instance.id": options.instance,
  });
  const exporter = watched(new OTLPTraceExporter(), options);
  const processor = new BatchSpanProcessor({
    exporter,
    scheduledDelayMillis: delayMs,
    maxQueueSize: queueSize,
  });
  return {
    send: (span) => processor.onEnd(readable(span, resource, options.version)),
    close: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, closeMs);
      });
      // What could not be sent is counted and told by the exporter.
      await Promise.race([processor.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

/** Says once when a collector cannot be reached, and once when it can again. */
function watched(inner: SpanExporter, { log, onSent }: OtlpOptions): SpanExporter {
  let healthy = true;
  return {
    export: (spans, done) =>
      inner.export(spans, (result) => {
        const failed = result.error !== undefined || result.code !== 0;
        onSent(spans.length, failed ? "failed" : "exported");
        if (failed && healthy)
          log.warn(
            { reason: result.error?.message ?? "no answer" },
            "spans could not be sent; they are lost",
          );
        if (!failed && !healthy) log.info({}, "spans are sent again");
        healthy = !failed;
        done(result);
      }),
    shutdown: () => inner.shutdown(),
    forceFlush: () => inner.forceFlush?.() ?? Promise.resolve(),
  };
}

const hrTime = (ms: number): [number, number] => [
  Math.floor(ms / 1_000),
  Math.round((ms % 1_000) * 1_000_000),
];

function readable(span: EndedSpan, resource: Resource, version: string): ReadableSpan {
  const contextOf = (traceId: string, spanId: string) => ({
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
  });
  return {
    name: span.name,
    kind: span.kind === "server" ? SpanKind.SERVER : SpanKind.INTERNAL,
    spanContext: () => contextOf(span.traceId, span.spanId),
    ...(span.parentSpanId === null ? {} : { parentSpanContext: contextOf(span.traceId, span.parentSpanId) }),
    startTime: hrTime(span.startMs),
    endTime: hrTime(span.endMs),
    duration: hrTime(Math.max(0, span.endMs - span.startMs)),
    status:
      span.failure === null
        ? { code: SpanStatusCode.UNSET }
        : { code: SpanStatusCode.ERROR, message: span.failure },
    attributes: { ...span.attributes },
    links: span.links.map(({ traceId, spanId }) => ({ context: contextOf(traceId, spanId) })),
    events: [],
    ended: true,
    resource,
    instrumentationScope: { name: "rowgate", version },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}
