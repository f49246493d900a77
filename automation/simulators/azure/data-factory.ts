/** Data factories, and the one managed network that each may have. */
import { hasUnknown, matches, oneOf } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { servicePrincipalToken } from "../entra/directory.ts";
import { type Body, isBody, isUnknown, textAt } from "../json.ts";
import type { CallContext, InputFault, ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, armType, paramsOf, requireReference } from "./arm-type.ts";
import { connectionsOf } from "./connections.ts";
import { identityToken } from "./identity.ts";

export const factoryToken = "azure-native:datafactory:Factory";
export const managedNetworkToken = "azure-native:resources:Resource";
export const factoryPath =
  "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.DataFactory/factories/{factoryName}";
export const factoryApi = "2018-06-01";

const identityTypes = ["SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned"];

export const factory: ResourceType = armType({
  token: factoryToken,
  armType: "Microsoft.DataFactory/factories",
  path: factoryPath,
  replaceOn: ["location"],
  outputsOnly: ["createTime", "version", "eTag", "principalId", "tenantId", "clientId"],
  check: (inputs): InputFault[] => [
    ...matches(inputs, "factoryName", {
      pattern: /^(?=.{3,63}$)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/,
      says: "3 to 63 letters, digits and single hyphens, starting and ending with a letter or digit",
    }),
    ...oneOf(inputs, "publicNetworkAccess", ["Enabled", "Disabled"]),
    ...oneOf(inputs, "identity.type", identityTypes),
  ],
  build: (call) => {
    if (!call.before) refuseTakenName(call);
    return {
      createTime: textAt(call.before?.body, "createTime") || new Date().toISOString(),
      version: factoryApi,
      publicNetworkAccess: call.inputs.publicNetworkAccess ?? "Enabled",
      ...identityOf(call),
    };
  },
  settle: (call, made) => keepSystemIdentity(call, made),
  // what is in a factory goes with it, whatever refers to what
  release: (ctx, gone) => {
    const inside = ctx.store.below("azure", gone.id);
    for (const object of inside) {
      const endpoint = textAt(object.body, "privateEndpointId");
      if (endpoint) dropConnections(ctx, endpoint);
      // role assignments and connections of others look after themselves
      if (isFactoryChild(object)) ctx.store.remove("azure", object.id);
    }
    const principalId = textAt(gone.body, "identity.principalId");
    if (principalId) ctx.store.remove("entra", `/servicePrincipals/${principalId}`);
  },
});

const isFactoryChild = ({ type }: CloudObject): boolean =>
  type.startsWith("azure-native:datafactory:") || type === managedNetworkToken;

export function dropConnections(ctx: CallContext, endpointId: string): void {
  for (const connection of connectionsOf(ctx, endpointId)) ctx.store.remove("azure", connection.id);
}

function refuseTakenName(call: ArmCall): void {
  if (call.ctx.store.ofType(factoryToken, call.name).length === 0) return;
  throw armError(
    409,
    "DataFactoryNameInUse",
    `The specified resource name '${call.name}' is already in use. Resource names must be globally unique.`,
  );
}

/** Ids of the user-assigned identities that a factory is given: a list, or ARM's object with ids as keys. */
export function userIdentitiesOf(body: Body): string[] {
  const given = isBody(body.identity) ? body.identity.userAssignedIdentities : undefined;
  if (Array.isArray(given)) return given.filter((id): id is string => typeof id === "string");
  return isBody(given) ? Object.keys(given) : [];
}

function identityOf(call: ArmCall): Body {
  const { ctx, inputs, before } = call;
  if (!isBody(inputs.identity)) return {};
  const type = textAt(inputs, "identity.type");
  const users = userIdentitiesOf(inputs).map((id) => {
    const { principalId = "", clientId = "" } = requireReference(call, id, [identityToken]).body;
    return [id, { principalId, clientId }];
  });
  const principalId = textAt(before?.body, "identity.principalId") || crypto.randomUUID();
  return {
    identity: {
      type,
      ...(type.startsWith("SystemAssigned") ? { principalId, tenantId: ctx.tenant.tenantId } : {}),
      ...(users.length > 0 ? { userAssignedIdentities: Object.fromEntries(users) } : {}),
    },
  };
}

/** The factory's own identity is a service principal of the directory for as long as it has one. */
function keepSystemIdentity({ ctx, name, before }: ArmCall, made: CloudObject): void {
  const objectId = textAt(made.body, "identity.principalId");
  const was = textAt(before?.body, "identity.principalId");
  if (was && was !== objectId) ctx.store.remove("entra", `/servicePrincipals/${was}`);
  if (!objectId || was === objectId) return;
  ctx.store.put({
    cloud: "entra",
    id: `/servicePrincipals/${objectId}`,
    type: servicePrincipalToken,
    name,
    scope: ctx.tenant.tenantId,
    body: {
      objectId,
      displayName: name,
      clientId: crypto.randomUUID(),
      servicePrincipalType: "ManagedIdentity",
      alternativeNames: [made.id],
    },
  });
}

const resourcePath =
  "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/{resourceProviderNamespace}/{parentResourcePath}/{resourceType}/{resourceName}";

/**
 * The SDK has no type for a factory's managed network, so programs make it with the one that fits anything
 * in ARM. Here that type is good for nothing else.
 */
export const managedNetwork: ResourceType = {
  ...armType({
    token: managedNetworkToken,
    armType: "Microsoft.DataFactory/factories/managedVirtualNetworks",
    path: resourcePath,
    required: ["apiVersion"],
    outputsOnly: ["vNetId", "alias"],
    check: checkManagedNetwork,
    build: ({ before, inputs }) => ({
      properties: {
        ...(isBody(inputs.properties) ? inputs.properties : {}),
        vNetId: textAt(before?.body, "properties.vNetId") || crypto.randomUUID(),
        alias: "default",
      },
    }),
    release: () => {
      throw armError(
        405,
        "MethodNotAllowed",
        "The requested resource does not support http method 'DELETE'.",
      );
    },
  }),
  // its parent's path is two segments
  inputsOfId: (id) => {
    const { resourceGroupName = "", factoryName = "" } = paramsOf(
      `${factoryPath}/managedVirtualNetworks/default`,
      id,
    );
    return {
      resourceGroupName,
      resourceProviderNamespace: "Microsoft.DataFactory",
      parentResourcePath: `factories/${String(factoryName)}`,
      resourceType: "managedVirtualNetworks",
      resourceName: "default",
    };
  },
};

function checkManagedNetwork(inputs: Body): InputFault[] {
  const { resourceProviderNamespace: provider, resourceType, resourceName, parentResourcePath } = inputs;
  const isIt = (value: unknown, wanted: string): boolean =>
    String(value).toLowerCase() === wanted.toLowerCase();
  if ([provider, resourceType, resourceName].some((value) => hasUnknown(value))) return [];
  const parent = isUnknown(parentResourcePath) || /^factories\/[^/]+$/i.test(String(parentResourcePath));
  const fits =
    isIt(provider, "Microsoft.DataFactory") &&
    isIt(resourceType, "managedVirtualNetworks") &&
    isIt(resourceName, "default") &&
    parent;
  if (fits) return [];
  return [
    {
      property: "resourceType",
      reason: `the simulated clouds know no ${String(provider)}/${String(parentResourcePath)}/${String(resourceType)}/${String(resourceName)}; of this kind they know Microsoft.DataFactory factories/<name>/managedVirtualNetworks/default alone`,
    },
  ];
}
