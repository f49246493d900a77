import { oneOf } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { type Body, listAt, textAt } from "../json.ts";
import { type CallContext, type InputFault, type ResourceType, randomDigits } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, armType, requireReference } from "./arm-type.ts";
import { resourceGroupToken } from "./resource-group.ts";
import { connectionsTo } from "./vault.ts";
import { sameId, subnetToken, virtualNetworkToken } from "./virtual-network.ts";

export const workspaceToken = "azure-native:databricks:Workspace";

/** What Azure refuses to change, and azure-native does not replace for by itself, by the 2026-01-01 API specification. */
const fixedOnceMade = [
  "computeMode",
  "managedResourceGroupId",
  "parameters.customVirtualNetworkId.value",
  "parameters.customPublicSubnetName.value",
  "parameters.customPrivateSubnetName.value",
];

export const workspace: ResourceType = armType({
  token: workspaceToken,
  armType: "Microsoft.Databricks/workspaces",
  apiVersion: "2026-01-01",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Databricks/workspaces/{workspaceName}",
  inputs: [
    "accessConnector",
    "authorizations",
    "computeMode",
    "defaultCatalog",
    "defaultStorageFirewall",
    "encryption",
    "enhancedSecurityCompliance",
    "location",
    "managedResourceGroupId",
    "parameters",
    "publicNetworkAccess",
    "requiredNsgRules",
    "sku",
    "tags",
    "uiDefinitionUri",
  ],
  replaceOn: ["location"],
  outputsOnly: ["privateEndpointConnections", "workspaceId", "workspaceUrl", "createdDateTime"],
  check: checkWorkspace,
  build: (call) => (call.before ? keepIdentity(call, call.before) : openWorkspace(call)),
  settle: (call) => {
    const managed = textAt(call.inputs, "managedResourceGroupId");
    if (call.before || !managed) return;
    const name = managed.split("/").at(-1) ?? managed;
    call.ctx.store.put({
      cloud: "azure",
      id: managed,
      type: resourceGroupToken,
      name,
      scope: managed,
      body: {
        name,
        type: "Microsoft.Resources/resourceGroups",
        location: call.inputs.location ?? "",
        managedBy: call.id,
        properties: { provisioningState: "Succeeded" },
      },
    });
  },
  view: (ctx, workspace) => ({ privateEndpointConnections: connectionsTo(ctx, workspace.id) }),
  release: (ctx, workspace) => {
    const host = textAt(workspace.body, "workspaceUrl");
    for (const object of ctx.store.below("databricks", host)) ctx.store.remove("databricks", object.id);
    const managed = textAt(workspace.body, "managedResourceGroupId");
    if (managed) ctx.store.remove("azure", managed);
  },
});

function checkWorkspace(inputs: Body): InputFault[] {
  const faults = [
    ...oneOf(inputs, "computeMode", ["Hybrid", "Serverless"]),
    ...oneOf(inputs, "publicNetworkAccess", ["Enabled", "Disabled"]),
    ...oneOf(inputs, "requiredNsgRules", ["AllRules", "NoAzureDatabricksRules", "NoAzureServiceRules"]),
    ...oneOf(inputs, "defaultStorageFirewall", ["Enabled", "Disabled"]),
    ...oneOf(inputs, "sku.name", ["premium", "standard", "trial"]),
  ];
  // the SDK types both as optional; the service does not
  if (inputs.computeMode === undefined) {
    faults.push({
      property: "computeMode",
      reason: "missing required property 'computeMode': Hybrid or Serverless",
    });
  } else if (inputs.computeMode === "Hybrid" && inputs.managedResourceGroupId === undefined) {
    faults.push({
      property: "managedResourceGroupId",
      reason: "missing required property 'managedResourceGroupId': computeMode Hybrid needs it",
    });
  }
  return faults;
}

function openWorkspace(call: ArmCall): Body {
  requireNetwork(call);
  const managed = textAt(call.inputs, "managedResourceGroupId");
  if (managed && call.ctx.store.get("azure", managed)) {
    throw armError(
      409,
      "ManagedResourceGroupAlreadyExists",
      `The managed resource group ${managed} of workspace ${call.name} already exists; the workspace makes its own.`,
    );
  }
  const workspaceId = `${randomDigits(15)}${Math.floor(Math.random() * 10)}`;
  return {
    workspaceId,
    // Azure spreads workspaces over shards; the number after the dot names one
    workspaceUrl: `adb-${workspaceId}.${Number(workspaceId.slice(-2)) % 20}.azuredatabricks.net`,
    createdDateTime: new Date().toISOString(),
    isUcEnabled: true,
  };
}

function keepIdentity(call: ArmCall, before: CloudObject): Body {
  for (const path of fixedOnceMade) {
    if (sameId(textAt(before.body, path), textAt(call.inputs, path))) continue;
    throw armError(
      400,
      "InvalidWorkspaceUpdate",
      `The property '${path}' of workspace ${call.name} cannot be changed once the workspace is made.`,
    );
  }
  const { workspaceId = "", workspaceUrl = "", createdDateTime = "", isUcEnabled = true } = before.body;
  return { workspaceId, workspaceUrl, createdDateTime, isUcEnabled };
}

/** Both subnets of an injected workspace must be delegated to Databricks and guarded by a security group. */
function requireNetwork(call: ArmCall): void {
  const networkId = textAt(call.inputs, "parameters.customVirtualNetworkId.value");
  if (!networkId) return;
  requireReference(call, networkId, [virtualNetworkToken]);
  for (const parameter of ["customPublicSubnetName", "customPrivateSubnetName"]) {
    const name = textAt(call.inputs, `parameters.${parameter}.value`);
    const subnet = requireReference(call, `${networkId}/subnets/${name}`, [subnetToken]);
    const delegated = listAt(subnet.body, "delegations").some(
      (delegation) => textAt(delegation, "serviceName") === "Microsoft.Databricks/workspaces",
    );
    if (delegated && textAt(subnet.body, "networkSecurityGroup.id")) continue;
    throw armError(
      400,
      "InvalidSubnetDelegation",
      `Subnet ${subnet.id} of workspace ${call.name} must be delegated to Microsoft.Databricks/workspaces and have a network security group.`,
    );
  }
}

/** The workspace that answers at a host name. */
export function workspaceAt(ctx: CallContext, host: string): CloudObject | undefined {
  return ctx.store
    .ofType(workspaceToken)
    .find((workspace) => sameId(textAt(workspace.body, "workspaceUrl"), host));
}
