/** Rows that cannot be: each is Blocked with a reason, and nothing else is held up by it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeHome, removeHome, TestService } from "../support/service.ts";
import { cluster, environment, groupId, job, network, policy } from "../support/small-rows.ts";

const permissionsType = encodeURIComponent("databricks:index/permissions:Permissions");
const listType = encodeURIComponent("databricks:index/ipAccessList:IpAccessList");
const grantType = encodeURIComponent("databricks:index/grant:Grant");

interface JobAnswer {
  readonly conditions: readonly { type: string; status: string; reason: string; message: string }[];
  readonly rows: readonly {
    table: string;
    key: string;
    condition: { type: string; reason: string; message: string };
  }[];
}

describe("impossible rows", () => {
  let service: TestService;

  before(async () => {
    service = new TestService(
      await makeHome([
        environment(),
        job(201),
        policy(201, ["execute_inference", "read_model"]),
        network(201, { firewall_ranges: ["198.51.100.16/28"] }),
        job(202),
        cluster(202, 1, 2),
      ]),
    );
    await service.start();
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const jobAnswer = (): Promise<JobAnswer> => service.get<JobAnswer>("/api/jobs/201");
  const onlyRefusal = async () => {
    const { rows } = await jobAnswer();
    assert.equal(rows.length, 1, JSON.stringify(rows));
    const [row] = rows;
    assert.ok(row);
    return row;
  };

  /** The jobs' own identities hold grants, too. */
  const grantsOf = async (principal: string) =>
    (await service.objects(`?type=${grantType}`)).filter(({ body }) => body.principal === principal);

  it("an unknown permission: Blocked, and the good state stays less what is no longer asked for", async () => {
    service.sql(
      `UPDATE Access_Policies SET permissions = '["read_model","launch_rockets"]' WHERE job_id = 201`,
    );
    await service.settled();
    const { table, condition } = await onlyRefusal();
    assert.equal(
      `${table} ${condition.type} ${condition.reason}`,
      "Access_Policies Blocked UnknownPermission",
    );
    assert.match(condition.message, /^Access_Policies \d+, permissions: .*launch_rockets/);
    assert.equal((await grantsOf("ds_team")).length, 3);
    const permissions = JSON.stringify(await service.objects(`?type=${permissionsType}`));
    assert.doesNotMatch(permissions, /ds_team/, "the removal in it happened");
    await service.jobIs(201, "RowBlocked");
  });

  it("other jobs go on", async () => {
    service.sql("UPDATE Cluster_Configs SET max_workers = 3 WHERE job_id = 202");
    await service.settled();
    await service.jobIs(202, "Ready");
    const [last] = service.runs("job-eastus-202").slice(-1);
    assert.equal(last?.reason, "spec-changed");
  });

  it("a permission outside the row's role: Blocked", async () => {
    service.sql(
      `UPDATE Access_Policies SET permissions = '["read_model","list_secrets"]' WHERE job_id = 201`,
    );
    await service.settled();
    const { condition } = await onlyRefusal();
    assert.equal(condition.reason, "PermissionNotInRole");
    assert.match(condition.message, /list_secrets/);
    assert.equal((await grantsOf("ds_team")).length, 3);
  });

  it("a denied Azure role: Blocked, and no role assignment is made", async () => {
    service.sql(
      `INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group) VALUES (202, 'PlatformAdmin', '["manage_network"]', 'ds_team')`,
    );
    await service.settled();
    const { rows } = await service.get<JobAnswer>("/api/jobs/202");
    assert.deepEqual(
      rows.map(({ condition }) => condition.reason),
      ["DeniedAzureRole"],
    );
    assert.match(rows[0]?.condition.message ?? "", /Network Contributor/);
    const roles = await service.objects(
      `?type=${encodeURIComponent("azure-native:authorization:RoleAssignment")}`,
    );
    assert.deepEqual(
      roles.filter((role) => JSON.stringify(role).includes(groupId("ds_team"))),
      [],
    );
    service.sql("DELETE FROM Access_Policies WHERE job_id = 202");
  });

  it("a removal in the same job still happens while a row is Blocked", async () => {
    service.sql(
      `UPDATE Network_Rules SET private_endpoint = NULL, firewall_ranges = '["0.0.0.0/0"]' WHERE job_id = 201`,
    );
    await service.settled();
    const { rows } = await jobAnswer();
    const range = rows.find((row) => row.table === "Network_Rules");
    assert.equal(range?.condition.reason, "RangeTooWide");
    assert.match(range?.condition.message ?? "", /^Network_Rules \d+, firewall_ranges: .*0\.0\.0\.0\/0/);
    const endpoints = await service.objects(
      `?type=${encodeURIComponent("azure-native:network:PrivateEndpoint")}`,
    );
    assert.deepEqual(
      endpoints.map(({ name }) => name).filter((name) => !name.startsWith("pe-dbweastus")),
      [],
      "the endpoint was plainly dropped; those of the workspace's own storage are the platform's",
    );
    const [list] = await service.objects(`?type=${listType}`);
    assert.match(
      JSON.stringify(list),
      /198\.51\.100\.16\/28/,
      "the replaced range stays until its replacement is good",
    );
    assert.match(JSON.stringify(list), /203\.0\.113\.10/, "the service's own address is always on the list");
    assert.doesNotMatch(JSON.stringify(list), /"0\.0\.0\.0/);
  });

  it("mended rows are in force again", async () => {
    service.sql(`UPDATE Access_Policies SET permissions = '["read_model"]' WHERE job_id = 201`);
    service.sql(
      `UPDATE Network_Rules SET private_endpoint = 'pe-databricks-eastus', firewall_ranges = '["198.51.100.32/28"]'
        WHERE job_id = 201`,
    );
    await service.settled();
    assert.deepEqual((await jobAnswer()).rows, []);
    await service.jobIs(201, "Ready");
    const [list] = await service.objects(`?type=${listType}`);
    assert.match(JSON.stringify(list), /198\.51\.100\.32\/28/);
    assert.doesNotMatch(JSON.stringify(list), /198\.51\.100\.16\/28/);
  });
});
