import { oneOf } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { type Body, isBody, listAt, textAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type ResourceType,
  randomDigits,
  randomHex,
} from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, armType, requireReference } from "./arm-type.ts";
import { connectionsTo } from "./connections.ts";
import { resourceGroupToken } from "./resource-group.ts";
import { storageAccountToken } from "./storage.ts";
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

/** Azure says minutes. */
export const creationSeconds = 180;

export const workspace: ResourceType = armType({
  token: workspaceToken,
  armType: "Microsoft.Databricks/workspaces",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Databricks/workspaces/{workspaceName}",
  replaceOn: ["location"],
  outputsOnly: ["privateEndpointConnections", "workspaceId", "workspaceUrl", "createdDateTime"],
  takes: { create: creationSeconds, update: 60, delete: 120 },
  check: checkWorkspace,
  build: (call) => (call.before ? keepIdentity(call, call.before) : openWorkspace(call)),
  settle: (call, workspace) => {
    const managed = textAt(call.inputs, "managedResourceGroupId");
    if (!call.before && managed) makeManagedGroup(call, workspace, managed);
  },
  view: (ctx, workspace) => ({ privateEndpointConnections: connectionsTo(ctx, workspace) }),
  release: (ctx, workspace) => {
    const host = textAt(workspace.body, "workspaceUrl");
    for (const object of ctx.store.below("databricks", host)) ctx.store.remove("databricks", object.id);
    const managed = textAt(workspace.body, "managedResourceGroupId");
    if (managed) ctx.store.purge("azure", managed);
  },
});

/** The group that a workspace makes for itself, with the storage account of its file system (DBFS root). */
function makeManagedGroup({ ctx, inputs }: ArmCall, workspace: CloudObject, id: string): void {
  const location = inputs.location ?? "";
  const provisioningState = "Succeeded";
  const name = id.split("/").at(-1) ?? id;
  ctx.store.put({
    cloud: "azure",
    id,
    type: resourceGroupToken,
    name,
    scope: id,
    body: {
      name,
      type: "Microsoft.Resources/resourceGroups",
      location,
      managedBy: workspace.id,
      properties: { provisioningState },
    },
  });
  const account = textAt(workspace.body, storageNamePath);
  const hosts = ["blob", "dfs"].map((part): [string, string] => [
    part,
    `https://${account}.${part}.core.windows.net/`,
  ]);
  ctx.store.put({
    cloud: "azure",
    id: `${id}/providers/Microsoft.Storage/storageAccounts/${account}`,
    type: storageAccountToken,
    name: account,
    scope: id,
    body: {
      name: account,
      type: "Microsoft.Storage/storageAccounts",
      location,
      kind: "StorageV2",
      sku: { name: "Standard_GRS", tier: "Standard" },
      provisioningState,
      primaryEndpoints: Object.fromEntries(hosts),
      publicNetworkAccess: inputs.defaultStorageFirewall === "Enabled" ? "Disabled" : "Enabled",
    },
  });
}

const storageNamePath = "parameters.storageAccountName.value";

/** The name of the DBFS root account, which Azure makes up unless it is given. */
function parametersOf({ inputs, before, ctx }: ArmCall): Body {
  const asked = isBody(inputs.parameters) ? inputs.parameters : {};
  const name = textAt(before?.body, storageNamePath) || textAt(inputs, storageNamePath);
  if (!before && name && ctx.store.ofType(storageAccountToken, name).length > 0) {
    throw armError(409, "StorageAccountAlreadyTaken", `The storage account named ${name} is already taken.`);
  }
  const value = name || `dbstorage${randomHex(7).slice(0, 13)}`;
  return { parameters: { ...asked, storageAccountName: { type: "String", value } } };
}

function checkWorkspace(inputs: Body): InputFault[] {
  const faults = oneOf(inputs, "sku.name", ["premium", "standard", "trial"]);
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
    ...parametersOf(call),
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
  return { workspaceId, workspaceUrl, createdDateTime, isUcEnabled, ...parametersOf(call) };
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
