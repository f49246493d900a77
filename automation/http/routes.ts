/** The route table: which handler answers which method and path. */

import type { Handler } from "./handler.ts";
import { getExport, postApply } from "./handlers/apply.ts";
import { getHealth, getIndex, getReadiness } from "./handlers/health.ts";
import { getJob } from "./handlers/job.ts";
import { listJobs } from "./handlers/jobs.ts";
import { getOutputs } from "./handlers/outputs.ts";
import { getRequest, postAction } from "./handlers/requests.ts";
import { getRun } from "./handlers/run.ts";
import { getRunEvents } from "./handlers/run-events.ts";

export interface Route {
  readonly method: "get" | "post";
  readonly path: string;
  readonly handler: Handler;
}

export const routes: readonly Route[] = [
  { method: "get", path: "/", handler: getIndex },
  { method: "get", path: "/healthz", handler: getHealth },
  { method: "get", path: "/readyz", handler: getReadiness },
  { method: "post", path: "/api/apply", handler: postApply },
  { method: "get", path: "/api/export", handler: getExport },
  { method: "get", path: "/api/jobs", handler: listJobs },
  { method: "get", path: "/api/jobs/:id", handler: getJob },
  { method: "get", path: "/api/jobs/:id/outputs", handler: getOutputs },
  { method: "post", path: "/api/jobs/:id/refresh", handler: postAction("refresh") },
  { method: "post", path: "/api/jobs/:id/preview", handler: postAction("preview") },
  { method: "post", path: "/api/jobs/:id/reconcile", handler: postAction("reconcile") },
  { method: "get", path: "/api/requests/:id", handler: getRequest },
  { method: "get", path: "/api/runs/:id", handler: getRun },
  { method: "get", path: "/api/runs/:id/events", handler: getRunEvents },
];
