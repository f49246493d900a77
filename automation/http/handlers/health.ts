import type { HealthBody } from "../contract.ts";
import { type Handler, json } from "../handler.ts";

/** The process answers; says nothing about what it needs. */
export const getHealth: Handler = async (_call, { cloud }) => {
  const body: HealthBody = { status: "ok", pid: process.pid, cloud };
  return json(200, body);
};

/** Database, engine and clouds can be used. */
export const getReadiness: Handler = async (_call, services) => {
  const body = await services.readiness();
  return json(body.status === "ready" ? 200 : 503, body);
};

/** Where to look, for somebody who opens the address in a browser. */
export const getIndex: Handler = async (_call, { cloud }) =>
  json(200, {
    service: "rowgate",
    cloud,
    look: [
      "/api/jobs",
      // job 201 is of the sample
      ...(cloud === "sandbox" ? ["/api/jobs/201/outputs"] : []),
      "/readyz",
      "/healthz",
      "/metrics",
    ],
  });
