/** Azure Monitor over HTTP: logs in, alerts out, and the sandbox's hand on its clock. */
import { z } from "zod";
import { armAlert, findAlert, listAlerts } from "../azure/alerts.ts";
import { ingest } from "../azure/log-ingestion.ts";
import { deliverDue, isPausedIn, listDeliveries } from "../azure/monitor.ts";
import { evaluateRules, speedOf } from "../azure/rule-evaluation.ts";
import { armError } from "../cloud-error.ts";
import { textAt } from "../json.ts";
import { requireVersion } from "./factory.ts";
import { parse } from "./request.ts";
import type { Answer, HttpCall, Route } from "./route.ts";

const alerts = "/subscriptions/[^/]+/providers/Microsoft\\.AlertsManagement/alerts";

const settings = z.strictObject({
  // a day in a second and a half is as fast as anybody needs
  speed: z.number().min(1).max(60_000).optional(),
  isPaused: z.boolean().optional(),
});

export const monitorRoutes: readonly Route[] = [
  {
    method: "POST",
    lookup: "azure-native",
    path: /^\/dataCollectionRules\/([^/]+)\/streams\/([^/]+)$/i,
    handle: postRows,
  },
  { method: "GET", lookup: "azure-native", path: new RegExp(`^${alerts}$`, "i"), handle: getAlerts },
  { method: "GET", lookup: "azure-native", path: new RegExp(`^${alerts}/([^/]+)$`, "i"), handle: getAlert },
  {
    method: "GET",
    path: /^\/sandbox\/monitor$/,
    handle: ({ context }) => ({
      status: 200,
      body: {
        speed: speedOf(context),
        isPaused: isPausedIn(context),
        rules: context.store
          .all("select rule_key, evaluated_at, fault from rule_clocks order by rule_key")
          .map((row) => ({ rule: row.rule_key, evaluatedAt: row.evaluated_at, fault: row.fault })),
        deliveries: listDeliveries(context),
      },
    }),
  },
  {
    method: "PUT",
    path: /^\/sandbox\/monitor$/,
    handle: ({ context, body }) => {
      const { speed, isPaused } = parse(settings, body);
      if (speed !== undefined) context.store.setFact("monitorSpeed", String(speed));
      if (isPaused !== undefined) context.store.setFact("monitorPaused", String(isPaused));
      return { status: 200, body: { speed: speedOf(context), isPaused: isPausedIn(context) } };
    },
  },
  { method: "POST", path: /^\/sandbox\/monitor\/evaluate$/, handle: evaluateNow },
];

function postRows(call: HttpCall): Answer {
  requireVersion(call);
  const [immutableId = "", stream = ""] = call.params;
  const principal = String(call.headers["x-simulated-principal"] ?? "");
  ingest(call.context, { immutableId, stream, principal, rows: call.body });
  return { status: 204 };
}

function getAlerts(call: HttpCall): Answer {
  requireVersion(call);
  const target = call.query.get("targetResource")?.toLowerCase();
  const value = listAlerts(call.context.store)
    .filter((alert) => target === undefined || textAt(alert.body, "target").toLowerCase() === target)
    .map((alert) => armAlert(call.context, alert));
  return { status: 200, body: { value } };
}

function getAlert(call: HttpCall): Answer {
  requireVersion(call);
  const [guid = ""] = call.params;
  const alert = findAlert(call.context.store, guid);
  if (alert) return { status: 200, body: armAlert(call.context, alert) };
  throw armError(404, "AlertNotFound", `Alert ${guid} was not found.`);
}

/** Looks at every rule now, or at the instant that is given, and waits for the first deliveries. */
async function evaluateNow({ context, body }: HttpCall): Promise<Answer> {
  const { at } = parse(z.strictObject({ at: z.iso.datetime().optional() }), body);
  const value = evaluateRules(context, at ? new Date(at) : new Date(), "all");
  await deliverDue(context, new Date());
  return { status: 200, body: { value } };
}
