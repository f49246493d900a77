import type { Handler } from "../handler.ts";

/** All metrics in Prometheus' text format; docs/metrics.md says what they mean. */
export const getMetrics: Handler = async (_call, { metrics }) => ({ kind: "text", ...(await metrics()) });
