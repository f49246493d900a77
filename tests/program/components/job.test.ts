import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JobSpec } from "../../../metadata-schema/desired-state.ts";
import { grantableRoles } from "../../../program/layout/azure-roles.ts";
import { containerId, lakeId, roleAssignmentName } from "../../../program/layout/names.ts";
import { fullJobSpec, onlineJobSpec } from "../support/job-specs.ts";
import { type MockRun, mockRun } from "../support/mock-run.ts";
import { environment, jobSpec } from "../support/specs.ts";

const run = await mockRun(jobSpec);
const full = await mockRun(fullJobSpec);
const online = await mockRun(onlineJobSpec);
const jobInputs = async (change: Partial<JobSpec>) =>
  (await mockRun({ ...jobSpec, ...change })).only("databricks:index/job:Job").inputs;
const named = (of: MockRun, type: string, name: string) =>
  of.resources.find((resource) => resource.type === type && resource.name === name) ??
  assert.fail(`no ${type} ${name}`);
const policyOf = (of: MockRun, name: string): Record<string, unknown> =>
  JSON.parse(String(named(of, "databricks:index/clusterPolicy:ClusterPolicy", name).inputs.definition));
const has = (of: MockRun, type: string): boolean => of.names(type).length > 0;

describe("the identity of a job", () => {
  it("is known to Databricks by its client id", () => {
    const { inputs } = run.only("azure-native:managedidentity:UserAssignedIdentity");
    assert.equal(inputs.resourceName, "id-job-201");
    assert.deepEqual(inputs.tags, {
      job_id: "201",
      environment: "eastus",
      managed_by: "rowgate",
      owner: "ada@example.com",
    });
    assert.deepEqual(run.only("databricks:index/servicePrincipal:ServicePrincipal").inputs, {
      applicationId: "client-1",
      displayName: "id-job-201",
    });
  });

  it("can be stood for from outside only where its row says so", () => {
    const type = "azure-native:managedidentity:FederatedIdentityCredential";
    assert.equal(has(run, type), false);
    assert.deepEqual(full.only(type).inputs, {
      resourceGroupName: "rg-ml-eastus",
      resourceName: "id-job-201",
      federatedIdentityCredentialResourceName: "external",
      issuer: "https://token.actions.githubusercontent.com",
      subject: "repo:contoso/churn:environment:prod",
      audiences: ["api://AzureADTokenExchange"],
    });
  });

  it("may be used by whoever deploys, who stays its manager, where the account is known", async () => {
    const type = "databricks:index/accessControlRuleSet:AccessControlRuleSet";
    assert.deepEqual(run.only(type).inputs, {
      name: `accounts/${jobSpec.accountId}/servicePrincipals/client-1/ruleSets/default`,
      grantRules: [
        { role: "roles/servicePrincipal.manager", principals: ["servicePrincipals/deployer-1"] },
        { role: "roles/servicePrincipal.user", principals: ["servicePrincipals/deployer-1"] },
      ],
    });
    assert.equal(has(await mockRun({ ...jobSpec, accountId: null }), type), false);
  });

  it("reads exactly the secrets of its rows, writes its own container and reports metrics, and nothing else", () => {
    const type = "azure-native:authorization:RoleAssignment";
    assert.deepEqual(run.names(type).sort(), [
      "container",
      "metrics",
      `secret-${lastName(jobSpec.secrets[0]?.vaultId)}-databricks-token`,
      "unity-catalog-on-container",
    ]);
    // Not the job's own: Unity Catalog reaches each container as the environment's one identity for it.
    assert.equal(
      named(run, type, "unity-catalog-on-container").inputs.principalId,
      jobSpec.connectorPrincipalId,
    );
    const scope = `${jobSpec.secrets[0]?.vaultId}/secrets/databricks-token`;
    const roleId = grantableRoles.keyVaultSecretsUser.id;
    const secret = named(run, type, `secret-${lastName(jobSpec.secrets[0]?.vaultId)}-databricks-token`);
    assert.deepEqual(secret.inputs, {
      scope,
      principalId: "principal-1",
      principalType: "ServicePrincipal",
      roleDefinitionId: `/subscriptions/${environment.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
      roleAssignmentName: roleAssignmentName(scope, "principal-1", roleId),
    });
    assert.deepEqual(secret.replaceOnChanges, ["roleDefinitionId", "principalType"]);
    const container = named(run, type, "container").inputs;
    assert.equal(container.scope, containerId(environment, 201));
    assert.match(String(container.roleDefinitionId), /ba92f5b4-2d11-453d-a403-e96b0029c9fe$/);
    const metrics = named(run, type, "metrics").inputs;
    assert.match(String(metrics.scope), /\/providers\/Microsoft\.Insights\/dataCollectionRules\/dcr-eastus$/);
    assert.match(String(metrics.roleDefinitionId), /3913510d-42f4-4e42-8a64-420c390055eb$/);
  });

  it("has one grant on each securable of Unity Catalog", () => {
    const grants = run.resources.filter(({ type }) => type === "databricks:index/grant:Grant");
    assert.deepEqual(
      grants.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ inputs }) => inputs),
      [
        { catalog: "ml", principal: "client-1", privileges: ["USE_CATALOG"] },
        {
          externalLocation: "rowgate_eastus_job_201",
          principal: "client-1",
          privileges: ["READ_FILES", "WRITE_FILES"],
        },
        { model: "ml.models.churn", principal: "client-1", privileges: ["EXECUTE"] },
        {
          schema: "ml.models",
          principal: "client-1",
          privileges: ["CREATE_TABLE", "USE_SCHEMA"],
        },
      ],
    );
  });

  it("reaches a model in another catalog, through that catalog and its schema", async () => {
    const elsewhere = await mockRun({ ...jobSpec, model: "shared.registry.churn" });
    assert.deepEqual(elsewhere.names("databricks:index/grant:Grant").sort(), [
      "catalog-ml",
      "catalog-shared",
      "external-location-rowgate_eastus_job_201",
      "model-shared.registry.churn",
      "schema-ml.models",
      "schema-shared.registry",
    ]);
  });

  it("owns the model of its own, and needs no grant on it", () => {
    assert.deepEqual(full.only("databricks:index/registeredModel:RegisteredModel").inputs, {
      catalogName: "ml",
      schemaName: "models",
      name: "job_201",
      owner: "client-1",
      comment: "Model of job 201",
    });
    assert.ok(!full.names("databricks:index/grant:Grant").some((name) => name.startsWith("model-")));
    assert.equal(has(run, "databricks:index/registeredModel:RegisteredModel"), false);
  });
});

const lastName = (id: string | undefined): string | undefined => id?.split("/").at(-1);

describe("the data of a job", () => {
  it("lies in a container of its own, under a key that no writer can get round", () => {
    const account = lastName(lakeId(environment));
    assert.deepEqual(run.only("azure-native:storage:EncryptionScope").inputs, {
      resourceGroupName: "rg-ml-eastus",
      accountName: account,
      encryptionScopeName: "job-201",
      source: "Microsoft.Storage",
      state: "Enabled",
      requireInfrastructureEncryption: true,
    });
    assert.deepEqual(run.only("azure-native:storage:BlobContainer").inputs, {
      resourceGroupName: "rg-ml-eastus",
      accountName: account,
      containerName: "job-201",
      publicAccess: "None",
      defaultEncryptionScope: "job-201",
      denyEncryptionScopeOverride: true,
    });
    const { inputs, deleteBeforeReplace } = run.only("databricks:index/externalLocation:ExternalLocation");
    assert.deepEqual(inputs, {
      name: "rowgate_eastus_job_201",
      url: `abfss://job-201@${account}.dfs.core.windows.net`,
      credentialName: "rowgate_eastus",
      isolationMode: "ISOLATION_MODE_ISOLATED",
      comment: "Data of job 201",
    });
    assert.equal(deleteBeforeReplace, true);
  });

  it("lies in the lake that the environment took over, wherever that is", async () => {
    const lake =
      "/subscriptions/99999999-9999-4999-8999-999999999999/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/contosolake";
    const taken = await mockRun({ ...jobSpec, environment: { ...environment, existing: { lake } } });
    const { inputs } = taken.only("azure-native:storage:BlobContainer");
    assert.equal(inputs.resourceGroupName, "rg-data");
    assert.equal(inputs.accountName, "contosolake");
    const subscriptions = taken.resources
      .filter(({ type }) => type === "pulumi:providers:azure-native")
      .map(({ name, inputs: provider }) => [name, provider.subscriptionId]);
    assert.deepEqual(subscriptions, [
      ["azure", environment.subscriptionId],
      ["azure-99999999-9999-4999-8999-999999999999", "99999999-9999-4999-8999-999999999999"],
    ]);
    assert.equal(taken.outputs.container_url, "abfss://job-201@contosolake.dfs.core.windows.net");
  });
});

describe("the policies of a job", () => {
  it("fix what the row says for the job's own clusters", () => {
    const definition = policyOf(run, "cluster-policy");
    assert.deepEqual(definition.cluster_type, { type: "fixed", value: "job" });
    for (const who of ["node_type_id", "driver_node_type_id"])
      assert.deepEqual(definition[who], { type: "fixed", value: "Standard_DS3_v2" });
    assert.deepEqual(definition.spark_version, { type: "fixed", value: jobSpec.cluster.sparkVersion });
    assert.deepEqual(definition["autoscale.max_workers"], { type: "range", minValue: 1, maxValue: 4 });
    assert.deepEqual(definition.data_security_mode, { type: "fixed", value: "SINGLE_USER" });
    assert.equal(definition.autotermination_minutes, undefined);
  });

  it("let people work only on clusters that end by themselves", async () => {
    const definition = policyOf(run, "interactive-policy");
    assert.deepEqual(definition.cluster_type, { type: "fixed", value: "all-purpose" });
    assert.deepEqual(definition.autotermination_minutes, {
      type: "range",
      minValue: 10,
      maxValue: 30,
      defaultValue: 30,
    });
    assert.deepEqual(definition.data_security_mode, {
      type: "allowlist",
      values: ["USER_ISOLATION", "SINGLE_USER"],
      defaultValue: "USER_ISOLATION",
    });
    for (const who of ["node_type_id", "driver_node_type_id"])
      assert.deepEqual(definition[who], { type: "fixed", value: "Standard_DS3_v2" });
    const soon = await mockRun({ ...jobSpec, cluster: { ...jobSpec.cluster, autoTerminationMinutes: 10 } });
    assert.deepEqual(policyOf(soon, "interactive-policy").autotermination_minutes, {
      type: "fixed",
      value: 10,
    });
  });

  it("take scripts at a cluster's start from volumes alone, and machines of other pools never", () => {
    for (const name of ["cluster-policy", "interactive-policy"]) {
      const definition = policyOf(run, name);
      for (const source of ["workspace", "dbfs", "abfss", "file", "s3", "gcs"])
        assert.deepEqual(definition[`init_scripts.*.${source}.destination`], { type: "forbidden" }, source);
      assert.equal(definition["init_scripts.*.volumes.destination"], undefined);
      for (const pool of ["instance_pool_id", "driver_instance_pool_id"])
        assert.deepEqual(definition[pool], { type: "forbidden" });
    }
  });

  it("of an urgent job take machines from its pool, and name none themselves", () => {
    const definition = policyOf(full, "cluster-policy");
    assert.deepEqual(definition.instance_pool_id, { type: "fixed", value: "instance-pool-id" });
    assert.deepEqual(definition.driver_instance_pool_id, definition.instance_pool_id);
    assert.equal(definition.node_type_id, undefined);
    assert.equal(definition.driver_node_type_id, undefined);
    assert.equal(definition["azure_attributes.availability"], undefined);
    assert.deepEqual(policyOf(full, "interactive-policy")["azure_attributes.availability"], {
      type: "fixed",
      value: "ON_DEMAND_AZURE",
    });
  });
});

describe("a batch job", () => {
  it("runs the notebook on an autoscaling job cluster under that policy, as that identity", () => {
    const { inputs } = run.only("databricks:index/job:Job");
    assert.equal(inputs.name, "job-201 churn scoring");
    assert.deepEqual(inputs.runAs, { servicePrincipalName: "client-1" });
    assert.deepEqual(inputs.tasks, [
      {
        taskKey: "main",
        jobClusterKey: "main",
        notebookTask: { notebookPath: "/Workspace/Jobs/job_201", source: "WORKSPACE" },
      },
    ]);
    assert.deepEqual(inputs.jobClusters, [
      {
        jobClusterKey: "main",
        newCluster: {
          policyId: "cluster-policy-id",
          sparkVersion: jobSpec.cluster.sparkVersion,
          nodeTypeId: "Standard_DS3_v2",
          driverNodeTypeId: "Standard_DS3_v2",
          autoscale: { minWorkers: 1, maxWorkers: 4 },
          dataSecurityMode: "SINGLE_USER",
          enableLocalDiskEncryption: true,
          azureAttributes: { availability: "SPOT_WITH_FALLBACK_AZURE", firstOnDemand: 1 },
          customTags: { job_id: "201", environment: "eastus" },
        },
      },
    ]);
  });

  it("is told where its data lies and where it reports", () => {
    assert.deepEqual(run.only("databricks:index/job:Job").inputs.parameters, [
      { name: "job_id", default: "201" },
      { name: "model", default: "ml.models.churn" },
      { name: "metrics_endpoint", default: jobSpec.metrics.endpoint },
      { name: "metrics_rule", default: jobSpec.metrics.ruleId },
      { name: "container_url", default: run.outputs.container_url },
    ]);
    assert.deepEqual((full.only("databricks:index/job:Job").inputs.parameters as object[]).at(-1), {
      name: "horizon_days",
      default: "28",
    });
  });

  it("is scheduled while enabled, paused while disabled, and left alone without a schedule", async () => {
    const schedule = { quartzCronExpression: "0 0 2 * * ?", timezoneId: "UTC" };
    assert.deepEqual((await jobInputs({})).schedule, { ...schedule, pauseStatus: "UNPAUSED" });
    assert.deepEqual((await jobInputs({ enabled: false })).schedule, {
      ...schedule,
      pauseStatus: "PAUSED",
    });
    assert.equal((await jobInputs({ schedule: null })).schedule, undefined);
  });

  it("runs on spare machines only where its row allows it", async () => {
    const { jobClusters } = await jobInputs({ cluster: { ...jobSpec.cluster, spot: false } });
    assert.match(JSON.stringify(jobClusters), /"availability":"ON_DEMAND_AZURE"/);
  });

  it("that is urgent has a warm pool of machines that are never spare, and only then", () => {
    const { inputs, deleteBeforeReplace } = full.only("databricks:index/instancePool:InstancePool");
    assert.deepEqual(inputs, {
      instancePoolName: "rowgate-job-201",
      nodeTypeId: "Standard_DS3_v2",
      preloadedSparkVersions: [jobSpec.cluster.sparkVersion],
      minIdleInstances: 0,
      maxCapacity: 5,
      idleInstanceAutoterminationMinutes: 30,
      enableElasticDisk: true,
      azureAttributes: { availability: "ON_DEMAND_AZURE" },
      customTags: { job_id: "201", environment: "eastus" },
    });
    assert.equal(deleteBeforeReplace, true);
    assert.deepEqual(full.only("databricks:index/job:Job").inputs.jobClusters, [
      {
        jobClusterKey: "main",
        newCluster: {
          policyId: "cluster-policy-id",
          sparkVersion: jobSpec.cluster.sparkVersion,
          instancePoolId: "instance-pool-id",
          driverInstancePoolId: "instance-pool-id",
          autoscale: { minWorkers: 1, maxWorkers: 4 },
          dataSecurityMode: "SINGLE_USER",
          enableLocalDiskEncryption: true,
          customTags: { job_id: "201", environment: "eastus" },
        },
      },
    ]);
    assert.equal(has(run, "databricks:index/instancePool:InstancePool"), false);
  });

  it("without an owner carries no owner tag", async () => {
    const { tags } = await jobInputs({ owner: null });
    assert.deepEqual(tags, { job_id: "201", environment: "eastus", managed_by: "rowgate" });
  });
});

describe("an online job", () => {
  it("has an endpoint that sleeps while nobody asks, and nothing that only batch jobs have", () => {
    const { inputs } = online.only("databricks:index/modelServing:ModelServing");
    assert.equal(inputs.name, "job-201");
    assert.deepEqual(inputs.config, {
      servedEntities: [
        {
          entityName: "ml.models.churn",
          entityVersion: "3",
          workloadSize: "Small",
          scaleToZeroEnabled: true,
        },
      ],
    });
    assert.equal(has(online, "databricks:index/job:Job"), false);
    assert.equal(has(online, "databricks:index/instancePool:InstancePool"), false);
    assert.deepEqual(online.names("databricks:index/clusterPolicy:ClusterPolicy"), ["interactive-policy"]);
    assert.equal(has(run, "databricks:index/modelServing:ModelServing"), false);
  });

  it("that is urgent has no pool either: it has no clusters", async () => {
    const urgent = await mockRun({ ...onlineJobSpec, urgent: true });
    assert.equal(has(urgent, "databricks:index/instancePool:InstancePool"), false);
  });
});

describe("what watches a job", () => {
  it("records its training runs in an experiment that bears its marks", () => {
    assert.deepEqual(run.only("databricks:index/mlflowExperiment:MlflowExperiment").inputs, {
      name: "/rowgate-eastus/job-201",
      tags: [
        { key: "environment", value: "eastus" },
        { key: "managed_by", value: "rowgate" },
        { key: "job_id", value: "201" },
        { key: "owner", value: "ada@example.com" },
      ],
    });
  });

  it("measures drift in a table that the job may write, and that goes with its rule", () => {
    const table = full.only("databricks:index/sqlTable:SqlTable");
    assert.equal(table.retainOnDelete, false);
    assert.equal(table.inputs.name, "job_201_inference");
    assert.equal(table.inputs.warehouseId, "warehouse-1");
    const monitor = full.only("databricks:index/qualityMonitor:QualityMonitor").inputs;
    assert.equal(monitor.tableName, "ml.models.job_201_inference");
    const columns = (table.inputs.columns as { name: string }[]).map(({ name }) => name);
    const log = monitor.inferenceLog as Record<string, string>;
    for (const column of [log.timestampCol, log.modelIdCol, log.predictionCol, log.labelCol]) {
      assert.ok(column !== undefined && columns.includes(column), column);
    }
    assert.deepEqual(
      named(full, "databricks:index/grant:Grant", "table-ml.models.job_201_inference").inputs,
      {
        table: "ml.models.job_201_inference",
        principal: "client-1",
        privileges: ["MODIFY", "SELECT"],
      },
    );
    assert.equal(has(run, "databricks:index/sqlTable:SqlTable"), false);
  });
});
