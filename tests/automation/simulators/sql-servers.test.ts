/** SQL servers as ARM sees them. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import type { ProviderClient } from "./support/provider-client.ts";
import { makeGroup, makeServer, resourceGroupName, sqlServerType } from "./support/world.ts";

const inServer = { resourceGroupName, serverName: "sql-test" };
const auditType = "azure-native:sql:ExtendedServerBlobAuditingPolicy";

const makeRule = (azure: ProviderClient, startIpAddress: string, endIpAddress: string) =>
  azure.create("azure-native:sql:FirewallRule", {
    ...inServer,
    firewallRuleName: "hq",
    startIpAddress,
    endIpAddress,
  });

describe("SQL servers", () => {
  it("a server has a name in the whole cloud, and a database of its own from the start", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    const server = await makeServer(clouds.azure);
    assert.equal(server.outputs.fullyQualifiedDomainName, "sql-test.database.windows.net");
    const master = await clouds.http("GET", `${server.id}/databases/master?api-version=2023-08-01`);
    assert.equal(master.status, 200);
    await makeGroup(clouds.azure, "rg-other");
    await assert.rejects(
      makeServer(clouds.azure, { resourceGroupName: "rg-other" }),
      /Code="NameAlreadyExists"/,
    );
    await clouds.azure.delete(server);
    await makeServer(clouds.azure, { resourceGroupName: "rg-other" });
  });

  it("a server without any administrator is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await assert.rejects(makeServer(azure, { administrators: undefined }), /administratorLogin is required/);
  });

  it("its administrators are shown to whoever asks for them", async (t) => {
    const { azure, http } = await openTestClouds(t);
    await makeGroup(azure);
    const server = await makeServer(azure);
    const shown = async (expand: string) =>
      (await http("GET", `${server.id}?api-version=2023-08-01${expand}`)).body.properties;
    const plain = await shown("");
    assert.equal(plain.administrators, undefined);
    assert.equal(plain.state, "Ready");
    const { administrators } = await shown("&$expand=administrators/activedirectory");
    assert.equal(administrators.azureADOnlyAuthentication, true);
    assert.equal((await shown("&$expand=other")).administrators, undefined);
  });

  it("administrators are given once; the login never changes", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const server = await makeServer(azure);
    const others = { ...server.inputs, administrators: { ...server.inputs.administrators, login: "others" } };
    await assert.rejects(azure.update(server, others), /ServerAzureADAdministrator/);
    await assert.rejects(
      azure.update(server, { ...server.inputs, administratorLogin: "root" }),
      /administrator login of server sql-test cannot be changed/,
    );
    const { administrators: _given, ...rest } = server.inputs;
    const kept = await azure.update(server, { ...rest, administratorLogin: "CloudSA" });
    assert.equal(kept.outputs.administrators.login, "admins");
  });

  it("a password reaches the server and stays nowhere", async (t) => {
    const { azure, folder } = await openTestClouds(t);
    await makeGroup(azure);
    const canary = "canary-7f3b91";
    const server = await makeServer(azure, {
      administrators: undefined,
      administratorLogin: "sa",
      administratorLoginPassword: canary,
    });
    assert.ok(!JSON.stringify(server.outputs).includes(canary));
    for (const file of ["clouds.db", "clouds.db-wal"]) {
      assert.ok(!(await readFile(join(folder, "home", file))).includes(canary));
    }
  });

  it("a database's ledger is chosen when it is made", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await makeServer(azure);
    const made = await azure.create("azure-native:sql:Database", {
      ...inServer,
      databaseName: "metadata",
      isLedgerOn: true,
    });
    assert.equal(made.outputs.status, "Online");
    await assert.rejects(azure.update(made, { ...made.inputs, isLedgerOn: false }), /ledger/);
  });
});

describe("SQL firewall rules", () => {
  it("a rule is refused while public access is off, and while its range runs backwards", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const server = await makeServer(azure);
    await assert.rejects(makeRule(azure, "203.0.113.9", "203.0.113.1"), /cannot exceed/);
    const rule = await makeRule(azure, "203.0.113.1", "203.0.113.9");
    assert.equal(rule.outputs.endIpAddress, "203.0.113.9");
    await azure.delete(rule);
    await azure.update(server, { ...server.inputs, publicNetworkAccess: "Disabled" });
    await assert.rejects(makeRule(azure, "203.0.113.1", "203.0.113.9"), /Code="DenyPublicEndpointEnabled"/);
  });
});

describe("SQL auditing", () => {
  it("auditing needs somewhere to send its records, and is never deleted, only disabled", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await makeServer(azure);
    const inputs = { ...inServer, blobAuditingPolicyName: "default", state: "Enabled" };
    await assert.rejects(azure.create(auditType, inputs), /DataSecurityInvalidUserSuppliedParameter/);
    const made = await azure.create(auditType, { ...inputs, isAzureMonitorTargetEnabled: true });
    await azure.delete(made);
    assert.equal(await azure.read(made), undefined);
    await azure.create(auditType, { ...inputs, isAzureMonitorTargetEnabled: true });
  });

  it("a server's parts replace with their server", async (t) => {
    const { azure } = await openTestClouds(t);
    const olds = { ...inServer, location: "eastus" };
    const { replaces, deleteBeforeReplace } = await azure.diff(sqlServerType, olds, {
      ...olds,
      serverName: "sql-other",
    });
    assert.deepEqual([replaces, deleteBeforeReplace], [["serverName"], true]);
  });
});
