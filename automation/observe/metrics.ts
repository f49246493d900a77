/** Prometheus metrics: counted from what is observed, and read from their sources at each scrape. */
import type { Clock } from "../clock.ts";
import type { CallObserver } from "./call-observer.ts";
import { createInstruments } from "./instruments.ts";
import type { MetricSources } from "./metric-sources.ts";
import type { ObservedRun, RunObserver } from "./run-observer.ts";
import { createScrape } from "./scrape.ts";

/** A probe that ended; both take few values. */
export interface ObservedProbe {
  readonly status: "ok" | "failed" | "unknown";
  readonly failedLayer: string | null;
}

export interface Metrics {
  readonly observer: Partial<RunObserver> & Pick<CallObserver, "callAnswered">;
  probed(result: ObservedProbe): void;
  spansSent(count: number, result: "exported" | "failed"): void;
  readonly contentType: string;
  /** The text of one scrape. A database that does not answer costs its part of it, and a second. */
  text(sources: MetricSources): Promise<string>;
}

// The engine's operations, as of 3.259.0 (sdk/go/common/apitype/history.go); another one counts as `other`.
const operations: ReadonlySet<string> = new Set(
  `create update delete replace create-replacement delete-replaced read read-replacement refresh discard-replaced
  remove-pending-replace import import-replacement same`.split(/\s+/),
);
// More kinds of failure and types than the code has; whatever an engine may say, there will never be more series.
const mostValues = 100;

export function createMetrics(clock: Clock): Metrics {
  const made = createInstruments();
  const codes = boundedLabel(/^[A-Z][A-Za-z0-9]{0,39}$/);
  const types = boundedLabel(/^[\w-]+:[\w/-]+:\w+$/);
  const runs = new Map<string, { readonly run: ObservedRun; readonly startMs: number }>();
  const scrape = createScrape({ made, clock, boundedReason: codes });
  const observer: Metrics["observer"] = {
    changeResolved: ({ subject, startedAtMs, endedAtMs }) => {
      scrape.changeResolved(subject);
      const kind = subject.split(":")[0] ?? "";
      made.observe("rowgate_change_resolve_seconds", { subject: kind }, (endedAtMs - startedAtMs) / 1_000);
    },
    runStarted: (run) => {
      runs.set(run.runId, { run, startMs: clock.monotonicMs() });
      if (run.dueAt === null) return;
      // Database time against this process's: a clock that is behind must not make a wait negative.
      const waitMs = Math.max(0, Date.now() - Date.parse(run.dueAt));
      made.observe("rowgate_run_wait_seconds", { lane: run.lane }, waitMs / 1_000);
    },
    runStep: (_runId, { operation, status }) => {
      if (status !== "done" && status !== "failed") return;
      const known = operations.has(operation) ? operation : "other";
      made.count("rowgate_steps_total", { operation: known, status });
    },
    runEnded: ({ runId, status, failureClass, failureCode, retryAfterMs }) => {
      const started = runs.get(runId);
      runs.delete(runId);
      if (started !== undefined) {
        const seconds = (clock.monotonicMs() - started.startMs) / 1_000;
        made.observe("rowgate_run_duration_seconds", { kind: started.run.kind, status }, seconds);
      }
      if (failureClass === null) return;
      const labels = { failure_class: failureClass };
      made.count("rowgate_run_failures_total", { ...labels, code: codes(failureCode ?? "") });
      if (retryAfterMs !== null) made.count("rowgate_run_retries_total", labels);
    },
    leaseBroken: () => made.count("rowgate_leases_broken_total"),
    lockCleared: () => made.count("rowgate_locks_cleared_total"),
    leftoverAdopted: (_stack, type) => made.count("rowgate_leftovers_adopted_total", { type: types(type) }),
    childEnded: ({ reason, lifeMs }) =>
      made.observe("rowgate_child_life_seconds", { reason }, lifeMs / 1_000),
    subscriptionPaused: () => made.count("rowgate_subscription_pauses_total"),
    databaseFault: (place) => made.count("rowgate_database_faults_total", { place }),
    callAnswered: ({ method, route, status, startedAtMs, endedAtMs }) =>
      made.observe(
        "rowgate_http_request_duration_seconds",
        { method, route: route ?? "none", status: String(status) },
        (endedAtMs - startedAtMs) / 1_000,
      ),
  };
  return {
    observer,
    probed: ({ status, failedLayer }) =>
      made.count("rowgate_probes_total", { status, layer: failedLayer ?? "none" }),
    spansSent: (count, result) => made.count("rowgate_spans_total", { result }, count),
    contentType: made.contentType,
    text: async (sources) => {
      await scrape.read(sources);
      return made.text();
    },
  };
}

/** A label whose values come from outside: of the right shape, and never more than `mostValues` of them. */
function boundedLabel(shape: RegExp): (value: string) => string {
  const seen = new Set<string>();
  return (value) => {
    if (!shape.test(value) || (!seen.has(value) && seen.size >= mostValues)) return "other";
    seen.add(value);
    return value;
  };
}
