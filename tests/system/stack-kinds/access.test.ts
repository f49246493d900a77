/**
 * Stacks of what one group holds, and the list of the environment's warehouse: made, changed, put right, destroyed.
 * Nothing in them is replaced: each thing is named after all that it is.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeHome, removeHome, TestService } from "../../support/service.ts";
import { environment, groupId, job, policy } from "../../support/small-rows.ts";
import { act, isDrifted, madeBy, objectOf, putsRight, ranBy, stepsOf } from "../../support/stack-acts.ts";

const access = `access-eastus-${groupId("ds_team")}`;
const warehouse = "acl-eastus-warehouse";
const jobList = "acl-eastus-job-201";
const grantType = "databricks:index/grant:Grant";
const memberType = "databricks:index/permissionAssignment:PermissionAssignment";
const permissionsType = "databricks:index/permissions:Permissions";
const roleType = "azure-native:authorization:RoleAssignment";

describe("stacks of access", () => {
  let service: TestService;
  before(async () => {
    service = new TestService(
      await makeHome([
        environment(),
        job(201),
        policy(201, ["execute_inference", "read_model", "view_monitoring"]),
        policy(201, ["view_outputs"], { role: "Analyst" }),
        policy(201, ["list_secrets"], { role: "SecurityAdmin" }),
      ]),
    );
    await service.start();
    await service.settled();
    await service.jobIs(201, "Ready");
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });
  const ran = (text: string) => ranBy(service, () => service.script(text));
  it("are made: what the group's rows ask for, once each", async () => {
    assert.deepEqual(await madeBy(service, access), { Grant: 3, PermissionAssignment: 1, RoleAssignment: 2 });
    assert.deepEqual(await madeBy(service, warehouse), { Permissions: 1 });
    const grants = (await service.objects(`?type=${grantType}`)).filter(
      ({ body }) => body.principal === "ds_team",
    );
    assert.deepEqual(grants.map(({ name, body }) => [name, body.privileges]).toSorted(), [
      ["ds_team on catalog ml", ["USE_CATALOG"]],
      ["ds_team on model ml.models.job_201", ["EXECUTE"]],
      ["ds_team on schema ml.models", ["SELECT", "USE_SCHEMA"]],
    ]);
    const roles = (await service.objects(`?type=${roleType}`)).filter(
      ({ body }) => body.principalId === groupId("ds_team"),
    );
    assert.deepEqual(
      roles.map(({ body }) => String(body.scope).split("/").slice(-2).join("/")).toSorted(),
      ["tables/ModelMetrics_CL", "vaults/ml-vault"],
      "on nothing wider than what is meant",
    );
  });

  it("have nothing to do when they run again", async () => {
    for (const name of [access, warehouse]) {
      const { status, changes } = await act(service, name, "reconcile");
      assert.deepEqual([name, status, Object.keys(changes)], [name, "succeeded", ["same"]]);
    }
  });

  it("keep what two rows ask for until neither does", async () => {
    // Its log reader's role is asked for by the other row, too.
    assert.deepEqual(await ran(setPermissions("Analyst", "view_outputs", "view_monitoring")), {});
    assert.deepEqual(await ran(setPermissions("DataScientist", "discover_model")), {
      [access]: ["delete Grant", "update Grant"],
      [jobList]: ["update Permissions"],
    });
  });

  it("follow a row to another group", async () => {
    const other = `access-eastus-${groupId("fraud_analytics")}`;
    const to = (group: string) =>
      ran(`UPDATE Access_Policies SET entra_id_group = '${group}' WHERE role = 'Analyst'`);
    const lists = { [jobList]: ["update Permissions"], [warehouse]: ["update Permissions"] };
    assert.deepEqual(await to("fraud_analytics"), {
      ...lists,
      [access]: ["delete Grant", "delete RoleAssignment", "update Grant"],
      [other]: ["create Grant", "create Grant", "create PermissionAssignment", "create RoleAssignment"],
    });
    assert.deepEqual(await to("ds_team"), {
      ...lists,
      [access]: ["create Grant", "create RoleAssignment", "update Grant"],
      [other]: ["delete Grant", "delete Grant", "delete PermissionAssignment", "delete RoleAssignment"],
    });
    assert.ok(!(await service.stateStacks()).includes(other));
  });

  it("put right what a person widened", async () => {
    const grant = { stack: access, type: grantType, name: "schema/ml.models/ds_team" };
    await putsRight(service, { ...grant, set: { privileges: ["MODIFY", "SELECT", "USE_SCHEMA"] } });
    const member = { stack: access, type: memberType, name: "ds_team" };
    await putsRight(service, { ...member, set: { permissions: ["ADMIN"] } });
    const [list] = (await service.objects(`?type=${permissionsType}`)).filter(({ id }) =>
      id.includes("/sql/warehouses/"),
    );
    const accessControls = [{ groupName: "ds_team", permissionLevel: "CAN_MANAGE" }];
    const opened = { stack: warehouse, type: permissionsType, name: list?.id ?? "" };
    await putsRight(service, { ...opened, set: { accessControls } });
  });

  it("make a role assignment again that a person deleted", async () => {
    const [role] = (await service.objects(`?type=${roleType}`)).filter(
      ({ body }) => body.principalId === groupId("ds_team") && String(body.scope).endsWith("/ml-vault"),
    );
    assert.ok(role);
    await service.deleteObject(role.id);
    await act(service, access, "refresh");
    assert.ok(await isDrifted(service, access));
    const { runId } = await act(service, access, "reconcile");
    assert.deepEqual(await stepsOf(service, runId), ["create RoleAssignment"]);
    await objectOf(service, roleType, role.name);
  });

  it("are destroyed with the group's last row, and nothing of the group is left", async () => {
    const gone = await ran("DELETE FROM Access_Policies");
    assert.deepEqual(Object.keys(gone).toSorted(), [access, jobList, warehouse].toSorted());
    const left = (await service.objects()).filter(
      (object) =>
        object.cloud !== "entra" &&
        (JSON.stringify(object.body).includes("ds_team") || object.body.principalId === groupId("ds_team")),
    );
    assert.deepEqual(left, []);
    const stacks = await service.stateStacks();
    assert.deepEqual(
      stacks.filter((stack) => [access, warehouse].includes(stack)),
      [],
    );
  });
});

const setPermissions = (role: string, ...permissions: readonly string[]): string =>
  `UPDATE Access_Policies SET permissions = '${JSON.stringify(permissions)}' WHERE role = '${role}'`;
