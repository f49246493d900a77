/** A fired alert as Azure Resource Manager shows it, in the words of Alert_Rules. */
import { z } from "zod";
import type { AlertEvent } from "../../metadata-schema/store.ts";

const guid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const idPattern = new RegExp(
  `^/subscriptions/(${guid})/providers/Microsoft\\.AlertsManagement/alerts/(${guid})$`,
  "i",
);

export interface AlertPlace {
  /** in one spelling, so that an alert is one however it is told */
  readonly alertId: string;
  readonly subscriptionId: string;
}

/** Null: it is no id of an alert, and nothing may be asked by it. */
export function alertPlace(id: string): AlertPlace | null {
  const [, subscription, alert] = idPattern.exec(id.toLowerCase()) ?? [];
  if (subscription === undefined || alert === undefined) return null;
  return {
    alertId: `/subscriptions/${subscription}/providers/Microsoft.AlertsManagement/alerts/${alert}`,
    subscriptionId: subscription,
  };
}

/** as wide as the column that it goes to */
const jobNumber = z
  .string()
  .regex(/^-?\d+$/)
  .transform(Number)
  .pipe(z.int32());
const customProperties = z.record(z.string(), z.string()).nullish();
const condition = z.object({
  operator: z.string().optional(),
  threshold: z.coerce.string().optional(),
  metricValue: z.number().nullish(),
});
/** What a rule of any kind tells of its look; kinds differ, and one that tells nothing of this is none the worse. */
const context = z
  .object({
    customProperties,
    context: z.object({ condition: z.object({ allOf: z.array(condition) }) }).optional(),
  })
  .catch({});

export const armAlert = z.object({
  properties: z.object({
    essentials: z.object({
      severity: z.string().regex(/^Sev[0-4]$/),
      monitorCondition: z.enum(["Fired", "Resolved"]),
      alertRule: z.string().max(2_000),
      startDateTime: z.iso.datetime({ offset: true }),
      monitorConditionResolvedDateTime: z.iso.datetime({ offset: true }).nullish(),
      description: z.string().max(4_000).nullish(),
      signalType: z.string().max(100).optional(),
      targetResource: z.string().max(2_000).optional(),
    }),
    context: context.optional(),
    customProperties,
  }),
});
export type ArmAlert = z.infer<typeof armAlert>;

/** The program writes job_id, metric and kind into each rule of a job; rules of others tell none of them. */
export function alertEvent(alertId: string, { properties }: ArmAlert): AlertEvent {
  const { essentials } = properties;
  const told = properties.customProperties ?? properties.context?.customProperties ?? {};
  const [look] = properties.context?.context?.condition.allOf ?? [];
  const jobId = jobNumber.safeParse(told.job_id).data ?? null;
  return {
    alertId,
    ruleId: essentials.alertRule,
    jobId,
    metric: told.metric?.slice(0, 100) ?? null,
    severity: Number(essentials.severity.slice("Sev".length)),
    state: essentials.monitorCondition,
    firedAt: essentials.startDateTime,
    resolvedAt: essentials.monitorConditionResolvedDateTime ?? null,
    description: essentials.description ?? null,
    essentials: {
      kind: told.kind === "value" || told.kind === "missing" ? told.kind : null,
      operator: look?.operator ?? null,
      threshold: look?.threshold ?? null,
      value: look?.metricValue ?? null,
      signalType: essentials.signalType ?? null,
      target: essentials.targetResource ?? null,
    },
  };
}
