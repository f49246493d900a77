/** docs/metrics.md: every metric for the people who make dashboards and alerts. Pure: returns the text. */
import { type MetricDefinition, metricDefinitions } from "./metric-definitions.ts";

const introduction = `# Metrics

Made from \`automation/observe/metric-definitions.ts\` by \`npm run generate\`; do not edit it by hand.

\`GET /metrics\` gives them as Prometheus reads them, beside those that prom-client tells of any Node process
(\`process_cpu_seconds_total\`, \`process_resident_memory_bytes\`, \`nodejs_eventloop_lag_seconds\`…). Example alert
rules are in [alerts.yaml](alerts.yaml). Gauges "of all replicas" are read from the metadata database and say the same
on each of them; take \`max\`. All else is of one process; take \`sum\`.

A label takes few values, whatever the rows say: never a stack, a job, a row, a subscription or a run. What a number is
about is in \`npx rowgate get stacks\`, in the log and in the traces.`;

export function metricsPage(): string {
  const lines = Object.entries(metricDefinitions).map(([name, metric]) => line(name, metric));
  return `${introduction}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n${lines.join("\n")}\n`;
}

const line = (name: string, { type, labels, help }: MetricDefinition): string =>
  `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`;
