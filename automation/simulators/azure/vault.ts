/**
 * Vaults. A deleted vault stays, soft-deleted, and keeps its name in the whole cloud; creating it again in
 * the same group recovers it with its secrets, but not its role assignments.
 */
import { hasUnknown, matches, oneOf } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { at, type Body, isBody, textAt } from "../json.ts";
import type { InputFault, ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, armType } from "./arm-type.ts";
import { connectionsTo } from "./connections.ts";
import { sameId } from "./virtual-network.ts";

export const vaultToken = "azure-native:keyvault:Vault";

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const vault: ResourceType = armType({
  token: vaultToken,
  armType: "Microsoft.KeyVault/vaults",
  path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.KeyVault/vaults/{vaultName}",
  replaceOn: ["location"],
  outputsOnly: ["privateEndpointConnections", "vaultUri", "hsmPoolResourceId"],
  takes: { create: 30, update: 10, delete: 10 },
  check: checkVault,
  build: (call) => {
    const deleted = takeName(call);
    if (call.before) refuseIrreversible(call.before.body, call.inputs);
    else if (deleted) refuseIrreversible(deleted.body, call.inputs);
    const { createMode: _mode, ...properties } = isBody(call.inputs.properties) ? call.inputs.properties : {};
    return {
      properties: {
        ...properties,
        vaultUri: `https://${call.name.toLowerCase()}.vault.azure.net/`,
        provisioningState: "Succeeded",
      },
    };
  },
  view: (ctx, vault) => ({
    properties: {
      ...(isBody(vault.body.properties) ? vault.body.properties : {}),
      privateEndpointConnections: connectionsTo(ctx, vault),
    },
  }),
  settle: (call) => {
    if (!call.before) call.ctx.store.restoreBelow("azure", call.id);
  },
  buries: ["azure-native:keyvault:Secret"],
  bury: (ctx, vault) => {
    for (const secret of ctx.store.below("azure", vault.id)) ctx.store.softDelete("azure", secret.id);
    ctx.store.softDelete("azure", vault.id);
  },
});

function checkVault(inputs: Body): InputFault[] {
  const days = at(inputs, "properties.softDeleteRetentionInDays");
  const badDays = typeof days === "number" && (days < 7 || days > 90 || !Number.isInteger(days));
  const faults: InputFault[] = [
    ...matches(inputs, "vaultName", {
      pattern: /^(?=.{3,24}$)[A-Za-z](?:-?[A-Za-z0-9])+$/,
      says: "3 to 24 letters, digits and single hyphens, starting with a letter",
    }),
    ...matches(inputs, "properties.tenantId", { pattern: guid, says: "a GUID" }),
    ...oneOf(inputs, "properties.publicNetworkAccess", ["enabled", "disabled"]),
  ];
  if (badDays && !hasUnknown(days)) {
    faults.push({ property: "properties.softDeleteRetentionInDays", reason: "must be between 7 and 90" });
  }
  if (at(inputs, "properties.enablePurgeProtection") === false) {
    faults.push({
      property: "properties.enablePurgeProtection",
      reason: "cannot be set to false; leave it out",
    });
  }
  return faults;
}

/** Vault names are unique in the whole cloud, deleted ones included. */
function takeName(call: ArmCall): CloudObject | undefined {
  if (call.before) return undefined;
  const { store } = call.ctx;
  if (store.ofType(vaultToken, call.name).length > 0) {
    throw armError(
      409,
      "VaultAlreadyExists",
      `The vault name '${call.name}' is already in use. Vault names are globally unique so it is possible that the name is already taken.`,
    );
  }
  const mode = textAt(call.inputs, "properties.createMode").toLowerCase();
  const [deleted] = store.list({ type: vaultToken, name: call.name, deleted: true });
  if (!deleted) {
    if (mode !== "recover") return undefined;
    throw armError(
      404,
      "SoftDeletedVaultDoesNotExist",
      `A soft deleted vault with the given name does not exist: ${call.name}.`,
    );
  }
  if (!sameId(deleted.id, call.id) || mode === "default") {
    throw armError(
      409,
      "ConflictError",
      `A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Vault: ${deleted.id}.`,
    );
  }
  return deleted;
}

function refuseIrreversible(before: Body, inputs: Body): void {
  const days = at(before, "properties.softDeleteRetentionInDays");
  const asked = at(inputs, "properties.softDeleteRetentionInDays");
  if (days !== undefined && asked !== undefined && days !== asked) {
    throw armError(
      400,
      "BadRequest",
      `The property "softDeleteRetentionInDays" has been set already and it can't be modified.`,
    );
  }
  const guarded = at(before, "properties.enablePurgeProtection") === true;
  if (guarded && at(inputs, "properties.enablePurgeProtection") !== true) {
    throw armError(
      400,
      "BadRequest",
      `The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.`,
    );
  }
}
