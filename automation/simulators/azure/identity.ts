import { armError } from "../cloud-error.ts";
import { servicePrincipalToken } from "../entra/directory.ts";
import { type Body, isBody, textAt, textsAt } from "../json.ts";
import type { CallContext, ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, armType, requireReference } from "./arm-type.ts";

import { systemDataOf } from "./system-data.ts";

export const identityToken = "azure-native:managedidentity:UserAssignedIdentity";

/** A user-assigned identity is a service principal of the directory too, from its first moment to its last. */
export const userAssignedIdentity: ResourceType = armType({
  token: identityToken,
  armType: "Microsoft.ManagedIdentity/userAssignedIdentities",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}",
  replaceOn: ["location"],
  outputsOnly: ["principalId", "clientId", "tenantId", "systemData"],
  hasState: false,
  build: (call) => ({
    systemData: systemDataOf(call),
    principalId: textAt(call.before?.body, "principalId") || crypto.randomUUID(),
    clientId: textAt(call.before?.body, "clientId") || crypto.randomUUID(),
    tenantId: call.ctx.tenant.tenantId,
  }),
  settle: (call, identity) =>
    putPrincipal(call, textAt(identity.body, "principalId"), {
      clientId: textAt(identity.body, "clientId"),
      resource: identity.id,
    }),
  // role assignments that name it stay behind, as "Identity not found"
  release: (ctx, identity) => removePrincipal(ctx, textAt(identity.body, "principalId")),
});

function putPrincipal(call: ArmCall, objectId: string, of: { clientId: string; resource: string }): void {
  call.ctx.store.put({
    cloud: "entra",
    id: `/servicePrincipals/${objectId}`,
    type: servicePrincipalToken,
    name: call.name,
    scope: call.ctx.tenant.tenantId,
    body: {
      objectId,
      displayName: call.name,
      clientId: of.clientId,
      servicePrincipalType: "ManagedIdentity",
      alternativeNames: [of.resource],
    },
  });
}

const removePrincipal = (ctx: CallContext, objectId: string): boolean =>
  ctx.store.remove("entra", `/servicePrincipals/${objectId}`);

/**
 * What a resource with an `identity` shows of it: a principal of its own where it has a system-assigned one
 * (made and removed in the directory as it comes and goes), and those of the identities it names.
 */
export function identityOf(call: ArmCall): Body {
  const asked = call.inputs.identity;
  const held = textAt(call.before?.body, "identity.principalId");
  const hasOwn = isBody(asked) && /SystemAssigned/i.test(textAt(asked, "type"));
  if (held && !hasOwn) removePrincipal(call.ctx, held);
  if (!isBody(asked)) return {};
  const named = textsAt(asked, "userAssignedIdentities").map((id) => {
    const { principalId = "", clientId = "" } = requireReference(call, id, [identityToken]).body;
    return [id, { principalId, clientId }] as const;
  });
  const principalId = hasOwn ? held || crypto.randomUUID() : "";
  if (hasOwn && !held) putPrincipal(call, principalId, { clientId: crypto.randomUUID(), resource: call.id });
  const own = hasOwn ? { principalId, tenantId: call.ctx.tenant.tenantId } : {};
  const { userAssignedIdentities: _names, ...kept } = asked;
  const others = named.length > 0 ? { userAssignedIdentities: Object.fromEntries(named) } : {};
  return { identity: { ...kept, ...own, ...others } };
}

/** To be called when such a resource is deleted. */
export function releaseIdentity(ctx: CallContext, object: CloudObject): void {
  const principalId = textAt(object.body, "identity.principalId");
  if (principalId) removePrincipal(ctx, principalId);
}

const maxFederatedCredentials = 20;
export const federatedToken = "azure-native:managedidentity:FederatedIdentityCredential";

export const federatedIdentityCredential: ResourceType = armType({
  token: federatedToken,
  armType: "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}",
  required: ["audiences", "issuer", "subject"],
  hasState: false,
  takes: { create: 5, update: 5, delete: 5 },
  holds: (id) => [parentIdentity(id)],
  busyWords: {
    status: 409,
    code: "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
    say: () =>
      "Concurrent Federated Identity Credentials writes under the same managed identity are not supported.",
  },
  build: (call) => {
    const others = call.ctx.store
      .below("azure", parentIdentity(call.id))
      .filter((other) => other.type === federatedToken && other.id.toLowerCase() !== call.id.toLowerCase());
    if (others.length >= maxFederatedCredentials) {
      throw armError(
        400,
        "BadRequest",
        `Identity ${parentIdentity(call.id)} has ${maxFederatedCredentials} federated identity credentials, which is the most that one can have.`,
      );
    }
    const key = (body: Body): string => `${textAt(body, "issuer")} ${textAt(body, "subject")}`;
    const twin = others.find((other) => key(other.body) === key(call.inputs));
    if (twin) {
      throw armError(
        409,
        "Conflict",
        `Issuer and subject combination already exists for this Managed Identity: federated identity credential ${twin.name}.`,
      );
    }
    return { systemData: systemDataOf(call) };
  },
});

const parentIdentity = (id: string): string => id.replace(/\/federatedIdentityCredentials\/[^/]+$/i, "");
