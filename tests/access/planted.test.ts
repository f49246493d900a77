/** Somebody gives more than rows say, in the clouds or in the program's mapping: the comparison names it. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { AccessRows } from "../../automation/access/rows-in-force.ts";
import {
  roleAssignmentToken,
  roleDefinitionToken,
} from "../../automation/simulators/azure/role-definitions.ts";
import { addMember } from "../../automation/simulators/entra/membership.ts";
import type { Body } from "../../automation/simulators/json.ts";
import * as operations from "../../automation/simulators/operations.ts";
import { resourceTypes } from "../../automation/simulators/types.ts";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { jobRow, pipelineRow, policyRow, secretRow } from "../support/snapshots.ts";
import { openRowWorld } from "./property.ts";
import { emptyRows, firstMs, seed } from "./row-sets.ts";
import type { RowWorld } from "./row-world.ts";

const rows: AccessRows = {
  ...emptyRows,
  jobs: [jobRow({ job_id: 101 }), jobRow({ job_id: 102, kind: "online", model: "ml.models.shared_a" })],
  policies: [
    policyRow({
      policy_id: 1,
      job_id: 101,
      permissions: ["view_experiment", "read_model"],
      entra_id_group: "team_a",
    }),
    policyRow({ policy_id: 2, job_id: 102, permissions: ["execute_inference"], entra_id_group: "team_b" }),
    policyRow({
      policy_id: 3,
      job_id: 101,
      role: "DataEngineer",
      permissions: ["run_pipeline", "view_monitoring"],
      entra_id_group: "team_c",
    }),
  ],
  secrets: [secretRow({ reference_id: 1, job_id: 101 })],
  pipelines: [pipelineRow({ setting_id: 1, job_id: 101, data_source: "erp" })],
};

const group = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg-ml";
const vault = seed.vaults[0]?.id ?? "";
const role = (id: string): string =>
  `/subscriptions/00000000-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleDefinitions/${id}`;
const secretsUser = "4633458b-17de-408a-b874-0445c86b69e6";
const owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

describe("a planted over-grant is named", () => {
  let world: RowWorld;
  let restore: () => void;
  let host = "";

  before(async () => {
    const opened = await openRowWorld();
    world = opened.world;
    await world.settle(rows, firstMs);
    assert.deepEqual(world.differences(rows, world.facts(firstMs)), []);
    restore = world.remember();
    const [workspace] = world.store.ofType("azure-native:databricks:Workspace");
    host = `https://${String(workspace?.body.workspaceUrl)}`;
  });
  beforeEach(() => restore());
  after(() => world.store.close());

  const differences = (): readonly string[] => world.differences(rows, world.facts(firstMs));
  const idOf = (name: string): string =>
    [...seed.users, ...seed.groups].find(({ displayName }) => displayName === name)?.id ?? "";

  /** A person in a portal makes something. */
  const make = async (token: string, inputs: Body): Promise<string> => {
    const type = resourceTypes.get(token);
    assert.ok(type);
    const ctx = world.at({ host, subscriptionId: "00000000-0000-4000-8000-000000000001" });
    const subject = { type, name: "planted", stack: "by hand" };
    const { id } = await operations.create(ctx, subject, inputs, new AbortController().signal);
    return id;
  };
  const assign = (principalId: string, principalType: string, roleId: string, scope: string) =>
    make(roleAssignmentToken, { principalId, principalType, roleDefinitionId: role(roleId), scope });

  it("a role on a vault, with all that it opens", async () => {
    await assign(idOf("lone"), "Group", secretsUser, vault);
    assert.deepEqual(differences(), [
      ...["dan", "lone"].flatMap((name) =>
        ["list-secrets", "read-secret"].map(
          (word) => `surplus: ${name} ${word} ${vault.toLowerCase()}${name === "dan" ? " through lone" : ""}`,
        ),
      ),
    ]);
  });

  it("a role on the whole resource group, and who becomes admin of the workspace by it", async () => {
    await assign(idOf("eve"), "User", owner, group);
    const found = differences();
    assert.ok(found.every((line) => line.startsWith("surplus: eve ")));
    for (const word of ["give-access", "change-pipelines", "take-account-keys", "change-vault"])
      assert.ok(found.includes(`surplus: eve ${word} ${group.toLowerCase()}`), word);
    assert.ok(found.includes("surplus: eve administer workspace:dbw-eastus"));
  });

  it("a role for what no word is about", async () => {
    const roleDefinitionId = "99999999-0000-4000-8000-000000000001";
    const permissions = [
      {
        actions: ["Microsoft.KeyVault/vaults/deploy/action"],
        notActions: [],
        dataActions: [],
        notDataActions: [],
      },
    ];
    await make(roleDefinitionToken, {
      scope: vault.replace(/\/providers\/.*/, ""),
      roleDefinitionId,
      roleName: "odd",
      assignableScopes: [vault.replace(/\/providers\/.*/, "")],
      permissions,
    });
    await assign(idOf("eve"), "User", roleDefinitionId, vault);
    assert.deepEqual(differences(), [
      `surplus: eve azure:Microsoft.KeyVault/vaults/deploy/action ${vault.toLowerCase()}`,
    ]);
  });

  it("a role of a job's identity on another job's container", async () => {
    const [container] = world.store
      .ofType("azure-native:storage:BlobContainer")
      .filter(({ name }) => name === "job-102");
    const [identity] = world.found().principals.filter(({ name }) => name === "id-job-101");
    await assign(identity?.objectId ?? "", "ServicePrincipal", reader, container?.id ?? "");
    assert.deepEqual(differences(), [
      `surplus: id-job-101 view-access ${container?.id.toLowerCase()}`,
      `surplus: id-job-101 view-container ${container?.id.toLowerCase()}`,
    ]);
  });

  it("a privilege in Unity Catalog", async () => {
    await make("databricks:index/grant:Grant", {
      schema: "ml.models",
      principal: "team_a",
      privileges: ["USE_SCHEMA", "MODIFY"],
    });
    assert.deepEqual(differences(), [
      "surplus: ada modify schema:ml.models through team_a",
      "surplus: ben modify schema:ml.models through team_a",
      "surplus: team_a modify schema:ml.models",
    ]);
  });

  it("a privilege of everybody", async () => {
    await make("databricks:index/grant:Grant", {
      catalog: "lab",
      principal: "account users",
      privileges: ["BROWSE"],
    });
    const names = world.found().principals.map(({ name }) => name);
    assert.deepEqual(
      differences(),
      names.map((name) => `surplus: ${name} browse catalog:lab through account users`).toSorted(),
    );
  });

  it("an entry of a permission list, and a higher level of one that is right", async () => {
    const lists = world.store.ofType("databricks:index/permissions:Permissions");
    const list = lists.find(({ name }) => name === "/rowgate-eastus/job-101");
    assert.ok(list && Array.isArray(list.body.accessControls));
    const accessControls = list.body.accessControls.map((entry) =>
      JSON.stringify(entry).includes("team_a") ? { groupName: "team_a", permissionLevel: "CAN_EDIT" } : entry,
    );
    const more = { groupName: "team_b", permissionLevel: "CAN_READ" };
    world.store.put({ ...list, body: { ...list.body, accessControls: [...accessControls, more] } });
    const found = differences();
    assert.ok(
      found.some((line) => /^surplus: ada edit experiment:\S+ through team_a$/.test(line)),
      `${found}`,
    );
    assert.ok(
      found.some((line) => /^surplus: cleo read experiment:\S+ through team_b$/.test(line)),
      `${found}`,
    );
    assert.ok(found.every((line) => line.startsWith("surplus: ") && / (edit|read) experiment:/.test(line)));
  });

  it("a member of a group", () => {
    const found = world.store.get("entra", `/groups/${idOf("team_b")}`);
    assert.ok(found);
    addMember(world.store, found, idOf("dan"));
    assert.deepEqual(differences(), [
      "surplus: dan query serving-endpoint:dbw-eastus/job-102 through team_b",
      "surplus: dan use workspace:dbw-eastus through team_b",
      "surplus: dan view serving-endpoint:dbw-eastus/job-102 through team_b",
    ]);
  });

  it("an admin of the workspace", async () => {
    await make("databricks:index/permissionAssignment:PermissionAssignment", {
      userName: "eve@contoso.example",
      permissions: ["ADMIN"],
    });
    assert.deepEqual(differences(), [
      "surplus: eve administer workspace:dbw-eastus",
      "surplus: eve use workspace:dbw-eastus",
    ]);
  });

  it("a stranger who may stand for a job's identity, and a job that runs as another", async () => {
    const [identity] = world.store
      .ofType("azure-native:managedidentity:UserAssignedIdentity")
      .filter(({ name }) => name === "id-job-101");
    await make("azure-native:managedidentity:FederatedIdentityCredential", {
      resourceGroupName: "rg-ml",
      resourceName: "id-job-101",
      federatedIdentityCredentialResourceName: "more",
      issuer: "https://issuer.example",
      subject: "me",
      audiences: ["api://AzureADTokenExchange"],
    });
    const [job] = world.store.ofType("databricks:index/job:Job");
    const [other] = world.store
      .ofType("azuread:index/servicePrincipal:ServicePrincipal")
      .filter(({ name }) => name === "id-job-102");
    assert.ok(job && other);
    const runAs = { servicePrincipalName: String(other.body.clientId) };
    world.store.put({ ...job, body: { ...job.body, runAs } });
    assert.deepEqual(differences(), [
      "missing: id-job-101 is-run-by job:dbw-eastus/job-101 job 101 (Jobs 101)",
      `surplus: https://issuer.example me stand-for ${identity?.id.toLowerCase()}`,
      "surplus: id-job-102 is-run-by job:dbw-eastus/job-101 job 101",
    ]);
  });

  it("a name in a list that means nobody any more", () => {
    const [grant] = world.store.ofType("databricks:index/grant:Grant");
    assert.ok(grant);
    world.store.put({ ...grant, id: `${grant.id}-2`, body: { ...grant.body, principal: "ghosts" } });
    assert.deepEqual(differences(), [`surplus: ghosts is-named databricks:${grant.id}-2`]);
  });
});

describe("a wrong mapping of the program is named", () => {
  let world: RowWorld;
  let restore: () => void;

  before(async () => {
    const opened = await openRowWorld();
    world = opened.world;
    restore = opened.restore;
  });
  after(() => world.store.close());

  const withFault = async (tamper: (spec: StackSpec) => StackSpec): Promise<readonly string[]> => {
    restore();
    world.tamper = tamper;
    await world.settle(rows, firstMs);
    return world.differences(rows, world.facts(firstMs));
  };

  it("a privilege too many, for the group and each of its members", async () => {
    const found = await withFault((spec) =>
      spec.kind !== "access"
        ? spec
        : {
            ...spec,
            unityGrants: spec.unityGrants.map((grant) =>
              grant.securable === "model"
                ? { ...grant, privileges: ["APPLY_TAG", ...grant.privileges] }
                : grant,
            ),
          },
    );
    assert.deepEqual(found, [
      "surplus: ada apply-tag model:ml.models.job_101 through team_a",
      "surplus: ben apply-tag model:ml.models.job_101 through team_a",
      "surplus: team_a apply-tag model:ml.models.job_101",
    ]);
  });

  it("a level too high", async () => {
    const found = await withFault((spec) => {
      if (spec.kind !== "acl") return spec;
      const raised = JSON.stringify(spec).replaceAll("CAN_READ", "CAN_EDIT");
      return JSON.parse(raised) as StackSpec;
    });
    assert.ok(
      found.includes("surplus: team_a edit experiment:dbw-eastus//rowgate-eastus/job-101"),
      `${found}`,
    );
    assert.ok(found.every((line) => / edit experiment:/.test(line)));
  });

  it("too little: no way into the workspace", async () => {
    const found = await withFault((spec) =>
      spec.kind === "access" && spec.principal.displayName === "team_b"
        ? { ...spec, workspaceMember: false }
        : spec,
    );
    assert.ok(
      found.includes("missing: team_b query serving-endpoint:dbw-eastus/job-102 (Access_Policies 2)"),
      `${found}`,
    );
    assert.ok(found.every((line) => line.startsWith("missing: ")));
  });
});
