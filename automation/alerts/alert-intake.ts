/**
 * Takes word of a fired alert. Whoever calls is not believed: the call only says which alert to ask Azure for,
 * and what Azure Resource Manager tells of it is recorded.
 */
import type { AlertEvent, MetadataStore } from "../../metadata-schema/store.ts";
import type { ArmClient } from "../azure/arm-client.ts";
import type { Logger } from "../log.ts";
import { alertingCondition } from "./alerting.ts";
import { alertEvent, alertPlace, armAlert } from "./arm-alert.ts";

export type AlertTaken =
  | { readonly status: "recorded"; readonly alert: AlertEvent }
  /** it is no id of an alert, or of no subscription of an environment */
  | { readonly status: "unknown" }
  /** Azure could not be asked, or does not show it: whoever told of the alert should tell again */
  | { readonly status: "unavailable"; readonly message: string };

export interface AlertIntakeOptions {
  readonly store: Pick<MetadataStore, "readRows" | "recordAlert" | "listAlerts" | "setConditions">;
  readonly arm: Pick<ArmClient, "get">;
  readonly log: Logger;
}

// As many open alerts of one job as anybody counts.
const mostOpen = 100;

export class AlertIntake {
  readonly #options: AlertIntakeOptions;
  /** conditions are told one after the other, so that none is of an older look than what it replaces */
  #lastTold: Promise<void> = Promise.resolve();

  constructor(options: AlertIntakeOptions) {
    this.#options = options;
  }

  async take(id: string): Promise<AlertTaken> {
    const { store, arm, log } = this.#options;
    const place = alertPlace(id);
    // With the service's rights nothing is asked of a subscription that it has no business in.
    if (place === null || !(await this.#isOurs(place.subscriptionId))) return { status: "unknown" };
    const { alertId } = place;
    const answer = await arm.get(alertId);
    // Azure tells of an alert before everybody can read it: one that is refused for that would be lost.
    if (answer.status === "missing")
      return { status: "unavailable", message: "Azure does not show it (yet)" };
    if (answer.status !== "ok") {
      if (answer.status === "refused")
        log.error({ alertId, message: answer.message }, "Azure does not let the service read an alert");
      return { status: "unavailable", message: answer.message };
    }
    const parsed = armAlert.safeParse(answer.body);
    if (!parsed.success) {
      log.error({ alertId, err: parsed.error }, "an alert is not in the form that is expected");
      return { status: "unavailable", message: "Azure shows it in a form that is not expected" };
    }
    const alert = alertEvent(alertId, parsed.data);
    await store.recordAlert(alert);
    if (alert.jobId !== null) await this.#tell(alert.jobId);
    log.info({ alertId, job: alert.jobId, metric: alert.metric, state: alert.state }, "alert recorded");
    return { status: "recorded", alert };
  }

  async #isOurs(subscriptionId: string): Promise<boolean> {
    const rows = await this.#options.store.readRows({ tables: ["Environments"] });
    return rows.some(({ values }) => String(values.subscription_id).toLowerCase() === subscriptionId);
  }

  #tell(jobId: number): Promise<void> {
    const { store } = this.#options;
    const told = this.#lastTold.then(async () => {
      const open = await store.listAlerts({ jobId, state: "Fired", limit: mostOpen });
      const condition = alertingCondition(jobId, open);
      await store.setConditions([{ subject: { kind: "job", jobId }, condition }]);
    });
    this.#lastTold = told.catch(() => {});
    return told;
  }
}
