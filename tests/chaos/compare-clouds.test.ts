/** The comparison is itself shown to see: what is planted is found, and nothing else is. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { CloudObject } from "../support/service.ts";
import { vaultId } from "../support/small-rows.ts";
import { facts, specsIn } from "../support/small-specs.ts";
import { type Compared, compareClouds, objectKey } from "./compare-clouds.ts";

const host = "adb-1.azuredatabricks.net";
const group = `/subscriptions/${facts.subscriptionId}/resourceGroups/${facts.resourceGroup}`;
const lake = `${group}/providers/Microsoft.Storage/storageAccounts/steastuskgvwugml`;
const connector = "55555555-5555-4555-8555-555555555555";

const { job, acl, access } = specsIn({ workspace_url: host, connector_principal_id: connector });
const specs: readonly StackSpec[] = [
  job(201),
  acl("111"),
  access("ds_team", { workspaceMember: false, roleAssignments: [] }),
];

const object = (
  cloud: string,
  type: string,
  of: { id: string; name: string; scope?: string; body?: CloudObject["body"] },
): CloudObject => ({ cloud, type, scope: "", body: {}, ...of });

const inWorkspace = (type: string, folder: string, id: string, name: string, body: CloudObject["body"]) =>
  object("databricks", `databricks:index/${type}`, {
    id: `${host}/${folder}/${id}`,
    name,
    scope: host,
    body,
  });
const jobNamed = (id: string, name: string): CloudObject =>
  inWorkspace("job:Job", "jobs", id, name, {
    jobClusters: [{ newCluster: { autoscale: { minWorkers: 1, maxWorkers: 4 } } }],
  });
const policy = (id: string, name: string): CloudObject =>
  inWorkspace("clusterPolicy:ClusterPolicy", "cluster-policies", id, name, {
    definition: JSON.stringify({ "autoscale.max_workers": { type: "range", minValue: 1, maxValue: 4 } }),
  });
const held = (name: string, scope: string, principalId: string, role: string): CloudObject =>
  object("azure", "azure-native:authorization:RoleAssignment", {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    body: {
      scope,
      principalId,
      roleDefinitionId: `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${role}`,
    },
  });
const secretsUser = "4633458b-17de-408a-b874-0445c86b69e6";
const assignment = (name: string): CloudObject =>
  held(name, `${vaultId}/secrets/databricks-token`, "principal", secretsUser);
const inMetastore = (type: string, id: string, name: string, privileges?: readonly string[]): CloudObject =>
  object("databricks", `databricks:index/${type}`, {
    id: `metastore/${id}`,
    name,
    scope: "metastore",
    body: privileges === undefined ? {} : { privileges },
  });
const granted = (on: string, principal: string, ...privileges: readonly string[]): CloudObject =>
  inMetastore("grant:Grant", `grants/${on}/${principal}`, `${principal} on ${on}`, privileges);

const seededVault = object("azure", "azure-native:keyvault:Vault", { id: vaultId, name: "ml-vault" });
const list = inWorkspace("permissions:Permissions", "permissions", "jobs/111", "job-201 churn", {
  accessControls: [{ groupName: "ds_team", permissionLevel: "CAN_MANAGE_RUN" }],
});
const grant = granted("model/ml.models.fraud_scoring", "ds_team", "EXECUTE");
const identityId = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-job-201`;
const container = `${lake}/blobServices/default/containers/job-201`;
const blobContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
const made: readonly CloudObject[] = [
  object("azure", "azure-native:managedidentity:UserAssignedIdentity", {
    id: identityId,
    name: "id-job-201",
    body: { principalId: "principal", clientId: "client" },
  }),
  object("entra", "azuread:index/servicePrincipal:ServicePrincipal", {
    id: "/servicePrincipals/1",
    name: "id-job-201",
    body: { alternativeNames: [identityId] },
  }),
  object("databricks", "databricks:index/accessControlRuleSet:AccessControlRuleSet", {
    id: "account/rule-sets/client",
    name: "client",
  }),
  inWorkspace("servicePrincipal:ServicePrincipal", "service-principals", "9", "id-job-201", {}),
  inWorkspace("mlflowExperiment:MlflowExperiment", "experiments", "77", "/rowgate-eastus/job-201", {}),
  policy("C7", "rowgate-job-201"),
  policy("C8", "rowgate-job-201-interactive"),
  jobNamed("111", "job-201 churn"),
  object("azure", "azure-native:storage:EncryptionScope", {
    id: `${lake}/encryptionScopes/job-201`,
    name: "job-201",
    body: { state: "Enabled" },
  }),
  object("azure", "azure-native:storage:BlobContainer", { id: container, name: "job-201" }),
  inMetastore(
    "externalLocation:ExternalLocation",
    "external-locations/rowgate_eastus_job_201",
    "rowgate_eastus_job_201",
  ),
  assignment("a1"),
  held("a2", container, "principal", blobContributor),
  held("a3", container, connector, blobContributor),
  held(
    "a4",
    `${group}/providers/Microsoft.Insights/dataCollectionRules/dcr-eastus`,
    "principal",
    "3913510d-42f4-4e42-8a64-420c390055eb",
  ),
  granted("catalog/ml", "client", "USE_CATALOG"),
  granted("schema/ml.models", "client", "CREATE_TABLE", "USE_SCHEMA"),
  granted("model/ml.models.fraud_scoring", "client", "EXECUTE"),
  granted("external_location/rowgate_eastus_job_201", "client", "READ_FILES", "WRITE_FILES"),
  list,
  grant,
];

/** State has ids as providers give them: without host or metastore. */
const stateId = ({ cloud, type, id }: CloudObject): string => {
  if (cloud !== "databricks") return id;
  if (type.endsWith(":Grant")) return id.replace("metastore/grants/", "");
  if (type.endsWith(":AccessControlRuleSet")) return `accounts/a/servicePrincipals/client/ruleSets/default`;
  if (type.endsWith(":Permissions")) return id.replace(`${host}/permissions`, "");
  return id.split("/").at(-1) ?? id;
};

function world(change: Partial<Compared> = {}): Compared {
  const resources = made
    .filter(({ cloud }) => cloud !== "entra")
    .map((each) => ({ type: each.type, id: stateId(each), urn: `urn::${each.name}` }));
  return {
    objects: [seededVault, ...made],
    seeded: new Set([objectKey(seededVault)]),
    checkpoints: [{ stack: "all", resources, pending: [] }],
    specs,
    ...change,
  };
}

const kinds = (compared: Compared): readonly string[] => compareClouds(compared).map(({ kind }) => kind);
const without = (...gone: readonly CloudObject[]) => made.filter((each) => !gone.includes(each));

describe("comparing clouds with rows and state", () => {
  it("finds nothing where all three tell of the same", () => {
    assert.deepEqual(compareClouds(world()), []);
  });

  it("finds a job that was made twice: a duplicate, and of the two the one that no state has", () => {
    const twin = jobNamed("222", "job-201 churn");
    const found = compareClouds(world({ objects: [seededVault, ...made, twin] }));
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ["duplicate", "orphan"],
    );
    assert.match(found[0]?.what ?? "", /jobs\/111, .*jobs\/222/);
    assert.match(found[1]?.what ?? "", /jobs\/222: no state has it/);
  });

  it("finds a twin under another name of the same job", () => {
    assert.ok(
      kinds(world({ objects: [seededVault, ...made, jobNamed("222", "job-201 renamed")] })).includes(
        "duplicate",
      ),
    );
  });

  it("finds a second assignment of one role to one principal on one scope", () => {
    assert.deepEqual(kinds(world({ objects: [seededVault, ...made, assignment("a9")] })), [
      "duplicate",
      "orphan",
    ]);
  });

  it("finds an object that no row asks for, although the state has it", () => {
    const found = compareClouds(world({ specs: specs.filter(({ kind }) => kind !== "access") }));
    assert.deepEqual(found, [
      { kind: "orphan", what: `${grant.type} ${grant.name} ${grant.id}: no row asks for it` },
    ]);
  });

  it("finds a follower whose object is gone", () => {
    const nic = object("azure", "azure-native:network:NetworkInterface", {
      id: `${group}/providers/Microsoft.Network/networkInterfaces/nic-pe-one`,
      name: "nic-pe-one",
    });
    assert.deepEqual(kinds(world({ objects: [seededVault, ...made, nic] })), ["orphan"]);
  });

  it("finds a principal of the directory whose identity is gone", () => {
    const stray = object("entra", "azuread:index/servicePrincipal:ServicePrincipal", {
      id: "/servicePrincipals/2",
      name: "id-job-202",
      body: { alternativeNames: [identityId.replace("201", "202")] },
    });
    assert.deepEqual(kinds(world({ objects: [seededVault, ...made, stray] })), ["orphan"]);
  });

  it("takes an encryption scope that is switched off for deleted", () => {
    const scope = (name: string, state: string): CloudObject =>
      object("azure", "azure-native:storage:EncryptionScope", {
        id: `${lake}/encryptionScopes/${name}`,
        name,
        body: { state },
      });
    const objects = [seededVault, ...made, scope("job-202", "Disabled")];
    assert.deepEqual(compareClouds(world({ objects })), []);
    assert.deepEqual(kinds(world({ objects: [...objects, scope("job-203", "Enabled")] })), ["orphan"]);
  });

  it("finds a missing object, by its spec and by the state", () => {
    const found = compareClouds(world({ objects: [seededVault, ...without(grant)] }));
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ["missing", "missing"],
    );
    assert.match(found[0]?.what ?? "", /stack access-eastus-\S+ asks for/);
    assert.match(found[1]?.what ?? "", /the state of all has/);
  });

  it("finds an object that holds something else than its spec", () => {
    const wider = { ...grant, body: { privileges: ["APPLY_TAG", "EXECUTE"] } };
    const other = { ...list, body: { accessControls: [] } };
    assert.deepEqual(kinds(world({ objects: [seededVault, ...without(grant), wider] })), ["differs"]);
    assert.deepEqual(kinds(world({ objects: [seededVault, ...without(list), other] })), ["differs"]);
  });

  it("takes an empty access list for part of its job, and not without it", () => {
    const empty = { ...list, body: { accessControls: [] } };
    const noAcl = world({
      objects: [seededVault, ...without(list), empty],
      specs: specs.filter(({ kind }) => kind !== "acl"),
    });
    assert.deepEqual(compareClouds(noAcl), []);
    const orphaned = { ...empty, id: `${host}/permissions/jobs/333` };
    assert.deepEqual(kinds({ ...noAcl, objects: [...noAcl.objects, orphaned] }), ["orphan"]);
  });
});
