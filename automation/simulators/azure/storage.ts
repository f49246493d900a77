/** Storage accounts, and what lies in their blob service. */
import { hasUnknown, matches, oneOf } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { at, type Body, isBody, textAt } from "../json.ts";
import type { CallContext, InputFault, ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, armType, refuseTakenName, regionName } from "./arm-type.ts";
import { connectionsTo } from "./connections.ts";
import { identityOf, releaseIdentity } from "./identity.ts";

export const storageAccountToken = "azure-native:storage:StorageAccount";
export const blobContainerToken = "azure-native:storage:BlobContainer";
const encryptionScopeToken = "azure-native:storage:EncryptionScope";

const accountPath =
  "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Storage/storageAccounts/{accountName}";

export const storageAccount: ResourceType = armType({
  token: storageAccountToken,
  armType: "Microsoft.Storage/storageAccounts",
  path: accountPath,
  required: ["kind", "sku.name"],
  replaceOn: ["location", "isHnsEnabled", "kind"],
  outputsOnly: ["privateEndpointConnections", "principalId", "tenantId", "keyCreationTime", "creationTime"],
  takes: { create: 30, update: 10, delete: 10 },
  check: checkAccount,
  build: (call) => {
    refuseTakenName(call, storageAccountToken, {
      code: "StorageAccountAlreadyTaken",
      message: `The storage account named ${call.name} is already taken.`,
    });
    if (call.before) refuseCreateOnly(call.before, call.inputs);
    return accountBody(call);
  },
  view: (ctx, account) => ({ privateEndpointConnections: connectionsTo(ctx, account) }),
  release: releaseIdentity,
});

function checkAccount(inputs: Body): InputFault[] {
  return [
    ...matches(inputs, "accountName", {
      pattern: /^[a-z0-9]{3,24}$/,
      says: "a storage account's name is 3 to 24 lower-case letters and digits",
    }),
    ...oneOf(inputs, "kind", ["Storage", "StorageV2", "BlobStorage", "FileStorage", "BlockBlobStorage"]),
    ...oneOf(inputs, "publicNetworkAccess", ["Enabled", "Disabled", "SecuredByPerimeter"]),
    ...oneOf(inputs, "minimumTlsVersion", ["TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"]),
    ...oneOf(inputs, "networkRuleSet.defaultAction", ["Allow", "Deny"]),
  ];
}

const createOnly = ["encryption.requireInfrastructureEncryption", "immutableStorageWithVersioning"];

function refuseCreateOnly(before: CloudObject, inputs: Body): void {
  for (const path of createOnly) {
    const [held, asked] = [at(before.body, path), at(inputs, path)];
    if (asked === undefined || JSON.stringify(asked) === JSON.stringify(held)) continue;
    throw armError(
      400,
      "PropertyChangeNotAllowed",
      `The property '${path}' was specified in the input, but it cannot be changed once storage account ${before.name} is made.`,
    );
  }
}

const services = ["blob", "dfs", "file", "queue", "table"] as const;

/** What Azure computes, and what it fills in where nothing was asked. */
function accountBody(call: ArmCall): Body {
  const { inputs, before, name } = call;
  const location = regionName(textAt(inputs, "location"));
  const made = textAt(before?.body, "creationTime") || new Date().toISOString();
  const endpoints = services.map((service): [string, string] => [
    service,
    `https://${name}.${service}.core.windows.net/`,
  ]);
  return {
    enableHttpsTrafficOnly: inputs.enableHttpsTrafficOnly ?? true,
    minimumTlsVersion: inputs.minimumTlsVersion ?? "TLS1_0",
    accessTier: inputs.accessTier ?? "Hot",
    allowBlobPublicAccess: inputs.allowBlobPublicAccess ?? false,
    // once set and then left out, azure-native sends this in its place
    networkRuleSet: inputs.networkRuleSet ?? { defaultAction: "Allow" },
    encryption: encryptionOf(call),
    ...identityOf(call),
    sku: { ...(isBody(inputs.sku) ? inputs.sku : {}), tier: tierOf(textAt(inputs, "sku.name")) },
    primaryEndpoints: { ...Object.fromEntries(endpoints), web: `https://${name}.z13.web.core.windows.net/` },
    primaryLocation: location,
    statusOfPrimary: "available",
    creationTime: made,
    keyCreationTime: { key1: made, key2: made },
    accountMigrationInProgress: false,
    failoverInProgress: false,
    isSkuConversionBlocked: false,
    ...redundancy(call, location),
  };
}

const tierOf = (sku: string): string => sku.split("_")[0] ?? sku;

function encryptionOf({ inputs, before }: ArmCall): Body {
  const asked = isBody(inputs.encryption) ? inputs.encryption : {};
  const held = at(before?.body, "encryption.requireInfrastructureEncryption");
  return {
    keySource: "Microsoft.Storage",
    services: { blob: { enabled: true, keyType: "Account" }, file: { enabled: true, keyType: "Account" } },
    ...(held === undefined ? {} : { requireInfrastructureEncryption: held }),
    ...asked,
  };
}

/** A geo-redundant account has a second location; readable only where its kind of redundancy says so. */
function redundancy({ inputs, before, name }: ArmCall, location: string): Body {
  const sku = textAt(inputs, "sku.name");
  if (!/_(RA)?GZ?RS$/i.test(sku)) return {};
  const shown = {
    secondaryLocation: textAt(before?.body, "secondaryLocation") || `${location}-pair`,
    statusOfSecondary: "available",
  };
  if (!/_RA/i.test(sku)) return shown;
  const endpoints = services
    .filter((service) => service !== "file")
    .map((service): [string, string] => [service, `https://${name}-secondary.${service}.core.windows.net/`]);
  return { ...shown, secondaryEndpoints: Object.fromEntries(endpoints) };
}

export const blobServiceProperties: ResourceType = armType({
  token: "azure-native:storage:BlobServiceProperties",
  armType: "Microsoft.Storage/storageAccounts/blobServices",
  path: `${accountPath}/blobServices/{blobServicesName}`,
  outputsOnly: ["sku"],
  hasState: false,
  check: (inputs) => [
    ...matches(inputs, "blobServicesName", { pattern: /^default$/, says: "it must be 'default'" }),
    ...retentionFaults(inputs, "deleteRetentionPolicy"),
    ...retentionFaults(inputs, "containerDeleteRetentionPolicy"),
  ],
  build: (call) => {
    const account = accountOf(call.ctx, call.id);
    const isHns = at(account?.body, "isHnsEnabled") === true;
    if (isHns && call.inputs.isVersioningEnabled === true) {
      throw armError(
        400,
        "FeatureNotSupportedForAccount",
        `Versioning is not supported for the account ${account?.name}: it has a hierarchical namespace.`,
      );
    }
    return { sku: account?.body.sku ?? {} };
  },
});

function retentionFaults(inputs: Body, policy: string): InputFault[] {
  const days = at(inputs, `${policy}.days`);
  if (days === undefined || hasUnknown(days)) return [];
  if (typeof days === "number" && Number.isInteger(days) && days >= 1 && days <= 365) return [];
  return [{ property: `${policy}.days`, reason: "must be between 1 and 365" }];
}

const accountOf = (ctx: CallContext, id: string): CloudObject | undefined =>
  ctx.store.get("azure", /^.*\/storageAccounts\/[^/]+/i.exec(id)?.[0] ?? "");

export const blobContainer: ResourceType = armType({
  token: blobContainerToken,
  armType: "Microsoft.Storage/storageAccounts/blobServices/containers",
  path: `${accountPath}/blobServices/default/containers/{containerName}`,
  outputsOnly: ["hasImmutabilityPolicy", "hasLegalHold", "lastModifiedTime", "leaseState", "leaseStatus"],
  hasState: false,
  check: (inputs) => [
    ...matches(inputs, "containerName", {
      pattern: /^(?=.{3,63}$)(?:\$root|\$logs|\$web|[a-z0-9](?:-?[a-z0-9])*)$/,
      says: "3 to 63 lower-case letters, digits and single hyphens, starting and ending with no hyphen",
    }),
    ...oneOf(inputs, "publicAccess", ["Container", "Blob", "None"]),
  ],
  build: (call) => {
    const account = accountOf(call.ctx, call.id);
    refuseAnonymous(call, account);
    requireScope(call);
    return {
      publicAccess: call.inputs.publicAccess ?? "None",
      defaultEncryptionScope: call.inputs.defaultEncryptionScope ?? "$account-encryption-key",
      denyEncryptionScopeOverride: call.inputs.denyEncryptionScopeOverride ?? false,
      etag: `"0x${crypto.randomUUID().replaceAll("-", "").slice(0, 15).toUpperCase()}"`,
      hasImmutabilityPolicy: false,
      hasLegalHold: false,
      deleted: false,
      remainingRetentionDays: 0,
      lastModifiedTime: new Date().toISOString(),
      leaseState: "Available",
      leaseStatus: "Unlocked",
    };
  },
});

function refuseAnonymous(call: ArmCall, account: CloudObject | undefined): void {
  const access = textAt(call.inputs, "publicAccess") || "None";
  if (access === "None" || account?.body.allowBlobPublicAccess === true) return;
  throw armError(
    409,
    "PublicAccessNotPermitted",
    `Public access is not permitted on this storage account: container ${call.name} asks for ${access}.`,
  );
}

function requireScope(call: ArmCall): void {
  const name = textAt(call.inputs, "defaultEncryptionScope");
  const held = textAt(call.before?.body, "defaultEncryptionScope");
  if (held && name && name !== held) {
    throw armError(
      409,
      "ContainerEncryptionScopeCannotBeChanged",
      `The default encryption scope of container ${call.name} is ${held}; it cannot be changed.`,
    );
  }
  if (!name || name.startsWith("$")) return;
  const account = accountOf(call.ctx, call.id);
  const scope = call.ctx.store.get("azure", `${account?.id}/encryptionScopes/${name}`);
  if (scope && textAt(scope.body, "state") !== "Disabled") return;
  throw armError(
    404,
    "EncryptionScopeNotFound",
    `The encryption scope ${name}, which container ${call.name} names, does not exist or is disabled.`,
  );
}

/** ARM can't delete an encryption scope: azure-native disables it, and takes a disabled one for absent. */
export const encryptionScope: ResourceType = armType({
  token: encryptionScopeToken,
  armType: "Microsoft.Storage/storageAccounts/encryptionScopes",
  path: `${accountPath}/encryptionScopes/{encryptionScopeName}`,
  outputsOnly: ["creationTime", "lastModifiedTime"],
  hasState: false,
  isAbsent: (scope) => textAt(scope.body, "state") === "Disabled",
  check: (inputs) => [
    ...matches(inputs, "encryptionScopeName", {
      pattern: /^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/,
      says: "3 to 63 lower-case letters, digits and single dashes between them",
    }),
    ...oneOf(inputs, "source", ["Microsoft.Storage", "Microsoft.KeyVault"]),
    ...oneOf(inputs, "state", ["Enabled", "Disabled"]),
  ],
  build: (call) => {
    const { inputs, before } = call;
    const held = before?.body.requireInfrastructureEncryption;
    const asked = inputs.requireInfrastructureEncryption ?? false;
    if (before && asked !== (held ?? false)) {
      throw armError(
        400,
        "PropertyChangeNotAllowed",
        `The property 'requireInfrastructureEncryption' of encryption scope ${call.name} cannot be changed once it is made. A scope is never deleted, only disabled: take another name.`,
      );
    }
    const now = new Date().toISOString();
    return {
      source: inputs.source ?? "Microsoft.Storage",
      state: inputs.state ?? "Enabled",
      creationTime: textAt(before?.body, "creationTime") || now,
      lastModifiedTime: now,
    };
  },
  bury: (ctx, scope) => {
    ctx.store.put({ ...scope, body: { ...scope.body, state: "Disabled" } });
  },
});
