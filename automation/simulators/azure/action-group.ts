/** Who is told when an alert fires. */
import { matches } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { type Body, bodiesAt, isUnknown, textAt } from "../json.ts";
import type { InputFault, ResourceType } from "../resource-type.ts";
import { armType } from "./arm-type.ts";
import { actionGroupToken } from "./monitor-words.ts";

const receivers = [
  "armRoleReceivers",
  "automationRunbookReceivers",
  "azureAppPushReceivers",
  "azureFunctionReceivers",
  "emailReceivers",
  "eventHubReceivers",
  "incidentReceivers",
  "itsmReceivers",
  "logicAppReceivers",
  "smsReceivers",
  "voiceReceivers",
  "webhookReceivers",
];
const simulated = ["emailReceivers", "webhookReceivers"];

export const actionGroup: ResourceType = armType({
  token: actionGroupToken,
  armType: "Microsoft.Insights/actionGroups",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Insights/actionGroups/{actionGroupName}",
  required: ["enabled", "groupShortName"],
  replaceOn: ["location"],
  check: (inputs) => [
    ...matches(inputs, "groupShortName", { pattern: /^.{1,12}$/, says: "at most 12 characters" }),
    ...receivers
      .filter((kind) => !simulated.includes(kind) && bodiesAt(inputs, kind).length > 0)
      .map((kind) => ({ property: kind, reason: "is not simulated; known are email and webhook receivers" })),
    ...receiverFaults(inputs),
  ],
  build: (call) => {
    const location = textAt(call.inputs, "location").toLowerCase();
    if (
      ["global", "swedencentral", "germanywestcentral", "northcentralus", "southcentralus"].includes(location)
    ) {
      return {};
    }
    throw armError(
      400,
      "LocationNotAvailableForResourceType",
      `The provided location '${location}' is not available for resource type 'microsoft.insights/actiongroups'.`,
    );
  },
});

function receiverFaults(inputs: Body): InputFault[] {
  const all = simulated.flatMap((kind) =>
    bodiesAt(inputs, kind).map((receiver, index) => ({ receiver, at: `${kind}[${index}]` })),
  );
  const names = all.map(({ receiver }) => textAt(receiver, "name"));
  const twins = all.filter(({ receiver }, index) => names.indexOf(textAt(receiver, "name")) !== index);
  const urls = bodiesAt(inputs, "webhookReceivers").flatMap((receiver, index) => {
    const { serviceUri } = receiver;
    if (isUnknown(serviceUri) || /^https?:\/\/[^/\s]+/.test(String(serviceUri))) return [];
    return [{ property: `webhookReceivers[${index}].serviceUri`, reason: "must be an http(s) URL" }];
  });
  const mails = bodiesAt(inputs, "emailReceivers").flatMap((receiver, index) => {
    const { emailAddress } = receiver;
    if (isUnknown(emailAddress) || /^[^@\s]+@[^@\s]+$/.test(String(emailAddress))) return [];
    return [{ property: `emailReceivers[${index}].emailAddress`, reason: "must be an email address" }];
  });
  return [
    ...twins.map(({ receiver, at }) => ({
      property: `${at}.name`,
      reason: `the receiver name '${textAt(receiver, "name")}' is used twice`,
    })),
    ...urls,
    ...mails,
  ];
}
