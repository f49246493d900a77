/**
 * Alerts that have fired, and who is to be told. States: Fired, then Resolved; a rule that does not mitigate
 * by itself has no Resolved, and fires anew every time. An alert outlives its rule, as on Azure.
 */
import { type Body, bodiesAt, isBody, textAt, textsAt } from "../json.ts";
import { keepNewest } from "../keep-newest.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject, Store } from "../store.ts";
import { activityRuleToken, metricRuleToken, queryRuleToken } from "./alert-rules.ts";

export interface Alert {
  readonly alertId: string;
  readonly condition: "Fired" | "Resolved";
  readonly firedAt: string;
  readonly changedAt: string;
  readonly body: Body;
}

/** What an evaluation of a rule says of one of its instances (a metric's dimension values; else ""). */
export interface Finding {
  readonly instance: string;
  readonly isMet: boolean;
  readonly at: Date;
  readonly target: string;
  /** as the common alert schema has it */
  readonly context: Body;
}

const signals: Readonly<Record<string, { signalType: string; service: string }>> = {
  [queryRuleToken]: { signalType: "Log", service: "Log Alerts V2" },
  [metricRuleToken]: { signalType: "Metric", service: "Platform" },
  [activityRuleToken]: { signalType: "Activity Log", service: "Activity Log - Administrative" },
};

const toAlert = (row: Record<string, unknown>): Alert => ({
  alertId: String(row.alert_id),
  condition: String(row.condition) as Alert["condition"],
  firedAt: String(row.fired_at),
  changedAt: String(row.changed_at),
  body: JSON.parse(String(row.body)) as Body,
});

export const alertIdOf = (ctx: CallContext, guid: string): string =>
  `/subscriptions/${ctx.tenant.subscriptionId}/providers/Microsoft.AlertsManagement/alerts/${guid}`;

export function findAlert(store: Store, guid: string): Alert | undefined {
  const [row] = store.all("select * from alerts where alert_id = ?", guid.toLowerCase());
  return row && toAlert(row);
}

/** Newest first. */
export const listAlerts = (store: Store): Alert[] =>
  store.all("select * from alerts order by fired_at desc, alert_id").map(toAlert);

/** Moves an instance of a rule by what was found of it. */
export function settle(ctx: CallContext, rule: CloudObject, finding: Finding, cleanNeeded: number): void {
  const { store } = ctx;
  const key = rule.id.toLowerCase();
  const [active] = store.all(
    "select * from alerts where rule_key = ? and instance = ? and condition = 'Fired' order by fired_at desc limit 1",
    key,
    finding.instance,
  );
  const isStateful = rule.body.autoMitigate !== false;
  if (finding.isMet) {
    if (active && isStateful) {
      store.run("update alerts set clean = 0 where alert_id = ?", String(active.alert_id));
    } else fire(ctx, rule, finding);
    return;
  }
  if (!active || !isStateful) return;
  const clean = Number(active.clean) + 1;
  if (clean < cleanNeeded) {
    store.run("update alerts set clean = ? where alert_id = ?", clean, String(active.alert_id));
    return;
  }
  const at = finding.at.toISOString();
  store.run(
    "update alerts set condition = 'Resolved', changed_at = ?, clean = ? where alert_id = ?",
    at,
    clean,
    String(active.alert_id),
  );
  const resolved = findAlert(store, String(active.alert_id));
  if (resolved) notify(ctx, rule, resolved);
}

export function fire(ctx: CallContext, rule: CloudObject, finding: Finding): void {
  const guid = crypto.randomUUID();
  const signal = signals[rule.type];
  const at = finding.at.toISOString();
  const body: Body = {
    alertRule: rule.name,
    alertRuleId: rule.id,
    description: textAt(rule.body, "description"),
    severity: `Sev${Number(rule.body.severity ?? 4)}`,
    signalType: signal?.signalType ?? "",
    monitoringService: signal?.service ?? "",
    target: finding.target,
    context: finding.context,
    customProperties: customProperties(rule),
  };
  const { store } = ctx;
  store.run(
    `insert into alerts (alert_id, rule_key, instance, condition, fired_at, changed_at, body)
     values (?, ?, ?, 'Fired', ?, ?, ?)`,
    guid,
    rule.id.toLowerCase(),
    finding.instance,
    at,
    at,
    JSON.stringify(body),
  );
  keepNewest(store, "alerts");
  const fired = findAlert(store, guid);
  if (fired) notify(ctx, rule, fired);
}

function customProperties(rule: CloudObject): Body {
  const ofQuery = isBody(rule.body.actions) ? rule.body.actions.customProperties : undefined;
  if (isBody(ofQuery)) return ofQuery;
  const [ofMetric] = bodiesAt(rule.body, "actions");
  return isBody(ofMetric?.webHookProperties) ? ofMetric.webHookProperties : {};
}

/** Ids of the action groups that a rule of any kind tells. */
function groupsOf(rule: CloudObject): string[] {
  if (rule.type === queryRuleToken) return textsAt(rule.body, "actions.actionGroups");
  const actions =
    rule.type === metricRuleToken
      ? bodiesAt(rule.body, "actions")
      : bodiesAt(rule.body, "actions.actionGroups");
  return actions.map((action) => textAt(action, "actionGroupId"));
}

function notify(ctx: CallContext, rule: CloudObject, alert: Alert): void {
  const payload = JSON.stringify(commonSchema(ctx, alert));
  for (const id of groupsOf(rule)) {
    const group = ctx.store.get("azure", id);
    if (!group || group.body.enabled === false) continue;
    const queue = (channel: string, receiver: Body, target: string): void => {
      ctx.store.run(
        `insert into deliveries (alert_id, condition, channel, receiver, target, payload, state, next_at, last_fault)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        alert.alertId,
        alert.condition,
        channel,
        textAt(receiver, "name"),
        target,
        payload,
        ...stateOf(channel, receiver),
      );
      keepNewest(ctx.store, "deliveries");
    };
    for (const receiver of bodiesAt(group.body, "webhookReceivers")) {
      queue("webhook", receiver, textAt(receiver, "serviceUri"));
    }
    for (const receiver of bodiesAt(group.body, "emailReceivers")) {
      queue("email", receiver, textAt(receiver, "emailAddress"));
    }
  }
}

/** State, next attempt and fault of a new delivery. Mail is recorded and goes nowhere. */
function stateOf(channel: string, receiver: Body): readonly [string, string, string | null] {
  const now = new Date().toISOString();
  if (channel === "email") return ["recorded", now, null];
  if (receiver.useCommonAlertSchema === true) return ["pending", now, null];
  return ["failed", now, "only useCommonAlertSchema: true is simulated"];
}

/** What a webhook gets: Azure's common alert schema. */
function commonSchema(ctx: CallContext, alert: Alert): Body {
  const { body, alertId } = alert;
  const resolved = alert.condition === "Resolved" ? { resolvedDateTime: alert.changedAt } : {};
  return {
    schemaId: "azureMonitorCommonAlertSchema",
    data: {
      essentials: {
        alertId: alertIdOf(ctx, alertId),
        alertRule: textAt(body, "alertRule"),
        alertRuleID: textAt(body, "alertRuleId"),
        severity: textAt(body, "severity"),
        signalType: textAt(body, "signalType"),
        monitorCondition: alert.condition,
        monitoringService: textAt(body, "monitoringService"),
        alertTargetIDs: [textAt(body, "target").toLowerCase()],
        configurationItems: [textAt(body, "target").split("/").at(-1) ?? ""],
        originAlertId: alertId,
        firedDateTime: alert.firedAt,
        ...resolved,
        description: textAt(body, "description"),
        essentialsVersion: "1.0",
        alertContextVersion: "1.0",
      },
      alertContext: body.context ?? {},
      customProperties: body.customProperties ?? {},
    },
  };
}

/** What ARM shows of an alert. */
export function armAlert(ctx: CallContext, alert: Alert): Body {
  const { body } = alert;
  const target = textAt(body, "target");
  const [, group = ""] = /\/resourceGroups\/([^/]+)/i.exec(target) ?? [];
  const resolved =
    alert.condition === "Resolved" ? { monitorConditionResolvedDateTime: alert.changedAt } : {};
  return {
    id: alertIdOf(ctx, alert.alertId),
    name: textAt(body, "alertRule"),
    type: "Microsoft.AlertsManagement/alerts",
    properties: {
      essentials: {
        severity: textAt(body, "severity"),
        signalType: textAt(body, "signalType"),
        alertState: "New",
        monitorCondition: alert.condition,
        monitorService: textAt(body, "monitoringService"),
        targetResource: target.toLowerCase(),
        targetResourceName: target.split("/").at(-1) ?? "",
        targetResourceGroup: group,
        alertRule: textAt(body, "alertRuleId"),
        description: textAt(body, "description"),
        startDateTime: alert.firedAt,
        lastModifiedDateTime: alert.changedAt,
        ...resolved,
      },
      context: { context: body.context ?? {} },
      customProperties: body.customProperties ?? {},
    },
  };
}
