/** The route table: which handler answers which method and path. */

import type { Handler } from "./handler.ts";
import { getAccess } from "./handlers/access.ts";
import { listAlerts, postAzureAlert } from "./handlers/alerts.ts";
import { getExport, postApply } from "./handlers/apply.ts";
import { postCancel } from "./handlers/cancel.ts";
import { getEngine } from "./handlers/engine.ts";
import { getHealth, getIndex, getReadiness } from "./handlers/health.ts";
import { getJob } from "./handlers/job.ts";
import { listJobs } from "./handlers/jobs.ts";
import { getMetrics } from "./handlers/metrics.ts";
import { getOutputs } from "./handlers/outputs.ts";
import { listProbes, postProbe } from "./handlers/probes.ts";
import { getRequest, postAction } from "./handlers/requests.ts";
import { listRows } from "./handlers/rows.ts";
import { getRun, getRunSteps } from "./handlers/run.ts";
import { getRunEvents } from "./handlers/run-events.ts";
import { listRuns } from "./handlers/runs.ts";
import { getStack } from "./handlers/stack.ts";
import { postAdopt, postStackAction } from "./handlers/stack-actions.ts";
import { listStacks } from "./handlers/stacks.ts";
import { getWhy } from "./handlers/why.ts";

export interface Route {
  readonly method: "get" | "post";
  readonly path: string;
  readonly handler: Handler;
  /** of what a stranger may send, in bytes; left out: the one of rows, which is large */
  readonly bodyLimit?: number;
}

/** Azure's own limit of an alert's payload. */
const alertLimit = 256 * 1024;

export const routes: readonly Route[] = [
  { method: "get", path: "/", handler: getIndex },
  { method: "get", path: "/healthz", handler: getHealth },
  { method: "get", path: "/readyz", handler: getReadiness },
  { method: "get", path: "/metrics", handler: getMetrics },
  { method: "get", path: "/api/alerts", handler: listAlerts },
  { method: "post", path: "/api/alerts/azure", handler: postAzureAlert, bodyLimit: alertLimit },
  { method: "post", path: "/api/apply", handler: postApply },
  { method: "get", path: "/api/export", handler: getExport },
  { method: "get", path: "/api/jobs", handler: listJobs },
  { method: "get", path: "/api/jobs/:id", handler: getJob },
  { method: "get", path: "/api/jobs/:id/outputs", handler: getOutputs },
  { method: "post", path: "/api/jobs/:id/refresh", handler: postAction("refresh") },
  { method: "post", path: "/api/jobs/:id/preview", handler: postAction("preview") },
  { method: "post", path: "/api/jobs/:id/reconcile", handler: postAction("reconcile") },
  { method: "get", path: "/api/probes", handler: listProbes },
  { method: "get", path: "/api/rows", handler: listRows },
  { method: "get", path: "/api/stacks", handler: listStacks },
  { method: "get", path: "/api/stacks/:id", handler: getStack },
  { method: "post", path: "/api/stacks/:id/refresh", handler: postStackAction("refresh") },
  { method: "post", path: "/api/stacks/:id/preview", handler: postStackAction("preview") },
  { method: "post", path: "/api/stacks/:id/reconcile", handler: postStackAction("reconcile") },
  { method: "post", path: "/api/stacks/:id/adoptable", handler: postStackAction("adoptable") },
  { method: "post", path: "/api/stacks/:id/adopt", handler: postAdopt },
  { method: "post", path: "/api/stacks/:id/probe", handler: postProbe },
  { method: "get", path: "/api/why", handler: getWhy },
  { method: "get", path: "/api/access", handler: getAccess },
  { method: "get", path: "/api/engine", handler: getEngine },
  { method: "get", path: "/api/requests/:id", handler: getRequest },
  { method: "get", path: "/api/runs", handler: listRuns },
  { method: "get", path: "/api/runs/:id", handler: getRun },
  { method: "post", path: "/api/runs/:id/cancel", handler: postCancel },
  { method: "get", path: "/api/runs/:id/steps", handler: getRunSteps },
  { method: "get", path: "/api/runs/:id/events", handler: getRunEvents },
];
