import { ServiceError } from "../../errors.ts";
import { type AlertListBody, alertsQuery, azureAlertBody, type TakenAlertBody } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { parse } from "../parse.ts";

/** Newest first; `before`: the number of the last one of the page before. */
export const listAlerts: Handler = async (call, { store }) => {
  const { jobId, state, before, limit } = parse(alertsQuery, call.query, "query");
  const alerts = await store.listAlerts({
    limit,
    ...(jobId === undefined ? {} : { jobId }),
    ...(state === undefined ? {} : { state }),
    ...(before === undefined ? {} : { before }),
  });
  const body: AlertListBody = { alerts: alerts.map((alert) => ({ ...alert })) };
  return json(200, body);
};

/**
 * What an action group calls. Nothing of the body is believed but which alert to look at. Azure calls again
 * after a 503, and not after a 404.
 */
export const postAzureAlert: Handler = async (call, { takeAlert }) => {
  const { alertId } = parse(azureAlertBody, call.body, "body").data.essentials;
  const taken = await takeAlert(alertId);
  switch (taken.status) {
    case "recorded": {
      const body: TakenAlertBody = { alertId: taken.alert.alertId, state: taken.alert.state };
      return json(200, body);
    }
    case "unknown":
      throw new ServiceError({
        code: "AlertUnknown",
        status: 404,
        message:
          "This is no id of an alert in a subscription of this service's environments. Nothing is recorded.",
      });
    case "unavailable":
      throw new ServiceError({
        code: "AlertUnreadable",
        status: 503,
        message: `The alert could not be looked at: ${taken.message}. Tell of it again.`,
      });
    default:
      return taken satisfies never;
  }
};
