/** The comparison is itself shown to see: what is planted is found, and nothing else is. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { CloudObject } from "../support/service.ts";
import { environment as environmentRow } from "../support/small-rows.ts";
import { type Compared, compareClouds, objectKey } from "./compare-clouds.ts";

const host = "adb-1.azuredatabricks.net";
const environment = {
  name: "eastus",
  location: "eastus",
  subscriptionId: String(environmentRow().values.subscription_id),
  tenantId: String(environmentRow().values.tenant_id),
  resourceGroup: "rg-ml-eastus",
};
const workspace = { host, resourceId: "/workspace" };
const group = `/subscriptions/${environment.subscriptionId}/resourceGroups/rg-ml-eastus`;
const vaultId = "/subscriptions/s/resourceGroups/shared/providers/Microsoft.KeyVault/vaults/ml-vault";
const secretsUser = "4633458b-17de-408a-b874-0445c86b69e6";

const specs: readonly StackSpec[] = [
  {
    kind: "job",
    stack: "job-eastus-7",
    environment,
    workspace,
    jobId: 7,
    name: "churn",
    enabled: true,
    urgent: false,
    owner: null,
    schedule: null,
    taskPath: "/jobs/7",
    model: "ml.models.churn",
    cluster: { nodeType: "n", sparkVersion: "s", minWorkers: 1, maxWorkers: 4 },
    secrets: [{ vaultId, vaultUri: "https://ml-vault.vault.azure.net", secretName: "token" }],
  },
  {
    kind: "acl",
    stack: "acl-eastus-job-7",
    environment,
    workspace,
    object: { type: "job", id: "111" },
    accessControls: [{ groupName: "ds_team", level: "CAN_MANAGE_RUN" }],
  },
  {
    kind: "access",
    stack: "access-eastus-g",
    environment,
    workspace,
    principal: { type: "Group", objectId: "g", displayName: "ds_team" },
    roleAssignments: [],
    unityGrants: [{ securable: "model", name: "ml.models.churn", privileges: ["EXECUTE"] }],
  },
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
const assignment = (name: string): CloudObject => {
  const scope = `${vaultId}/secrets/token`;
  return object("azure", "azure-native:authorization:RoleAssignment", {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    body: {
      scope,
      principalId: "principal",
      roleDefinitionId: `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${secretsUser}`,
    },
  });
};
const seededVault = object("azure", "azure-native:keyvault:Vault", { id: vaultId, name: "ml-vault" });
const list = inWorkspace("permissions:Permissions", "permissions", "jobs/111", "job-7 churn", {
  accessControls: [{ groupName: "ds_team", permissionLevel: "CAN_MANAGE_RUN" }],
});
const grant = object("databricks", "databricks:index/grant:Grant", {
  id: "metastore/grants/model/ml.models.churn/ds_team",
  name: "ds_team on model ml.models.churn",
  body: { privileges: ["EXECUTE"] },
});
const made: readonly CloudObject[] = [
  object("azure", "azure-native:managedidentity:UserAssignedIdentity", {
    id: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-job-7`,
    name: "id-job-7",
    body: { principalId: "principal" },
  }),
  object("entra", "azuread:index/servicePrincipal:ServicePrincipal", {
    id: "/servicePrincipals/1",
    name: "id-job-7",
  }),
  inWorkspace("servicePrincipal:ServicePrincipal", "service-principals", "9", "id-job-7", {}),
  inWorkspace("clusterPolicy:ClusterPolicy", "cluster-policies", "C7", "rowgate-job-7", {
    definition: JSON.stringify({ "autoscale.max_workers": { type: "range", minValue: 1, maxValue: 4 } }),
  }),
  jobNamed("111", "job-7 churn"),
  assignment("a1"),
  list,
  grant,
];

/** State has ids as providers give them: without host or metastore. */
const stateId = ({ cloud, type, id }: CloudObject): string => {
  if (cloud !== "databricks") return id;
  if (type.endsWith(":Grant")) return id.replace("metastore/grants/", "");
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
    const twin = jobNamed("222", "job-7 churn");
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
      kinds(world({ objects: [seededVault, ...made, jobNamed("222", "job-7 renamed")] })).includes(
        "duplicate",
      ),
    );
  });

  it("finds a second assignment of one role to one principal on one scope", () => {
    assert.deepEqual(kinds(world({ objects: [seededVault, ...made, assignment("a2")] })), [
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

  it("finds a missing object, by its spec and by the state", () => {
    const found = compareClouds(world({ objects: [seededVault, ...without(grant)] }));
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ["missing", "missing"],
    );
    assert.match(found[0]?.what ?? "", /stack access-eastus-g asks for/);
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
