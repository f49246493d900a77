import { servicePrincipalToken } from "../entra/directory.ts";
import { textAt } from "../json.ts";
import type { ResourceType } from "../resource-type.ts";
import { armType } from "./arm-type.ts";

export const identityToken = "azure-native:managedidentity:UserAssignedIdentity";

/** A user-assigned identity is a service principal of the directory too, from its first moment to its last. */
export const userAssignedIdentity: ResourceType = armType({
  token: identityToken,
  armType: "Microsoft.ManagedIdentity/userAssignedIdentities",
  apiVersion: "2024-11-30",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}",
  inputs: ["location", "tags"],
  replaceOn: ["location"],
  outputsOnly: ["principalId", "clientId", "tenantId"],
  build: (call) => ({
    principalId: textAt(call.before?.body, "principalId") || crypto.randomUUID(),
    clientId: textAt(call.before?.body, "clientId") || crypto.randomUUID(),
    tenantId: call.ctx.tenant.tenantId,
  }),
  settle: (call, identity) => {
    const principalId = textAt(identity.body, "principalId");
    call.ctx.store.put({
      cloud: "entra",
      id: `/servicePrincipals/${principalId}`,
      type: servicePrincipalToken,
      name: call.name,
      scope: call.ctx.tenant.tenantId,
      body: {
        objectId: principalId,
        displayName: call.name,
        clientId: textAt(identity.body, "clientId"),
        servicePrincipalType: "ManagedIdentity",
        alternativeNames: [identity.id],
      },
    });
  },
  // role assignments that name it stay behind, as "Identity not found"
  release: (ctx, identity) => {
    ctx.store.remove("entra", `/servicePrincipals/${textAt(identity.body, "principalId")}`);
  },
});
