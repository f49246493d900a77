import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ActivityEvent, onActivity } from "../../../automation/simulators/azure/activity-alerts.ts";
import { listAlerts } from "../../../automation/simulators/azure/alerts.ts";
import { listDeliveries } from "../../../automation/simulators/azure/monitor.ts";
import type { Json } from "../../../automation/simulators/json.ts";
import type { CallContext } from "../../../automation/simulators/resource-type.ts";
import { openContext } from "./support/context.ts";

const group = "/subscriptions/s/resourceGroups/rg";
const groupId = `${group}/providers/Microsoft.Insights/actionGroups/ag`;
const vaultId = `${group}/providers/Microsoft.KeyVault/vaults/v`;

function put(ctx: CallContext, allOf: Json[], more: { [key: string]: Json } = {}): void {
  const write = { cloud: "azure", scope: group, name: "x" } as const;
  ctx.store.put({
    ...write,
    id: groupId,
    type: "azure-native:monitor:ActionGroup",
    body: { enabled: true, emailReceivers: [{ name: "team", emailAddress: "a@b.example" }] },
  });
  ctx.store.put({
    ...write,
    id: `${group}/providers/Microsoft.Insights/activityLogAlerts/tamper`,
    type: "azure-native:monitor:ActivityLogAlert",
    body: {
      enabled: true,
      scopes: [group],
      condition: { allOf: [{ field: "category", equals: "Administrative" }, ...allOf] },
      actions: { actionGroups: [{ actionGroupId: groupId }] },
      ...more,
    },
  });
}

const event = (more: Partial<ActivityEvent> = {}): ActivityEvent => ({
  eventTimestamp: "2026-06-01T12:00:00.000Z",
  category: "Administrative",
  operationName: "Microsoft.KeyVault/vaults/write",
  status: "Succeeded",
  caller: "mallory@contoso.example",
  resourceId: vaultId,
  level: "Informational",
  correlationId: crypto.randomUUID(),
  ...more,
});

describe("alerts on the activity log", () => {
  it("each event that fits fires one alert, and tells the action group", async (t) => {
    const ctx = await openContext(t);
    put(ctx, [{ field: "operationName", equals: "microsoft.keyvault/vaults/write" }]);
    onActivity(ctx, event());
    onActivity(ctx, event());
    onActivity(ctx, event({ operationName: "Microsoft.KeyVault/vaults/delete" }));
    onActivity(ctx, event({ category: "Policy" }));
    assert.deepEqual(
      listAlerts(ctx.store).map((alert) => [alert.condition, alert.body.target, alert.body.severity]),
      [
        ["Fired", vaultId, "Sev4"],
        ["Fired", vaultId, "Sev4"],
      ],
    );
    assert.deepEqual(
      listDeliveries(ctx).map((delivery) => [delivery.channel, delivery.state]),
      [
        ["email", "recorded"],
        ["email", "recorded"],
      ],
    );
  });

  it("any of several, parts of text, and fields that follow from the resource", async (t) => {
    const ctx = await openContext(t);
    put(ctx, [
      {
        anyOf: [
          { field: "status", equals: "Failed" },
          { field: "caller", containsAny: ["MALLORY", "eve"] },
        ],
      },
      { field: "resourceType", equals: "Microsoft.KeyVault/vaults" },
      { field: "resourceGroup", equals: "rg" },
    ]);
    onActivity(ctx, event());
    onActivity(ctx, event({ caller: "ada" }));
    onActivity(ctx, event({ caller: "ada", status: "Failed" }));
    assert.equal(listAlerts(ctx.store).length, 2);
  });

  it("out of scope or disabled, nothing fires", async (t) => {
    const ctx = await openContext(t);
    put(ctx, []);
    onActivity(ctx, event({ resourceId: `${group}-other/providers/Microsoft.KeyVault/vaults/v` }));
    put(ctx, [], { enabled: false });
    onActivity(ctx, event());
    assert.deepEqual(listAlerts(ctx.store), []);
  });
});
