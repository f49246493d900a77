import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import { teamId } from "./support/seed.ts";
import {
  assignmentType,
  cluster,
  grantType,
  jobInputs,
  jobType,
  makeIdentity,
  modelType,
  openWorkspace,
  permissionsType,
  policyType,
  principalType,
} from "./support/world.ts";

const open = async (t: TestContext, settings = {}) => {
  const clouds = await openTestClouds(t, settings);
  const { databricks, workspace } = await openWorkspace(clouds);
  const host: string = workspace.outputs.workspaceUrl;
  return {
    clouds,
    databricks,
    host,
    get: (api: string) => clouds.http("GET", `/databricks/${host}/api/${api}`),
  };
};
const catalog = "2.1/unity-catalog";

describe("Unity Catalog over REST", () => {
  it("securables are found by full name, and what is not there is told in the API's words", async (t) => {
    const { get, databricks } = await open(t);
    assert.equal((await get(`${catalog}/catalogs/ml`)).body.name, "ml");
    assert.equal((await get(`${catalog}/schemas/ml.models`)).body.catalog_name, "ml");
    assert.equal((await get(`${catalog}/tables/ml.models.scores`)).body.schema_name, "models");
    await databricks.create(modelType, {
      catalogName: "ml",
      schemaName: "models",
      name: "own",
      owner: "ds_team",
    });
    const { body } = await get(`${catalog}/models/ml.models.own`);
    assert.deepEqual([body.full_name, body.name, body.owner], ["ml.models.own", "own", "ds_team"]);
    const missing = await get(`${catalog}/models/ml.models.none`);
    assert.deepEqual(
      [missing.status, missing.body],
      [
        404,
        {
          error_code: "REGISTERED_MODEL_DOES_NOT_EXIST",
          message: "Registered Model 'ml.models.none' does not exist.",
        },
      ],
    );
  });

  it("versions of a model are listed, oldest first", async (t) => {
    const { clouds, get } = await open(t);
    await clouds.http("POST", "/sandbox/models/ml.models.job_201/versions");
    const { body } = await get(`${catalog}/models/ml.models.job_201/versions`);
    const [first] = body.model_versions;
    assert.deepEqual(
      body.model_versions.map(({ version }: { version: number }) => version),
      [1, 2, 3],
    );
    assert.deepEqual([first.model_name, first.schema_name, first.status], ["job_201", "models", "READY"]);
  });

  it("who holds what on a securable is told; models are functions there", async (t) => {
    const { databricks, get } = await open(t);
    const on = { model: "ml.models.job_201", principal: "ds_team", privileges: ["EXECUTE"] };
    await databricks.create(grantType, on);
    const held = [{ principal: "ds_team", privileges: ["EXECUTE"] }];
    const { body } = await get(`${catalog}/permissions/function/ml.models.job_201`);
    assert.deepEqual(body.privilege_assignments, held);
    assert.deepEqual((await get(`${catalog}/permissions/schema/ml.models`)).body.privilege_assignments, []);
    assert.equal((await get(`${catalog}/permissions/schema/ml.none`)).status, 404);
    assert.equal((await get(`${catalog}/permissions/planet/ml`)).status, 400);
  });
});

describe("a workspace over REST", () => {
  it("jobs are shown by id and listed in pages, in snake case", async (t) => {
    const { databricks, get } = await open(t);
    const newCluster = cluster({ customTags: { costCenter: "7" } });
    const jobClusters = [{ jobClusterKey: "main", newCluster }];
    const job = await databricks.create(jobType, jobInputs({ jobClusters }));
    await databricks.create(jobType, jobInputs({ name: "job-202" }));
    const { body } = await get(`2.1/jobs/get?job_id=${job.id}`);
    assert.equal(body.job_id, Number(job.id));
    assert.equal(body.settings.max_concurrent_runs, 1);
    assert.equal(body.settings.job_clusters[0].new_cluster.node_type_id, "Standard_D4ds_v5");
    assert.deepEqual(body.settings.job_clusters[0].new_cluster.custom_tags, { costCenter: "7" });
    const first = (await get("2.1/jobs/list?limit=1")).body;
    assert.deepEqual([first.jobs.length, first.has_more], [1, true]);
    const second = (await get(`2.1/jobs/list?limit=1&page_token=${first.next_page_token}`)).body;
    assert.deepEqual([second.jobs.length, second.has_more], [1, false]);
    assert.notEqual(second.jobs[0].job_id, first.jobs[0].job_id);
    assert.equal((await get("2.1/jobs/list?name=job-202")).body.jobs[0].settings.name, "job-202");
    const missing = await get("2.1/jobs/get?job_id=1");
    assert.deepEqual([missing.status, missing.body.message], [400, "Job 1 does not exist."]);
  });

  it("policies, runtimes and machines are listed", async (t) => {
    const { databricks, get } = await open(t);
    const policy = await databricks.create(policyType, { name: "p", definition: "{}" });
    assert.deepEqual((await get("2.0/policies/clusters/list")).body.policies, [
      { policy_id: policy.id, name: "p", definition: "{}" },
    ]);
    const { versions } = (await get("2.0/clusters/spark-versions")).body;
    const lts = versions.find(({ key }: { key: string }) => key === "16.4.x-cpu-ml-scala2.12");
    assert.match(lts.name, /^16\.4 LTS ML/);
    const types = (await get("2.0/clusters/list-node-types")).body.node_types;
    const node = types.find((type: Record<string, unknown>) => type.node_type_id === "Standard_E8ds_v5");
    assert.deepEqual([node.num_cores, node.memory_mb], [8, 65_536]);
  });

  it("groups of the directory are found by display name, all that have it", async (t) => {
    const { get } = await open(t);
    const find = (name: string) =>
      get(`2.0/preview/scim/v2/Groups?filter=${encodeURIComponent(`displayName eq "${name}"`)}`);
    const { body } = await find("ds_team");
    assert.equal(body.totalResults, 1);
    assert.deepEqual([body.Resources[0].displayName, body.Resources[0].externalId], ["ds_team", teamId]);
    assert.equal((await find("twins")).body.totalResults, 2);
    assert.equal((await find("none")).body.totalResults, 0);
    const wrong = await get(`2.0/preview/scim/v2/Groups?filter=${encodeURIComponent('id eq "1"')}`);
    assert.deepEqual([wrong.status, wrong.body.error_code], [400, "INVALID_PARAMETER_VALUE"]);
  });

  it("members are listed, and service principals by application id", async (t) => {
    const { clouds, databricks, get } = await open(t);
    const made = await databricks.create(assignmentType, { groupName: "ds_team", permissions: ["USER"] });
    assert.deepEqual((await get("2.0/preview/permissionassignments")).body.permission_assignments, [
      {
        principal: { principal_id: Number(made.id), display_name: "ds_team", group_name: "ds_team" },
        permissions: ["USER"],
      },
    ]);
    const { clientId: applicationId } = (await makeIdentity(clouds.azure)).outputs;
    const principal = await databricks.create(principalType, { applicationId });
    const filter = encodeURIComponent(`applicationId eq "${applicationId}"`);
    const { body } = await get(`2.0/preview/scim/v2/ServicePrincipals?filter=${filter}`);
    assert.deepEqual([body.totalResults, body.Resources[0].id], [1, principal.id]);
  });

  it("a permission list names its entries, the owner and the admins", async (t) => {
    const { databricks, get } = await open(t);
    const { id: jobId } = await databricks.create(jobType, jobInputs());
    const accessControls = [{ groupName: "ds_team", permissionLevel: "CAN_VIEW" }];
    await databricks.create(permissionsType, { jobId, accessControls });
    const { body } = await get(`2.0/permissions/jobs/${jobId}`);
    assert.deepEqual([body.object_id, body.object_type], [`/jobs/${jobId}`, "job"]);
    const levels = body.access_control_list.map(
      (entry: Record<string, [{ permission_level: string }]>) => entry.all_permissions?.[0].permission_level,
    );
    assert.deepEqual(levels, ["CAN_VIEW", "IS_OWNER", "CAN_MANAGE"]);
    assert.equal((await get("2.0/permissions/sql/warehouses/1")).status, 404);
    assert.equal((await get("2.0/permissions/planets/1")).status, 400);
  });

  it("a host that no workspace has, or that is not ready, does not answer", async (t) => {
    const { clouds, get } = await open(t);
    await clouds.http("PUT", "/sandbox/settings", { timeFactor: 1 });
    assert.deepEqual([(await get("2.1/jobs/list")).status], [503]);
    const nowhere = await clouds.http("GET", "/databricks/adb-1.2.azuredatabricks.net/api/2.1/jobs/list");
    assert.deepEqual([nowhere.status, nowhere.body.error_code], [503, "NoSuchHost"]);
  });

  it("faults of lookups strike it", async (t) => {
    const { clouds, get } = await open(t);
    const fault = { type: "databricks", call: "lookup", kind: "throttle" };
    assert.equal((await clouds.http("POST", "/sandbox/faults", fault)).status, 201);
    const { status, body } = await get("2.1/jobs/list");
    assert.deepEqual([status, body.error_code], [429, "RESOURCE_EXHAUSTED"]);
    assert.equal((await get("2.1/jobs/list")).status, 200);
  });
});
