/**
 * Stacks of who may call the public side of a service, for both services that have one: made, changed, replaced, put
 * right, destroyed. The other services are closed to the internet, whatever a row asks for.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeByHand, sharedServer } from "../../support/existing-resources.ts";
import { removeHome, TestService, until } from "../../support/service.ts";
import { environment, job, network } from "../../support/small-rows.ts";
import { act, insertRows, madeBy, objectOf, putsRight, ranBy, stepsOf } from "../../support/stack-acts.ts";

const listType = "databricks:index/ipAccessList:IpAccessList";
const ruleType = "azure-native:sql:FirewallRule";
const workspaceList = "firewall-eastus-databricks";
const serverRules = "firewall-eastus-sql";
const listName = "rowgate-eastus";
const serviceAddress = "203.0.113.10/32";
const open = { publicNetworkAccess: "Enabled" };
const otherServer = {
  ...sharedServer,
  id: sharedServer.id.replace("sql-shared", "sql-other"),
  properties: { ...sharedServer.properties, fullyQualifiedDomainName: "sql-other.database.windows.net" },
};

describe("stacks of firewalls", () => {
  let service: TestService;
  before(async () => {
    service = new TestService(await TestService.emptyHome());
    await service.start({ ROWGATE_SAMPLE: "off" });
    await makeByHand(service, [sharedServer, otherServer]);
    await insertRows(service, [
      environment({ existing_resources: { sql_server: sharedServer.id } }),
      job(201),
      job(202),
      network(201, { firewall_ranges: ["198.51.100.16/28"] }),
      network(202, { firewall_ranges: ["198.51.100.16/28", "192.0.2.7"] }),
      network(201, { service: "SQL", private_endpoint: "pe-sql" }),
    ]);
    await service.jobIs(201, "Ready");
    await service.jobIs(202, "Ready");
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const setRanges = (where: string, ...ranges: readonly string[]) =>
    service.script(`UPDATE Network_Rules SET firewall_ranges = '${JSON.stringify(ranges)}' WHERE ${where}`);
  const ran = (where: string, ...ranges: readonly string[]) =>
    ranBy(service, () => setRanges(where, ...ranges));
  const callers = async () => (await objectOf(service, listType, listName)).body.ipAddresses;
  const rules = async () =>
    (await service.objects(`?type=${ruleType}`)).map(({ id, body }) => [
      id.split("/").at(-3),
      body.startIpAddress,
      body.endIpAddress,
    ]);

  it("are made: one list of what all rows ask for and the service's own address, in force", async () => {
    assert.deepEqual(await madeBy(service, workspaceList), { IpAccessList: 1, WorkspaceConf: 1 });
    assert.deepEqual(await callers(), [serviceAddress, "192.0.2.7/32", "198.51.100.16/28"]);
    const [settings] = await service.objects("?type=databricks:index/workspaceConf:WorkspaceConf");
    assert.deepEqual(settings?.body.customConfig, {
      enableIpAccessLists: "true",
      enableTokensConfig: "false",
    });
    assert.ok(!(await service.stateStacks()).includes(serverRules), "no row asks for a range of SQL");
  });

  it("have nothing to do when they run again", async () => {
    const { status, changes } = await act(service, workspaceList, "reconcile");
    assert.deepEqual([status, Object.keys(changes)], ["succeeded", ["same"]]);
  });

  it("are changed where a row asks for it, and keep what another row still asks for", async () => {
    const ofJob201 = "job_id = 201 AND service = 'Databricks'";
    assert.deepEqual(await ran(ofJob201, "198.51.100.32/28"), { [workspaceList]: ["update IpAccessList"] });
    const now = [serviceAddress, "192.0.2.7/32", "198.51.100.16/28", "198.51.100.32/28"];
    assert.deepEqual(await callers(), now);
  });

  it("put right what a person opened or closed", async () => {
    const list = { stack: workspaceList, type: listType, name: listName };
    await putsRight(service, { ...list, set: { ipAddresses: ["0.0.0.0/0"] } });
    await putsRight(service, { ...list, set: { ipAddresses: ["198.51.100.16/28"] } });
    await putsRight(service, { ...list, set: { enabled: false } });
  });

  it("never shut the service out: Databricks takes no list without who sends it", async () => {
    const before = await callers();
    const setAddress = (address: string) =>
      service.script(`UPDATE Environments SET service_address = '${address}'`);
    setAddress("203.0.113.99/32");
    await until("Databricks refused", () => service.runs(workspaceList).at(-1)?.status === "failed");
    const refused = service.runs(workspaceList).at(-1);
    assert.equal(refused?.failure_class, "permanent");
    assert.match(String(refused?.failure_message), /^LockedOut: .*203\.0\.113\.10 .* service_address\.$/);
    assert.deepEqual(await callers(), before);
    assert.deepEqual(await ranBy(service, () => setAddress("203.0.113.10")), { [workspaceList]: [] });
  });

  it("let ranges into an SQL server only while its owner keeps its public side on", async () => {
    setRanges("service = 'SQL'", "198.51.100.32/28");
    await until("Azure refused", () => service.runs(serverRules).at(-1)?.status === "failed");
    assert.equal(service.runs(serverRules).at(-1)?.failure_class, "permanent");
    const message = String(service.runs(serverRules).at(-1)?.failure_message);
    assert.match(message, /^InvalidInput: .*DenyPublicEndpoint/);
    await service.setObject(sharedServer.id, open);
    const { runId } = await act(service, serverRules, "reconcile");
    assert.deepEqual(await stepsOf(service, runId), ["create FirewallRule"]);
    const rule = { stack: serverRules, type: ruleType, name: "rowgate-198.51.100.32-28" };
    await putsRight(service, { ...rule, set: { endIpAddress: "255.255.255.255" } });
    // A rule is named after its range: another range is another rule.
    assert.deepEqual(await ran("service = 'SQL'", "198.51.100.64/28"), {
      [serverRules]: ["create FirewallRule", "delete FirewallRule"],
    });
    assert.deepEqual(await rules(), [["sql-shared", "198.51.100.64", "198.51.100.79"]]);
  });

  it("replace a rule when the environment takes over another server", async () => {
    await ranBy(service, () =>
      service.script("UPDATE Environments SET production = 0, deletion_protection = 0"),
    );
    const other = JSON.stringify({ sql_server: otherServer.id });
    service.script(`UPDATE Environments SET existing_resources = '${other}'`);
    await until("Azure refused", () => service.runs(serverRules).at(-1)?.status === "failed");
    assert.deepEqual(await rules(), [], "gone from the server before");
    await service.settled();
    await service.setObject(otherServer.id, open);
    const { runId } = await act(service, serverRules, "reconcile");
    assert.deepEqual(await stepsOf(service, runId), [
      "create-replacement FirewallRule",
      "replace FirewallRule",
    ]);
    assert.deepEqual(await rules(), [["sql-other", "198.51.100.64", "198.51.100.79"]]);
  });

  it("are made for no service that is reached by endpoint alone", async () => {
    const vault = network(201, {
      service: "KeyVault",
      private_endpoint: "pe-vault",
      firewall_ranges: ["198.51.100.16/28"],
    });
    await insertRows(service, [vault]);
    await service.jobIs(201, "RowBlocked");
    await service.settled();
    const [told] = service.sql("SELECT reason FROM Conditions WHERE type = 'Blocked' AND status = 'True'");
    assert.equal(told?.reason, "FirewallUnavailable");
    const stacks = (await service.stateStacks()).filter((stack) => stack.startsWith("firewall-"));
    assert.deepEqual(stacks.toSorted(), [workspaceList, serverRules]);
  });

  it("are destroyed with the last row that asks for them: the list after the switch that obeys it", async () => {
    const gone = await ranBy(service, () => service.script("DELETE FROM Network_Rules"));
    assert.deepEqual(gone[workspaceList], ["delete IpAccessList", "delete WorkspaceConf"]);
    assert.deepEqual(gone[serverRules], ["delete FirewallRule"]);
    const left = (await service.objects()).filter(({ type }) => [listType, ruleType].includes(type));
    assert.deepEqual(left, []);
    const deletes = (await service.calls()).filter(
      ({ call, stack }) => call === "delete" && stack === `rowgate/${workspaceList}`,
    );
    assert.deepEqual(
      deletes.map(({ type }) => type.split(":").at(-1)),
      ["WorkspaceConf", "IpAccessList"],
    );
    const { body } = await objectOf(service, sharedServer.type, "sql-shared");
    const properties = { ...sharedServer.properties, ...open };
    for (const [name, value] of Object.entries(properties)) assert.deepEqual(body[name], value, name);
  });
});
