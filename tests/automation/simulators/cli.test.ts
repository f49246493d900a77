import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { parse } from "yaml";
import { settingsSchema } from "../../../automation/simulators/settings.ts";
import { openProcessHome } from "./support/process.ts";
import { ProviderClient } from "./support/provider-client.ts";
import { mlVault, secretsUser, teamId } from "./support/seed.ts";
import {
  endpointInputs,
  endpointType,
  grantType,
  jobInputs,
  jobType,
  makeGroup,
  makeNetwork,
  makeSubnet,
  makeWorkspace,
  permissionsType,
  policyType,
  resourceGroupName,
  roleAssignmentType,
  zoneGroupType,
  zoneType,
} from "./support/world.ts";

/** What job 201 of the sandbox leaves in the clouds. */
async function openFilledHome(t: TestContext) {
  const home = await openProcessHome(t);
  const { grpcPort } = await home.start();
  const [azure, databricks] = [new ProviderClient(grpcPort), new ProviderClient(grpcPort)];
  t.after(() => {
    azure.close();
    databricks.close();
  });
  await makeGroup(azure);
  await makeNetwork(azure);
  const subnet = await makeSubnet(azure);
  const workspace = await makeWorkspace(azure);
  const host = workspace.outputs.workspaceUrl;
  const endpoint = endpointInputs(subnet, workspace.id, { privateEndpointName: "pe-databricks-eastus" });
  await azure.create(endpointType, endpoint);
  const zoneName = "privatelink.azuredatabricks.net";
  const zone = await azure.create(zoneType, {
    resourceGroupName,
    privateZoneName: zoneName,
    location: "Global",
  });
  await azure.create(zoneGroupType, {
    resourceGroupName,
    privateEndpointName: "pe-databricks-eastus",
    privateDnsZoneGroupName: "default",
    privateDnsZoneConfigs: [{ name: "z", privateDnsZoneId: zone.id }],
  });
  const assignment = {
    scope: mlVault,
    principalId: teamId,
    principalType: "Group",
    roleDefinitionId: secretsUser,
  };
  await azure.create(roleAssignmentType, assignment);
  await databricks.configure({ host });
  const fixed = (value: unknown) => ({ type: "fixed", value });
  const definition = JSON.stringify({
    spark_version: fixed("16.4.x"),
    node_type_id: fixed("Standard_D4ds_v5"),
    "autoscale.min_workers": { type: "range", minValue: 1, maxValue: 4 },
    "autoscale.max_workers": { type: "range", minValue: 1, maxValue: 4 },
  });
  await databricks.create(policyType, { name: "job-201", definition });
  const { id: jobId } = await databricks.create(jobType, jobInputs());
  const run = { groupName: "ds_team", permissionLevel: "CAN_MANAGE_RUN" };
  await databricks.create(permissionsType, { jobId, accessControls: [run] });
  const principal = "ds_team";
  await databricks.create(grantType, { model: "ml.models.job_201", principal, privileges: ["EXECUTE"] });
  await databricks.create(grantType, { schema: "ml.models", principal, privileges: ["USE_SCHEMA"] });
  await databricks.create(grantType, { catalog: "ml", principal, privileges: ["USE_CATALOG"] });
  return { ...home, host, jobId };
}

describe("rowgate sandbox", () => {
  it("the list shows what a job became", async (t) => {
    const home = await openFilledHome(t);
    const { code, stdout } = await home.rowgate("sandbox", "list");
    assert.equal(code, 0);
    const adb = home.host.replace(".azuredatabricks.net", "");
    for (const line of [
      "EXECUTE on model ml.models.job_201 to ds_team",
      "USE_SCHEMA on schema ml.models to ds_team",
      "USE_CATALOG on catalog ml to ds_team",
      "on job job-201: CAN_MANAGE_RUN to ds_team; owner: the creator",
      "Approved, 10.0.0.4 → dbw (databricks_ui_api)",
      `${adb}.privatelink.azuredatabricks.net → 10.0.0.4`,
      "Standard_D4ds_v5, 16.4.x, 1 to 4 workers\n",
      "Key Vault Secrets User to ds_team on ml-vault",
      "members Ada",
      "(sandbox, not Azure)",
    ]) {
      assert.ok(stdout.includes(line), `${line} is missing in\n${stdout}`);
    }
  });

  it("the list is narrowed by type and name, and printed as JSON", async (t) => {
    const home = await openFilledHome(t);
    const json = await home.rowgate("sandbox", "list", "--type", "grant", "-o", "json");
    assert.equal(JSON.parse(json.stdout).length, 3);
    const yaml = await home.rowgate("sandbox", "list", "--type", "grant", "-o", "yaml");
    assert.deepEqual(parse(yaml.stdout), JSON.parse(json.stdout));
    const named = await home.rowgate("sandbox", "list", "--name", "JOB-201", "--type", "Permissions");
    assert.match(named.stdout, /1 object in/);
    assert.match((await home.rowgate("sandbox", "list", "--deleted")).stdout, /^0 objects in/);
  });

  it("the list is narrowed by a text in names, ids, types and descriptions", async (t) => {
    const home = await openFilledHome(t);
    const held = await home.rowgate("sandbox", "list", "DS_TEAM", "-o", "json");
    const types = (JSON.parse(held.stdout) as { type: string }[]).map(({ type }) => type.split(":").at(-1));
    assert.deepEqual(types.toSorted(), ["Grant", "Grant", "Grant", "Group", "Permissions", "RoleAssignment"]);
    assert.match((await home.rowgate("sandbox", "list", "no such text")).stdout, /^0 objects in/);
    const typed = await home.rowgate("sandbox", "list", "clusterpolicy");
    assert.match(typed.stdout, /1 object in/);
  });

  it("one object is shown by id, or by a name that only it has", async (t) => {
    const home = await openFilledHome(t);
    const shown = await home.rowgate("sandbox", "show", "pe-databricks-eastus");
    assert.match(shown.stdout, /"ipAddresses"/);
    const many = await home.rowgate("sandbox", "show", "job-201");
    assert.equal(many.code, 1);
    assert.match(many.stderr, /3 objects are named job-201; say which by its id, or by --type:/);
    const job = await home.rowgate("sandbox", "show", "job-201", "--type", "Job", "-o", "json");
    assert.equal(JSON.parse(job.stdout).id, `${home.host}/jobs/${home.jobId}`);
  });

  it("properties are set by dotted paths, and a secret is created by its id", async (t) => {
    const home = await openFilledHome(t);
    const set = await home.rowgate(
      "sandbox",
      "set",
      "ml-vault",
      "properties.publicNetworkAccess=disabled",
      "tags.n=1",
    );
    assert.equal(set.stdout, `changed ${mlVault}\n`);
    const vault = JSON.parse((await home.rowgate("sandbox", "show", mlVault, "-o", "json")).stdout);
    assert.deepEqual([vault.body.properties.publicNetworkAccess, vault.body.tags], ["disabled", { n: 1 }]);
    assert.equal(vault.body.properties.sku.name, "standard");
    const made = await home.rowgate("sandbox", "set", `${mlVault}/secrets/other`);
    assert.equal(made.stdout, `created ${mlVault}/secrets/other\n`);
    const unknown = await home.rowgate("sandbox", "set", "nothing", "a=1");
    assert.match(unknown.stderr, /No object has the id or name nothing/);
  });

  it("an object is deleted, and a soft-deleted one that is protected is not purged", async (t) => {
    const home = await openFilledHome(t);
    assert.equal((await home.rowgate("sandbox", "delete", "ml-vault")).code, 0);
    assert.match((await home.rowgate("sandbox", "list", "--deleted", "--type", "Vault")).stdout, /ml-vault/);
    // Purge protection can't be got round, not by the portal either.
    const kept = await home.rowgate("sandbox", "delete", "ml-vault");
    assert.deepEqual([kept.code, kept.stdout], [1, ""]);
    assert.match(kept.stderr, /ml-vault is protected/);
  });

  it("what Azure blocks is told in its words, without a stack", async (t) => {
    const home = await openFilledHome(t);
    const refused = await home.rowgate("sandbox", "delete", "endpoints");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^rowgate: Subnet endpoints is in use by [^\n]*\n$/);
  });

  it("faults are added, listed and cleared", async (t) => {
    const home = await openFilledHome(t);
    const args = ["Job", "update", "--nth", "3", "--times", "2", "--message", "busy", "--code", "Conflict"];
    const added = await home.rowgate("sandbox", "fault", "add", ...args);
    assert.match(added.stdout, /databricks:index\/job:Job +update +2 of 2 +3 +Conflict: busy/);
    assert.match((await home.rowgate("sandbox", "fault", "list")).stdout, /Conflict: busy/);
    const [fault] = JSON.parse((await home.rowgate("sandbox", "fault", "list", "-o", "json")).stdout);
    assert.deepEqual([fault.call, fault.nth, fault.times], ["update", 3, 2]);
    assert.equal((await home.rowgate("sandbox", "fault", "clear")).stdout, "cleared 1 fault\n");
    assert.equal((await home.rowgate("sandbox", "fault", "list")).stdout, "no faults\n");
    const none = await home.rowgate("sandbox", "fault", "clear", "7");
    assert.deepEqual([none.code, none.stderr.includes("There is no fault 7")], [1, true]);
  });

  it("every kind of fault is told by what it does", async (t) => {
    const home = await openFilledHome(t);
    const add = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await home.rowgate("sandbox", "fault", "add", ...args);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const throttle = ["any", "any", "--kind", "throttle", "--retry-after", "5", "--times", "forever"];
    assert.match(await add(...throttle), /any +any +forever +1 +throttled, retry after 5 s/);
    assert.match(await add("Job", "create", "--kind", "hang"), /1 of 1 +1 +hangs until cleared/);
    assert.match(await add("any", "lookup", "--kind", "hang", "--seconds", "30"), /takes 30 s longer/);
    assert.match(
      await add("databricks", "any", "--slow", "200"),
      /databricks +any +forever +1 +takes 0\.2 s longer/,
    );
    assert.match(
      await add("Job", "create", "--kind", "drop", "--after-commit"),
      /\(after commit\) connection cut/,
    );
    assert.match(
      await add("getGroup", "invoke"),
      /azuread:index\/getGroup:getGroup +invoke +1 of 1 +1 +InternalServerError/,
    );
    const refused = await home.rowgate("sandbox", "fault", "add", "Job", "create", "--seconds", "3");
    assert.deepEqual(
      [refused.code, refused.stderr],
      [1, "rowgate: seconds: only a hang and a lag take seconds\n"],
    );
    assert.equal(
      (await home.rowgate("sandbox", "fault", "add", "Job", "create", "--times", "often")).code,
      2,
    );
    assert.equal(
      (await home.rowgate("sandbox", "fault", "add", "Job", "create", "--slow", "5", "--seconds", "1")).code,
      2,
    );
    const list = JSON.parse((await home.rowgate("sandbox", "fault", "list", "-o", "json")).stdout);
    assert.equal(list.length, 6);
    assert.equal((await home.rowgate("sandbox", "fault", "clear")).stdout, "cleared 6 faults\n");
  });

  it("a lag stands until it is cleared, and says how long", async (t) => {
    const home = await openFilledHome(t);
    const lag = ["sandbox", "fault", "add", "Vault", "any", "--kind", "lag"];
    const added = await home.rowgate(...lag, "--seconds", "20");
    assert.match(added.stdout, /keyvault:Vault +any +forever +1 +new objects are not found for 20 s/);
    const refused = await home.rowgate(...lag);
    assert.match(refused.stderr, /seconds: how long new objects are not found/);
  });

  it("Azure's log of changes is listed, and narrowed by a text and by what is known already", async (t) => {
    const home = await openFilledHome(t);
    const all = JSON.parse((await home.rowgate("sandbox", "activity", "-o", "json")).stdout);
    const last = all.at(-1);
    await home.rowgate("sandbox", "set", "ml-vault", "tags.n=1");
    const table = await home.rowgate("sandbox", "activity", "--since", String(last.seq));
    assert.match(table.stdout, /Succeeded +Microsoft\.KeyVault\/vaults\/write +ml-vault +portal/);
    const endpoints = await home.rowgate("sandbox", "activity", "PRIVATEENDPOINTS/WRITE", "-o", "json");
    assert.equal(JSON.parse(endpoints.stdout).length, 1);
    assert.equal((await home.rowgate("sandbox", "activity", "nothing like it")).stdout, "no activity\n");
  });

  it("settings are shown and changed; a wrong one says what is wrong", async (t) => {
    const home = await openFilledHome(t);
    const changed = await home.rowgate("sandbox", "settings", "timeFactor=0.5", "writesPerHour=1200");
    assert.match(changed.stdout, /timeFactor +0\.5\n/);
    const off = await home.rowgate("sandbox", "settings", "writesPerHour=off", "-o", "json");
    assert.deepEqual(JSON.parse(off.stdout), settingsSchema.parse({ timeFactor: 0.5 }));
    assert.match((await home.rowgate("sandbox", "settings")).stdout, /writesPerHour +off/);
    assert.match((await home.rowgate("sandbox", "settings", "speed=9")).stderr, /speed/);
    assert.equal((await home.rowgate("sandbox", "settings", "timeFactor")).code, 2);
  });

  it("clouds that do not run are told so, with the next step", async (t) => {
    const home = await openProcessHome(t);
    const { code, stderr } = await home.rowgate("sandbox", "list");
    assert.equal(code, 1);
    assert.match(stderr, /^rowgate: The simulated clouds are not running: .*npm start/);
  });

  it("a wrong command line ends with 2, a request for help with 0", async (t) => {
    const home = await openProcessHome(t);
    assert.equal((await home.rowgate("sandbox", "explode")).code, 2);
    assert.equal((await home.rowgate("sandbox", "set", "x", "novalue")).code, 2);
    assert.equal((await home.rowgate("sandbox", "fault", "add", "Job", "explode")).code, 2);
    const help = await home.rowgate("sandbox", "--help");
    assert.equal(help.code, 0);
    assert.match(help.stdout, /Usage: rowgate sandbox/);
  });
});
