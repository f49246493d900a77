/**
 * prom-client's objects for what metric-definitions.ts lists; the only file that imports it. A registry of its own, so
 * that nothing that a package counts for itself appears.
 */
import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type LabelValues,
  Registry,
  type RegistryContentType,
} from "prom-client";
import { type MetricDefinition, type MetricName, metricDefinitions } from "./metric-definitions.ts";
import { childEndReasons, faultPlaces } from "./run-observer.ts";

type Labels = LabelValues<string>;

export interface Instruments {
  set(name: MetricName, labels: Labels, value: number): void;
  /** No value is better than one of yesterday. */
  forget(name: MetricName): void;
  count(name: MetricName, labels?: Labels, by?: number): void;
  observe(name: MetricName, labels: Labels, value: number): void;
  readonly contentType: string;
  text(): Promise<string>;
}

export function createInstruments(): Instruments {
  const registry = new Registry<RegistryContentType>();
  collectDefaultMetrics({ register: registry });
  const gauges = new Map<string, Gauge>();
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  for (const [name, definition] of Object.entries<MetricDefinition>(metricDefinitions)) {
    const { type, help, labels, buckets = [] } = definition;
    const common = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === "gauge") gauges.set(name, new Gauge(common));
    else if (type === "counter") counters.set(name, new Counter(common));
    else histograms.set(name, new Histogram({ ...common, buckets: [...buckets] }));
  }
  // A series that begins with its first event would hide that event from rate().
  for (const place of faultPlaces) counters.get("rowgate_database_faults_total")?.inc({ place }, 0);
  for (const reason of childEndReasons) histograms.get("rowgate_child_life_seconds")?.zero({ reason });
  return {
    set: (name, labels, value) => gauges.get(name)?.set(labels, value),
    forget: (name) => {
      gauges.get(name)?.reset();
      // Without labels a reset is a 0; what was never set is removed.
      if (metricDefinitions[name].labels.length === 0) gauges.get(name)?.remove();
    },
    count: (name, labels = {}, by = 1) => counters.get(name)?.inc(labels, by),
    observe: (name, labels, value) => histograms.get(name)?.observe(labels, value),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
