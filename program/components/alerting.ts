import { ActionGroup } from "@pulumi/azure-native/monitor/actionGroup.js";
import { ActivityLogAlert } from "@pulumi/azure-native/monitor/activityLogAlert.js";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import type { PlatformSpec } from "../../metadata-schema/desired-state.ts";
import { actionGroupId, armPlace, resourceGroupId, tamperAlertName } from "../layout/names.ts";
import { environmentTags } from "./tags.ts";

/** What changes who may do what, or opens a way in. Azure's names of the operations. */
const tampering = {
  "role-assignment": [
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/roleAssignments/delete",
  ],
  vault: ["Microsoft.KeyVault/vaults/write", "Microsoft.KeyVault/vaults/delete"],
  "security-group": [
    "Microsoft.Network/networkSecurityGroups/write",
    "Microsoft.Network/networkSecurityGroups/delete",
    "Microsoft.Network/networkSecurityGroups/securityRules/write",
    "Microsoft.Network/networkSecurityGroups/securityRules/delete",
  ],
  "private-endpoint": ["Microsoft.Network/privateEndpoints/delete"],
} as const satisfies Record<string, readonly string[]>;

/** Who is told of alerts, and the alerts on what anybody does to the environment itself, this service included. */
export class Alerting extends ComponentResource {
  constructor(name: string, spec: PlatformSpec, opts: ComponentResourceOptions) {
    super("rowgate:components:Alerting", name, {}, opts);
    const { environment } = spec;
    const common = {
      resourceGroupName: environment.resourceGroup,
      location: "Global",
      tags: environmentTags(environment),
    };
    const group = environment.existing.action_group === undefined ? [this.#actionGroup(spec, common)] : [];
    for (const [what, operations] of Object.entries(tampering)) {
      new ActivityLogAlert(
        `tamper-${what}`,
        {
          ...common,
          activityLogAlertName: tamperAlertName(environment, what),
          enabled: true,
          scopes: [resourceGroupId(environment)],
          condition: {
            allOf: [
              { field: "category", equals: "Administrative" },
              { field: "status", equals: "Succeeded" },
              { anyOf: operations.map((operation) => ({ field: "operationName", equals: operation })) },
            ],
          },
          actions: { actionGroups: [{ actionGroupId: actionGroupId(environment) }] },
        },
        { parent: this, dependsOn: group },
      );
    }
    this.registerOutputs();
  }

  #actionGroup(spec: PlatformSpec, common: { resourceGroupName: string; location: string }): ActionGroup {
    const { environment, serviceUrl, alertEmails } = spec;
    return new ActionGroup(
      "action-group",
      {
        ...common,
        actionGroupName: armPlace(actionGroupId(environment)).name,
        // 12 characters at most, as an environment's name has
        groupShortName: environment.name,
        enabled: true,
        // The service believes no caller: it asks Azure for the alert that it is told of.
        webhookReceivers:
          serviceUrl === null
            ? []
            : [{ name: "rowgate", serviceUri: `${serviceUrl}/api/alerts/azure`, useCommonAlertSchema: true }],
        emailReceivers: alertEmails.map((emailAddress) => ({
          // Names are unique in a group, and so are addresses.
          name: emailAddress,
          emailAddress,
          useCommonAlertSchema: true,
        })),
      },
      { parent: this },
    );
  }
}
