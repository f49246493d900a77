/** `rowgate adopt`: a role assignment that somebody made by hand collides with a row, is shown, and taken over. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { rowgate } from "../support/command-line.ts";
import { makeHome, removeHome, TestService } from "../support/service.ts";
import { cluster, environment, groupId, job, policy, vaultId } from "../support/small-rows.ts";

const assignmentType = "azure-native:authorization:RoleAssignment";
const keyVaultReader = "21090545-7ca7-4776-b22c-e363652d74d2";
const byHand = `${vaultId}/providers/Microsoft.Authorization/roleAssignments/0f0f0f0f-1111-4222-8333-444444444444`;

describe("rowgate adopt", () => {
  let service: TestService;
  const stack = () => `access-eastus-${groupId("sec_ops")}`;

  before(async () => {
    service = new TestService(await makeHome([environment(), job(201), cluster(201, 1, 2)]));
    await service.start();
    await service.jobIs(201, "Ready");
    await service.settled();
    const scope = vaultId;
    await service.setObject(
      byHand,
      {
        scope,
        principalId: groupId("sec_ops"),
        principalType: "Group",
        roleDefinitionId: `/subscriptions/${scope.split("/")[2]}/providers/Microsoft.Authorization/roleDefinitions/${keyVaultReader}`,
      },
      assignmentType,
    );
    const { values } = policy(201, ["list_secrets"], { role: "SecurityAdmin", entra_id_group: "sec_ops" });
    service.sql(
      "INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group) VALUES (201, ?, ?, ?)",
      String(values.role),
      JSON.stringify(values.permissions),
      String(values.entra_id_group),
    );
    await service.jobIs(201, "RunFailed");
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });
  const held = async () =>
    (await service.objects(`?type=${assignmentType}`)).filter(({ body }) =>
      JSON.stringify(body).includes(groupId("sec_ops")),
    );

  it("is the next step that the failed run names", async () => {
    const [failed] = service.runs(stack());
    assert.match(String(failed?.failure_message), /^AlreadyExists: .*RoleAssignmentExists/s);
    assert.match(String(failed?.failure_message), /`npx rowgate adopt STACK`/);
  });

  it("shows what it would take, and takes nothing unasked", async () => {
    const shown = await rowgate(service.home, "adopt", stack(), "--dry-run");
    assert.equal(shown.code, 0, shown.err);
    assert.match(shown.out, new RegExp(`^${assignmentType} +${byHand} `, "m"));
    const unasked = await rowgate(service.home, "adopt", stack());
    assert.equal(unasked.code, 1);
    assert.match(
      unasked.err,
      /1 object would be taken over\. Say so with --yes, or only look with --dry-run\./,
    );
    assert.equal((await service.readyJobs()).get(201), "RunFailed");
  });

  it("takes it over with --yes: the job is Ready, and there is one assignment, the person's", async () => {
    const taken = await rowgate(service.home, "adopt", stack(), "--yes");
    assert.equal(taken.code, 0, taken.out + taken.err);
    assert.match(taken.out, /Taken over: 1 object/);
    await service.jobIs(201, "Ready");
    assert.deepEqual(
      (await held()).map(({ id }) => id),
      [byHand],
    );
    const { out } = await rowgate(service.home, "adopt", stack());
    assert.match(out, /Nothing that stack access-eastus-\S+ would make exists already\./);
  });

  it("goes with its row, as it belongs to the stack now", async () => {
    service.sql("DELETE FROM Access_Policies");
    await service.settled();
    assert.deepEqual(await held(), []);
  });

  it("refuses a stack that does not exist, and an object that is not written as URN=ID", async () => {
    const unknown = await rowgate(service.home, "adopt", "access-eastus-nobody");
    assert.equal(unknown.code, 1);
    assert.match(unknown.err, /There is no stack "access-eastus-nobody"/);
    const odd = await rowgate(service.home, "adopt", stack(), "--object", "thing");
    assert.equal(odd.code, 2);
    assert.match(odd.err, /Give it as URN=ID/);
  });
});
