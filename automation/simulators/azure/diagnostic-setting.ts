/**
 * Where a resource sends its logs. A setting hangs on its resource but outlives it: it is out of sight while
 * the resource is gone, and there again when one of the same id is made.
 */
import { armError } from "../cloud-error.ts";
import { type Body, bodiesAt, textAt } from "../json.ts";
import type { ResourceType } from "../resource-type.ts";
import { type ArmCall, armType, requireSubscription } from "./arm-type.ts";
import { systemDataOf } from "./system-data.ts";
import { sameId } from "./virtual-network.ts";

export const diagnosticSettingToken = "azure-native:monitor:DiagnosticSetting";

const sinks = ["workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId"];

export const diagnosticSetting: ResourceType = armType({
  token: diagnosticSettingToken,
  armType: "Microsoft.Insights/diagnosticSettings",
  path: "/{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
  hasState: false,
  check: (inputs) => [
    ...(sinks.some((sink) => inputs[sink] !== undefined)
      ? []
      : [{ property: "workspaceId", reason: `one of ${sinks.join(", ")} is required` }]),
    ...(inputs.logs === undefined && inputs.metrics === undefined
      ? [{ property: "logs", reason: "one of logs and metrics is required" }]
      : []),
  ],
  build: (call) => {
    requireTarget(call);
    refuseSameSink(call);
    return { systemData: systemDataOf(call) };
  },
});

const settingsPart = /\/providers\/Microsoft\.Insights\/diagnosticSettings\/[^/]+$/i;
/** parts that a resource has from its first moment, without being resources of their own */
const implied = /\/(?:blobServices|queueServices|tableServices|fileServices)\/default$/i;

function requireTarget({ ctx, id }: ArmCall): void {
  requireSubscription(ctx);
  const target = id.replace(settingsPart, "");
  if (sameId(target, `/subscriptions/${ctx.tenant.subscriptionId}`)) return;
  if (ctx.store.get("azure", target.replace(implied, ""))) return;
  throw armError(
    404,
    "ResourceNotFound",
    `The resource '${target}' of diagnostic setting ${id} was not found.`,
  );
}

const categoriesOf = (body: Body): string[] =>
  ["logs", "metrics"].flatMap((list) =>
    bodiesAt(body, list)
      .filter((entry) => entry.enabled !== false)
      .map((entry) => textAt(entry, "category") || textAt(entry, "categoryGroup"))
      .filter((category) => category !== ""),
  );

function refuseSameSink(call: ArmCall): void {
  const { ctx, id, inputs } = call;
  const asked = categoriesOf(inputs);
  const others = ctx.store
    .below("azure", id.slice(0, id.lastIndexOf("/")))
    .filter((other) => other.type === diagnosticSettingToken && !sameId(other.id, id));
  for (const other of others) {
    const category = categoriesOf(other.body).find((found) => asked.includes(found));
    const sink = sinks.find((name) => {
      const text = textAt(inputs, name);
      return text !== "" && sameId(text, textAt(other.body, name));
    });
    if (category === undefined || sink === undefined) continue;
    throw armError(
      409,
      "Conflict",
      `Data sink '${textAt(inputs, sink)}' is already used in diagnostic setting '${other.name}' for category '${category}'. Data sinks can't be reused in different settings on the same category for the same resource.`,
    );
  }
}
