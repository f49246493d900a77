/** Alert rules on the activity log: each event that fits a rule fires an alert of its own. */
import { type Body, bodiesAt, textAt, textsAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import { activityRuleToken } from "./alert-rules.ts";
import { fire } from "./alerts.ts";

/** One event of the activity log, in the fields that a rule may name. */
export interface ActivityEvent {
  readonly eventTimestamp: string;
  /** Administrative, Security, Policy… */
  readonly category: string;
  /** `Microsoft.KeyVault/vaults/write` */
  readonly operationName: string;
  /** Started, Succeeded, Failed */
  readonly status: string;
  readonly caller: string;
  readonly resourceId: string;
  readonly level: string;
  readonly correlationId: string;
}

/** To be told of every event as it is written; alerts and their deliveries are stored in the same transaction. */
export function onActivity(ctx: CallContext, event: ActivityEvent): void {
  for (const rule of ctx.store.ofType(activityRuleToken)) {
    if (rule.body.enabled === false || !isInScope(rule.body, event)) continue;
    if (!bodiesAt(rule.body, "condition.allOf").every((leaf) => isMet(leaf, event))) continue;
    fire(ctx, rule, {
      instance: event.correlationId,
      isMet: true,
      at: new Date(event.eventTimestamp),
      target: event.resourceId,
      context: { properties: {}, conditionType: "ActivityLog", ...event },
    });
  }
}

function isInScope(rule: Body, event: ActivityEvent): boolean {
  const resource = `${event.resourceId.toLowerCase()}/`;
  return textsAt(rule, "scopes").some((scope) => resource.startsWith(`${scope.toLowerCase()}/`));
}

function isMet(leaf: Body, event: ActivityEvent): boolean {
  const any = bodiesAt(leaf, "anyOf");
  if (any.length > 0) return any.some((each) => isMet(each, event));
  const value = valueOfField(event, textAt(leaf, "field")).toLowerCase();
  const contained = textsAt(leaf, "containsAny");
  if (contained.length > 0) return contained.some((part) => value.includes(part.toLowerCase()));
  return value === textAt(leaf, "equals").toLowerCase();
}

function valueOfField(event: ActivityEvent, field: string): string {
  const [, group = "", provider = "", kind = ""] =
    /\/resourceGroups\/([^/]+)(?:\/providers\/([^/]+)\/([^/]+))?/i.exec(event.resourceId) ?? [];
  const derived: Readonly<Record<string, string>> = {
    ...event,
    resourceGroup: group,
    resourceProvider: provider,
    resourceType: provider && `${provider}/${kind}`,
  };
  return derived[field] ?? "";
}
