/** SQL servers and what belongs to them, as ARM sees it: nothing of what is inside a database. */
import { matches, oneOf } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { type Body, canonical, isBody, textAt } from "../json.ts";
import type { CallContext, InputFault, ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, armType, refuseTakenName } from "./arm-type.ts";
import { connectionsTo } from "./connections.ts";
import { identityOf, releaseIdentity } from "./identity.ts";
import { parseAddress } from "./ipv4.ts";

export const sqlServerToken = "azure-native:sql:Server";
export const sqlFirewallRuleToken = "azure-native:sql:FirewallRule";

const serverPath =
  "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Sql/servers/{serverName}";

export const sqlServer: ResourceType = armType({
  token: sqlServerToken,
  armType: "Microsoft.Sql/servers",
  path: serverPath,
  replaceOn: ["location"],
  outputsOnly: ["privateEndpointConnections", "principalId", "workspaceFeature"],
  writeOnly: ["administratorLoginPassword"],
  hasState: false,
  takes: { create: 60, update: 20, delete: 20 },
  check: checkServer,
  build: (call) => {
    refuseTakenName(call, sqlServerToken, {
      code: "NameAlreadyExists",
      message: `The name '${call.name}' already exists. Choose a different name.`,
    });
    if (call.before) refuseOtherAdministrator(call, call.before);
    const { inputs, before } = call;
    return {
      administratorLogin: inputs.administratorLogin ?? before?.body.administratorLogin ?? "CloudSA",
      ...(before?.body.administrators ? { administrators: before.body.administrators } : {}),
      ...identityOf(call),
      fullyQualifiedDomainName: `${call.name.toLowerCase()}.database.windows.net`,
      externalGovernanceStatus: "Disabled",
      kind: "v12.0",
      minimalTlsVersion: inputs.minimalTlsVersion ?? "1.2",
      publicNetworkAccess: inputs.publicNetworkAccess ?? "Enabled",
      restrictOutboundNetworkAccess: inputs.restrictOutboundNetworkAccess ?? "Disabled",
      state: "Ready",
      version: inputs.version ?? "12.0",
    };
  },
  view: (ctx, server) => ({ privateEndpointConnections: connectionsTo(ctx, server) }),
  settle: (call, server) => {
    if (call.before) return;
    // every server has one; diagnostic settings and auditing hang on it
    call.ctx.store.put({
      cloud: "azure",
      id: `${server.id}/databases/master`,
      type: "azure-native:sql:SystemDatabase",
      name: "master",
      scope: server.scope,
      body: { name: "master", kind: "v12.0,system", location: server.body.location ?? "", status: "Online" },
    });
  },
  release: releaseIdentity,
});

function checkServer(inputs: Body): InputFault[] {
  const faults = [
    ...matches(inputs, "serverName", {
      pattern: /^(?=.{1,63}$)[a-z0-9](?:-?[a-z0-9])*$/,
      says: "1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end",
    }),
    ...oneOf(inputs, "minimalTlsVersion", ["None", "1.0", "1.1", "1.2", "1.3"]),
    ...oneOf(inputs, "publicNetworkAccess", ["Enabled", "Disabled", "SecuredByPerimeter"]),
    ...oneOf(inputs, "restrictOutboundNetworkAccess", ["Enabled", "Disabled"]),
  ];
  if (inputs.administrators === undefined && inputs.administratorLogin === undefined) {
    faults.push({
      property: "administrators",
      reason: "one of administrators and administratorLogin is required",
    });
  }
  return faults;
}

function refuseOtherAdministrator(call: ArmCall, before: CloudObject): void {
  const login = textAt(call.inputs, "administratorLogin");
  if (login && login !== textAt(before.body, "administratorLogin")) {
    throw armError(
      400,
      "InvalidParameterValue",
      `Invalid value given for parameter AdministratorLogin. The administrator login of server ${call.name} cannot be changed.`,
    );
  }
  const asked = call.inputs.administrators;
  if (!isBody(asked) || canonical(asked) === canonical(before.body.administrators)) return;
  throw armError(
    400,
    "InvalidParameterValue",
    `The administrators of server ${call.name} can be given only when it is made; change them by their own resource (ServerAzureADAdministrator).`,
  );
}

const serverOf = (ctx: CallContext, id: string): CloudObject | undefined =>
  ctx.store.get("azure", /^.*\/servers\/[^/]+/i.exec(id)?.[0] ?? "");

export const sqlDatabase: ResourceType = armType({
  token: "azure-native:sql:Database",
  armType: "Microsoft.Sql/servers/databases",
  path: `${serverPath}/databases/{databaseName}`,
  replaceOn: ["location"],
  outputsOnly: ["currentSku", "principalId"],
  writeOnly: [
    "createMode",
    "longTermRetentionBackupResourceId",
    "recoverableDatabaseId",
    "recoveryServicesRecoveryPointId",
    "restorableDroppedDatabaseId",
    "restorePointInTime",
    "sampleName",
    "sourceDatabaseDeletionDate",
    "sourceDatabaseId",
    "sourceResourceId",
  ],
  hasState: false,
  takes: { create: 40, update: 20, delete: 10 },
  check: (inputs) =>
    matches(inputs, "databaseName", {
      pattern: /^(?!master$)[^<>*%&:\\/?]{1,127}[^<>*%&:\\/?. ]$|^[^<>*%&:\\/?. ]$/i,
      says: "1 to 128 characters, none of <>*%&:\\/?, not ending with a dot or a space, and not master",
    }),
  build: (call) => {
    const { inputs, before } = call;
    const ledger = inputs.isLedgerOn ?? before?.body.isLedgerOn ?? false;
    if (before && ledger !== before.body.isLedgerOn) {
      throw armError(
        400,
        "InvalidParameterValue",
        `The ledger of database ${call.name} is switched on or off when the database is made, and never after.`,
      );
    }
    const sku: Body = isBody(inputs.sku) ? inputs.sku : { name: "GP_Gen5_2", tier: "GeneralPurpose" };
    const redundancy = inputs.requestedBackupStorageRedundancy ?? "Geo";
    return {
      ...identityOf(call),
      collation: inputs.collation ?? "SQL_Latin1_General_CP1_CI_AS",
      catalogCollation: inputs.catalogCollation ?? "SQL_Latin1_General_CP1_CI_AS",
      creationDate: textAt(before?.body, "creationDate") || new Date().toISOString(),
      currentBackupStorageRedundancy: redundancy,
      requestedBackupStorageRedundancy: redundancy,
      currentServiceObjectiveName: sku.name ?? "",
      requestedServiceObjectiveName: sku.name ?? "",
      sku,
      currentSku: sku,
      databaseId: textAt(before?.body, "databaseId") || crypto.randomUUID(),
      defaultSecondaryLocation: `${textAt(inputs, "location")}-pair`,
      earliestRestoreDate: textAt(before?.body, "creationDate") || new Date().toISOString(),
      isInfraEncryptionEnabled: false,
      isLedgerOn: ledger,
      kind: "v12.0,user,vcore",
      managedBy: "",
      maxLogSizeBytes: 68_719_476_736,
      status: "Online",
    };
  },
  release: releaseIdentity,
});

/** One for each server, there from its first moment: azure-native takes a disabled one for absent. */
export const sqlAuditingPolicy: ResourceType = armType({
  token: "azure-native:sql:ExtendedServerBlobAuditingPolicy",
  armType: "Microsoft.Sql/servers/extendedAuditingSettings",
  path: `${serverPath}/extendedAuditingSettings/{blobAuditingPolicyName}`,
  required: ["state"],
  writeOnly: ["storageAccountAccessKey"],
  hasState: false,
  isAbsent: (policy) => textAt(policy.body, "state") === "Disabled",
  check: (inputs) => [
    ...matches(inputs, "blobAuditingPolicyName", { pattern: /^default$/i, says: "it must be 'default'" }),
    ...oneOf(inputs, "state", ["Enabled", "Disabled"]),
  ],
  build: ({ inputs }) => {
    const hasTarget = textAt(inputs, "storageEndpoint") !== "" || inputs.isAzureMonitorTargetEnabled === true;
    if (textAt(inputs, "state") === "Enabled" && !hasTarget) {
      throw armError(
        400,
        "DataSecurityInvalidUserSuppliedParameter",
        "Invalid parameter 'storageEndpoint'. Value should be blob storage endpoint (e.g. https://MyAccount.blob.core.windows.net), unless isAzureMonitorTargetEnabled is true.",
      );
    }
    return {
      auditActionsAndGroups: inputs.auditActionsAndGroups ?? [
        "SUCCESSFUL_DATABASE_AUTHENTICATION_GROUP",
        "FAILED_DATABASE_AUTHENTICATION_GROUP",
        "BATCH_COMPLETED_GROUP",
      ],
      isAzureMonitorTargetEnabled: inputs.isAzureMonitorTargetEnabled ?? false,
      retentionDays: inputs.retentionDays ?? 0,
    };
  },
});

export const sqlFirewallRule: ResourceType = armType({
  token: sqlFirewallRuleToken,
  armType: "Microsoft.Sql/servers/firewallRules",
  path: `${serverPath}/firewallRules/{firewallRuleName}`,
  required: ["endIpAddress", "startIpAddress"],
  // the SDK takes a second name, which ARM reads past
  writeOnly: ["name"],
  hasState: false,
  check: (inputs) =>
    ["startIpAddress", "endIpAddress"].flatMap((path) =>
      matches(inputs, path, { pattern: /^\d{1,3}(\.\d{1,3}){3}$/, says: "an IPv4 address" }),
    ),
  build: (call) => {
    const server = serverOf(call.ctx, call.id);
    if (textAt(server?.body, "publicNetworkAccess") === "Disabled") {
      throw armError(
        400,
        "DenyPublicEndpointEnabled",
        "Unable to create or modify firewall rules when public network interface for the server is disabled. To manage server or database level firewall rules, please enable the public network interface.",
      );
    }
    const first = parseAddress(textAt(call.inputs, "startIpAddress"));
    const last = parseAddress(textAt(call.inputs, "endIpAddress"));
    if (first !== undefined && last !== undefined && first <= last) return {};
    throw armError(
      400,
      "InvalidFirewallRuleRange",
      `Start IP address of firewall rule ${call.name} cannot exceed End IP address, and both must be IPv4 addresses.`,
    );
  },
});
