import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  customRoleId,
  factoryId,
  lakeId,
  logAnalyticsId,
  sqlServerId,
  vaultId,
  workspaceId,
} from "../../../program/layout/names.ts";
import { mockRun } from "../support/mock-run.ts";
import { environment, platformSpec } from "../support/specs.ts";

const group = `/subscriptions/${environment.subscriptionId}/resourceGroups/rg-ml-eastus`;
const run = await mockRun(platformSpec);
const ofType = (type: string) => run.resources.filter((resource) => resource.type === type);

describe("what holds data in a platform stack", () => {
  it("is a vault that is closed, decided by roles and can't be purged", () => {
    const { properties, vaultName } = run.only("azure-native:keyvault:Vault").inputs;
    assert.match(String(vaultName), /^kv-eastus-[a-z0-9]{8}$/);
    assert.deepEqual(properties, {
      ...(properties as object),
      enableRbacAuthorization: true,
      enableSoftDelete: true,
      enablePurgeProtection: true,
      publicNetworkAccess: "disabled",
      networkAcls: { bypass: "None", defaultAction: "Deny" },
      tenantId: environment.tenantId,
    });
  });

  it("is a lake that only Entra ID opens, only by private endpoint, encrypted twice", () => {
    const { inputs, replaceOnChanges } = run.only("azure-native:storage:StorageAccount");
    assert.deepEqual(inputs, {
      ...inputs,
      kind: "StorageV2",
      isHnsEnabled: true,
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      allowCrossTenantReplication: false,
      allowedCopyScope: "AAD",
      isLocalUserEnabled: false,
      isSftpEnabled: false,
      minimumTlsVersion: "TLS1_2",
      enableHttpsTrafficOnly: true,
      publicNetworkAccess: "Disabled",
    });
    const encryption = run.only("azure-native:storage:StorageAccount").inputs.encryption;
    const { requireInfrastructureEncryption } = encryption as Record<string, unknown>;
    assert.equal(requireInfrastructureEncryption, true);
    assert.deepEqual(replaceOnChanges, ["kind", "encryption.requireInfrastructureEncryption"]);
  });

  it("lets no service past the lake's rules but the one access connector", () => {
    const { networkRuleSet } = run.only("azure-native:storage:StorageAccount").inputs;
    assert.deepEqual(networkRuleSet, {
      defaultAction: "Deny",
      bypass: "None",
      ipRules: [],
      virtualNetworkRules: [],
      resourceAccessRules: [
        {
          tenantId: environment.tenantId,
          resourceId: `${group}/providers/Microsoft.Databricks/accessConnectors/dbac-eastus`,
        },
      ],
    });
  });

  it("gives deleted files and containers back for two weeks", () => {
    const { inputs } = run.only("azure-native:storage:BlobServiceProperties");
    assert.deepEqual(inputs.deleteRetentionPolicy, { enabled: true, days: 14 });
    assert.deepEqual(inputs.containerDeleteRetentionPolicy, { enabled: true, days: 14 });
    assert.equal(inputs.blobServicesName, "default");
  });

  it("is an SQL server that knows Entra ID alone and is audited, whose administrator is neither team nor factory", () => {
    const { inputs, ignoreChanges } = run.only("azure-native:sql:Server");
    assert.deepEqual(inputs.administrators, {
      administratorType: "ActiveDirectory",
      principalType: "Application",
      login: "id-sql-eastus",
      sid: "principal-1",
      tenantId: environment.tenantId,
      azureADOnlyAuthentication: true,
    });
    assert.deepEqual(ignoreChanges, ["administrators"]);
    assert.equal(inputs.administratorLogin, undefined);
    assert.equal(inputs.administratorLoginPassword, undefined);
    assert.equal(inputs.minimalTlsVersion, "1.2");
    assert.equal(inputs.publicNetworkAccess, "Disabled");
    assert.equal(inputs.restrictOutboundNetworkAccess, "Enabled");
    const audit = run.only("azure-native:sql:ExtendedServerBlobAuditingPolicy").inputs;
    assert.equal(audit.state, "Enabled");
    assert.equal(audit.isAzureMonitorTargetEnabled, true);
    assert.equal(audit.serverName, inputs.serverName);
    const database = run.only("azure-native:sql:Database").inputs;
    assert.deepEqual([database.serverName, database.databaseName], [inputs.serverName, "rowgate"]);
  });
});

describe("what a platform stack watches", () => {
  it("has the table of jobs' metrics, and a rule that takes exactly its columns", () => {
    type Columns = { name: string; type: string }[];
    const table = run.only("azure-native:operationalinsights:Table").inputs;
    const rule = run.only("azure-native:monitor:DataCollectionRule").inputs;
    const { columns } = table.schema as { columns: Columns };
    const declared = rule.streamDeclarations as Record<string, { columns: Columns }>;
    assert.equal(table.tableName, "ModelMetrics_CL");
    assert.deepEqual(
      columns.map(({ name, type }) => `${name} ${type}`),
      [
        "TimeGenerated dateTime",
        "JobId string",
        "Model string",
        "Metric string",
        "MetricValue real",
        "RunId string",
      ],
    );
    assert.deepEqual(
      declared["Custom-ModelMetrics_CL"]?.columns,
      columns.map(({ name, type }) => ({ name, type: type.toLowerCase() })),
    );
    assert.deepEqual(rule.dataFlows, [
      {
        streams: ["Custom-ModelMetrics_CL"],
        destinations: ["metrics"],
        transformKql: "source",
        outputStream: "Custom-ModelMetrics_CL",
      },
    ]);
    assert.deepEqual(rule.destinations, {
      logAnalytics: [{ name: "metrics", workspaceResourceId: logAnalyticsId(environment) }],
    });
    assert.equal(rule.dataCollectionEndpointId, "metrics-endpoint-id");
  });

  it("keeps logs for 90 days, for those who sign in", () => {
    const { inputs } = run.only("azure-native:operationalinsights:Workspace");
    assert.equal(inputs.retentionInDays, 90);
    assert.deepEqual(inputs.features, {
      disableLocalAuth: true,
      enableLogAccessUsingOnlyResourcePermissions: true,
    });
  });

  it("tells alerts to the service and to people, in the common schema", () => {
    const { inputs } = run.only("azure-native:monitor:ActionGroup");
    assert.deepEqual(inputs.webhookReceivers, [
      {
        name: "rowgate",
        serviceUri: "https://rowgate.contoso.example/api/alerts/azure",
        useCommonAlertSchema: true,
      },
    ]);
    assert.deepEqual(inputs.emailReceivers, [
      { name: "oncall@contoso.example", emailAddress: "oncall@contoso.example", useCommonAlertSchema: true },
    ]);
    assert.equal(inputs.groupShortName, "eastus");
    assert.equal(inputs.location, "Global");
  });

  it("with no address of the service and of nobody has an action group that tells nobody", async () => {
    const quiet = await mockRun({ ...platformSpec, serviceUrl: null, alertEmails: [] });
    const { inputs } = quiet.only("azure-native:monitor:ActionGroup");
    assert.deepEqual([inputs.webhookReceivers, inputs.emailReceivers], [[], []]);
  });

  it("alerts on changes of roles, vaults, security groups and endpoints in its resource group", () => {
    const alerts = ofType("azure-native:monitor:ActivityLogAlert");
    assert.deepEqual(alerts.map(({ inputs }) => inputs.activityLogAlertName).sort(), [
      "alert-tamper-eastus-private-endpoint",
      "alert-tamper-eastus-role-assignment",
      "alert-tamper-eastus-security-group",
      "alert-tamper-eastus-vault",
    ]);
    const actionGroup = `${group}/providers/Microsoft.Insights/actionGroups/ag-eastus`;
    for (const { inputs } of alerts) {
      assert.deepEqual(inputs.scopes, [group]);
      assert.deepEqual(inputs.actions, { actionGroups: [{ actionGroupId: actionGroup }] });
      const { allOf } = inputs.condition as { allOf: { anyOf?: { field: string; equals: string }[] }[] };
      const operations = allOf.flatMap(({ anyOf }) => anyOf ?? []);
      assert.ok(operations.length > 0);
      for (const { field, equals } of operations) {
        assert.equal(field, "operationName");
        assert.match(equals, /^Microsoft\.\w+\/.+\/(?:write|delete)$/);
      }
    }
  });

  it("sends who did what on everything that holds data or secrets to its logs", () => {
    const settings = ofType("azure-native:monitor:DiagnosticSetting");
    assert.deepEqual(
      settings.map(({ inputs }) => inputs.resourceUri).sort(),
      [
        factoryId(environment),
        vaultId(environment),
        workspaceId(environment),
        `${lakeId(environment)}/blobServices/default`,
        `${sqlServerId(environment)}/databases/master`,
      ].sort(),
    );
    for (const { inputs } of settings) {
      assert.equal(inputs.name, "rowgate-audit");
      assert.equal(inputs.workspaceId, logAnalyticsId(environment));
      const [log] = inputs.logs as { categoryGroup: string; enabled: boolean }[];
      assert.ok(log?.enabled && ["audit", "allLogs"].includes(log.categoryGroup));
    }
  });
});

describe("the role of who runs pipelines", () => {
  it("runs and stops pipelines of one factory's group, and changes nothing", () => {
    const inputs =
      run.resources.find(({ name }) => name === "pipeline-operator")?.inputs ?? assert.fail("it is not made");
    assert.equal(inputs.roleDefinitionId, customRoleId("pipelineOperator", factoryId(environment)));
    assert.equal(inputs.scope, group);
    assert.deepEqual(inputs.assignableScopes, [group]);
    const [permission] = inputs.permissions as { actions: string[]; dataActions: string[] }[];
    assert.equal(permission?.actions.length, 5);
    for (const action of permission?.actions ?? []) {
      assert.match(
        action,
        /^Microsoft\.DataFactory\/factories\/(?:\w+\/)*(?:read|createrun\/action|cancel\/action)$/,
      );
    }
    assert.deepEqual(permission?.dataActions, []);
  });
});
