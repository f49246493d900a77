import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { openTestClouds, type TestClouds } from "./support/clouds.ts";
import type { Properties } from "./support/provider-client.ts";
import { ada, adaId, mlVault, reader, secretsUser, teamId } from "./support/seed.ts";
import {
  assignmentType,
  experimentType,
  grantType,
  jobInputs,
  jobType,
  makeIdentity,
  modelType,
  openWorkspace,
  permissionsType,
  policyType,
  principalType,
  roleAssignmentType,
  ruleSetType,
  scopeType,
  secretAclType,
  warehouseType,
} from "./support/world.ts";

interface Atom {
  readonly action: string;
  readonly object: string;
  readonly at: string;
  readonly through: string | null;
}

const atomsOf = async (clouds: TestClouds, principal: string): Promise<Atom[]> =>
  (await clouds.http("GET", `/sandbox/access?principal=${encodeURIComponent(principal)}`)).body.can;

/** `run job:1`, sorted; of one kind of object if that is asked. */
const can = async (clouds: TestClouds, principal: string, kind = ""): Promise<string[]> => [
  ...new Set(
    (await atomsOf(clouds, principal))
      .filter(({ object }) => object.startsWith(kind))
      .map(({ action, object }) => `${action} ${object}`)
      .sort(),
  ),
];

const open = async (t: TestContext, settings: Properties = {}) => {
  const clouds = await openTestClouds(t, settings);
  return { clouds, ...(await openWorkspace(clouds)) };
};

describe("Unity Catalog, effectively", () => {
  const grants = async (t: TestContext) => {
    const { clouds, databricks } = await open(t);
    const grant = (on: Properties, ...privileges: string[]) =>
      databricks.create(grantType, { principal: "ds_team", privileges, ...on });
    return { clouds, databricks, grant };
  };
  const model = { model: "ml.models.job_201" };

  it("a privilege is of use only with the use of the catalog and the schema", async (t) => {
    const { clouds, grant } = await grants(t);
    await grant(model, "EXECUTE");
    assert.deepEqual(await can(clouds, "ds_team"), []);
    await grant({ catalog: "ml" }, "USE_CATALOG");
    assert.deepEqual(await can(clouds, "ds_team"), ["use catalog:ml"]);
    await grant({ schema: "ml.models" }, "USE_SCHEMA");
    assert.deepEqual(await can(clouds, "ds_team"), [
      "execute model:ml.models.job_201",
      "use catalog:ml",
      "use schema:ml.models",
    ]);
  });

  it("what is held on a schema or catalog holds for all that it fits below", async (t) => {
    const { clouds, grant } = await grants(t);
    await grant({ catalog: "ml" }, "USE_CATALOG", "USE_SCHEMA");
    await grant({ schema: "ml.models" }, "SELECT");
    const atoms = await atomsOf(clouds, "ds_team");
    const selects = atoms.filter(({ action }) => action === "select");
    assert.deepEqual(
      selects.map(({ object, at }) => [object, at]),
      [
        ["schema:ml.models", "schema:ml.models"],
        ["table:ml.models.scores", "schema:ml.models"],
      ],
    );
    assert.deepEqual(await can(clouds, "ds_team", "model:"), []);
    assert.deepEqual(await can(clouds, "ds_team", "schema:"), [
      "select schema:ml.models",
      "use schema:ml.models",
    ]);
  });

  it("browsing needs no other privilege", async (t) => {
    const { clouds, grant } = await grants(t);
    await grant({ catalog: "ml" }, "BROWSE");
    assert.deepEqual(await can(clouds, "ds_team"), [
      "browse catalog:ml",
      "browse model:ml.models.job_201",
      "browse schema:ml.models",
      "browse table:ml.models.scores",
    ]);
  });

  it("all privileges are those of the kind, without managing", async (t) => {
    const { clouds, grant } = await grants(t);
    await grant({ catalog: "ml" }, "ALL_PRIVILEGES");
    assert.deepEqual(await can(clouds, "ds_team", "model:"), [
      "apply-tag model:ml.models.job_201",
      "browse model:ml.models.job_201",
      "execute model:ml.models.job_201",
    ]);
  });

  it("an owner can do everything with a model, once the way to it is open", async (t) => {
    const { clouds, databricks, grant } = await grants(t);
    const owned = { catalogName: "ml", schemaName: "models", name: "own", owner: "ds_team" };
    await databricks.create(modelType, owned);
    assert.deepEqual(await can(clouds, "ds_team"), []);
    await grant({ catalog: "ml" }, "USE_CATALOG", "USE_SCHEMA");
    assert.deepEqual(await can(clouds, "ds_team", "model:"), [
      "apply-tag model:ml.models.own",
      "execute model:ml.models.own",
      "manage model:ml.models.own",
      "own model:ml.models.own",
    ]);
  });

  it("members have what their groups have, and everybody what the account has", async (t) => {
    const { clouds, databricks, grant } = await grants(t);
    await grant({ catalog: "ml" }, "USE_CATALOG", "BROWSE");
    const all = { principal: "account users", schema: "ml.models", privileges: ["USE_SCHEMA"] };
    await databricks.create(grantType, all);
    const atoms = await atomsOf(clouds, ada);
    const through = (action: string, object: string): (string | null)[] =>
      atoms.filter((atom) => atom.action === action && atom.object === object).map((atom) => atom.through);
    assert.deepEqual(through("use", "catalog:ml"), ["ds_team"]);
    assert.deepEqual(through("use", "schema:ml.models"), ["account users"]);
    await databricks.create(grantType, { ...model, principal: ada, privileges: ["EXECUTE"] });
    const own = (await atomsOf(clouds, ada)).find(({ action }) => action === "execute");
    assert.equal(own?.through, null);
  });
});

describe("workspaces, effectively", () => {
  it("a list gives nothing to who is no member of the workspace", async (t) => {
    const { clouds, databricks, workspace } = await open(t);
    const { id: jobId } = await databricks.create(jobType, jobInputs());
    const accessControls = [{ groupName: "ds_team", permissionLevel: "CAN_MANAGE_RUN" }];
    await databricks.create(permissionsType, { jobId, accessControls });
    assert.deepEqual(await can(clouds, ada), []);
    const member = { groupName: "ds_team", permissions: ["USER"] };
    const assigned = await databricks.create(assignmentType, member);
    assert.deepEqual(await can(clouds, ada), [
      `run job:${jobId}`,
      `use workspace:${workspace.outputs.workspaceUrl}`,
      `view job:${jobId}`,
    ]);
    await databricks.delete(assigned);
    assert.deepEqual(await can(clouds, ada), []);
  });

  it("each kind of object has its words", async (t) => {
    const { clouds, databricks } = await open(t);
    await databricks.create(assignmentType, { groupName: "ds_team", permissions: ["USER"] });
    const policy = await databricks.create(policyType, { name: "p", definition: "{}" });
    const warehouse = await databricks.create(warehouseType, { name: "w", clusterSize: "Small" });
    const list = (on: Properties, permissionLevel: string) =>
      databricks.create(permissionsType, {
        ...on,
        accessControls: [{ groupName: "ds_team", permissionLevel }],
      });
    await list({ clusterPolicyId: policy.id }, "CAN_USE");
    await list({ sqlEndpointId: warehouse.id }, "CAN_MONITOR");
    await databricks.create(scopeType, { name: "s" });
    await databricks.create(secretAclType, { scope: "s", principal: "ds_team", permission: "READ" });
    assert.deepEqual(await can(clouds, "ds_team", "cluster-policy:"), [`use cluster-policy:${policy.id}`]);
    assert.deepEqual(await can(clouds, "ds_team", "warehouse:"), [
      `monitor warehouse:${warehouse.id}`,
      `use warehouse:${warehouse.id}`,
      `view warehouse:${warehouse.id}`,
    ]);
    assert.deepEqual(await can(clouds, "ds_team", "secret-scope:"), ["read secret-scope:s"]);
  });

  it("every member manages an experiment in the shared folder, and none one in a folder of the root", async (t) => {
    const { clouds, databricks } = await open(t);
    await databricks.create(assignmentType, { groupName: "ds_team", permissions: ["USER"] });
    const shared = await databricks.create(experimentType, { name: "/Shared/job-201" });
    await databricks.create("databricks:index/directory:Directory", { path: "/own" });
    await databricks.create(experimentType, { name: "/own/job-201" });
    assert.deepEqual(await can(clouds, ada, "experiment:"), [
      `edit experiment:${shared.id}`,
      `manage experiment:${shared.id}`,
      `read experiment:${shared.id}`,
    ]);
  });

  it("a registered service principal is a member; a rule set says who may let jobs run as it", async (t) => {
    const { clouds, databricks, workspace } = await open(t);
    const { clientId } = (await makeIdentity(clouds.azure)).outputs;
    await databricks.create(principalType, { applicationId: clientId });
    assert.deepEqual(await can(clouds, clientId), [`use workspace:${workspace.outputs.workspaceUrl}`]);
    await databricks.create(ruleSetType, {
      name: `accounts/a/servicePrincipals/${clientId}/ruleSets/default`,
      grantRules: [{ role: "roles/servicePrincipal.user", principals: ["groups/ds_team"] }],
    });
    assert.deepEqual(await can(clouds, ada), [`run-as service-principal:${clientId}`]);
  });

  it("admins are told, and so is a Contributor of the workspace in Azure", async (t) => {
    const { clouds, databricks, workspace } = await open(t);
    const object = `workspace:${workspace.outputs.workspaceUrl}`;
    await databricks.create(assignmentType, { userName: ada, permissions: ["ADMIN"] });
    assert.deepEqual(await can(clouds, ada, "workspace:"), [`administer ${object}`, `use ${object}`]);
    const contributor = reader.replace(/[^/]+$/, "b24988ac-6180-42a0-ab88-20f7382dd24c");
    const assignment = { scope: workspace.id, roleDefinitionId: contributor, principalType: "Group" };
    await clouds.azure.create(roleAssignmentType, { ...assignment, principalId: teamId });
    assert.deepEqual(await can(clouds, "ds_team", "workspace:"), [`administer ${object}`]);
  });
});

describe("Azure, effectively", () => {
  it("a role is its actions, on its scope and below", async (t) => {
    const { clouds } = await open(t);
    const assign = (scope: string, roleDefinitionId: string) =>
      clouds.azure.create(roleAssignmentType, {
        scope,
        roleDefinitionId,
        principalId: teamId,
        principalType: "Group",
      });
    await assign(`${mlVault}/secrets/databricks-token`, secretsUser);
    await assign(mlVault, reader);
    const secret = `${mlVault}/secrets/databricks-token`;
    assert.deepEqual(await can(clouds, ada), [
      `azure:*/read ${mlVault}`,
      `azure:*/read ${secret}`,
      `azure:Microsoft.KeyVault/vaults/secrets/getSecret/action ${secret}`,
      `azure:Microsoft.KeyVault/vaults/secrets/readMetadata/action ${secret}`,
    ]);
    const inherited = (await atomsOf(clouds, ada)).find(
      ({ action, object }) => action === "azure:*/read" && object === secret,
    );
    assert.deepEqual([inherited?.at, inherited?.through], [mlVault, "ds_team"]);
  });
});

describe("groups in groups", () => {
  it("a member of a group in a group has what that has", async (t) => {
    const { clouds, databricks } = await open(t);
    const outer = await clouds.azure.create("azuread:index/group:Group", {
      displayName: "outer",
      securityEnabled: true,
      members: [teamId],
    });
    await databricks.create(grantType, { catalog: "ml", principal: "outer", privileges: ["USE_CATALOG"] });
    assert.deepEqual(await can(clouds, ada), ["use catalog:ml"]);
    await clouds.azure.delete(outer);
    assert.deepEqual(await can(clouds, ada), []);
  });

  it("a managed identity in a group has to wait for its token, a person does not", async (t) => {
    const settings = { timeFactor: 1, managedIdentityGroupDelaySeconds: 1 };
    const clouds = await openTestClouds(t, { settings });
    const role = { scope: mlVault, roleDefinitionId: reader, principalId: teamId, principalType: "Group" };
    await clouds.azure.create(roleAssignmentType, role);
    await clouds.azure.create("azure-native:resources:ResourceGroup", {
      resourceGroupName: "rg-test",
      location: "eastus",
    });
    const { principalId } = (await makeIdentity(clouds.azure)).outputs;
    const added = await clouds.http("POST", `/v1.0/groups/${teamId}/members/$ref`, {
      "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${principalId}`,
    });
    assert.equal(added.status, 204);
    assert.deepEqual(await can(clouds, principalId), []);
    assert.deepEqual(await can(clouds, adaId), [`azure:*/read ${mlVault}`]);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    assert.deepEqual(await can(clouds, principalId), [`azure:*/read ${mlVault}`]);
  });
});
