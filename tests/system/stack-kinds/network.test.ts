/** Stacks of private endpoints, for each service that has one: made, changed, replaced, put right, destroyed. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeByHand, sharedServer } from "../../support/existing-resources.ts";
import { type CloudObject, removeHome, TestService } from "../../support/service.ts";
import { environment, job, network } from "../../support/small-rows.ts";
import {
  act,
  insertRows,
  isDrifted,
  madeBy,
  objectOf,
  putsRight,
  ranBy,
  stepsOf,
} from "../../support/stack-acts.ts";

const endpointType = "azure-native:network:PrivateEndpoint";
const zoneGroupType = "azure-native:network:PrivateDnsZoneGroup";

describe("stacks of endpoints", () => {
  let service: TestService;
  before(async () => {
    service = new TestService(await TestService.emptyHome());
    await service.start({ ROWGATE_SAMPLE: "off" });
    await makeByHand(service, [sharedServer]);
    await insertRows(service, [
      environment({ existing_resources: { sql_server: sharedServer.id } }),
      job(201),
      network(201),
      network(201, { service: "Databricks-Auth", private_endpoint: "pe-sign-in" }),
      ...["SQL", "KeyVault", "dfs", "blob", "DataFactory", "portal"].map((name) =>
        network(201, { service: name, private_endpoint: `pe-${name.toLowerCase()}` }),
      ),
    ]);
    await service.jobIs(201, "Ready");
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const script = (text: string) => () => service.script(text);
  const stackNames = async (): Promise<readonly string[]> =>
    (await service.stateStacks()).filter((stack) => /^network-/.test(stack)).toSorted();
  const services = ["blob", "databricks", "dfs", "factory", "keyvault", "portal", "sql"];

  it("are made: an endpoint with its address in the service's zone", async () => {
    const stacks = services.map((name) => `network-eastus-${name}`);
    assert.deepEqual(await stackNames(), stacks);
    for (const name of services) {
      // The sign-in page of Databricks has an endpoint of its own.
      const count = name === "databricks" ? 2 : 1;
      const made = { PrivateDnsZoneGroup: count, PrivateEndpoint: count };
      assert.deepEqual(await madeBy(service, `network-eastus-${name}`), made, name);
    }
    const endpoints = await service.objects(`?type=${endpointType}`);
    const asked = endpoints.filter(({ name }) => !name.startsWith("pe-dbweastus"));
    assert.deepEqual(asked.map(({ name, body }) => [name, ...targetOf(body)]).toSorted(), [
      ["pe-blob", "blob", "Approved"],
      ["pe-databricks-eastus", "databricks_ui_api", "Approved"],
      ["pe-datafactory", "dataFactory", "Approved"],
      ["pe-dfs", "dfs", "Approved"],
      ["pe-keyvault", "vault", "Approved"],
      ["pe-portal", "portal", "Approved"],
      ["pe-sign-in", "browser_authentication", "Approved"],
      ["pe-sql", "sqlServer", "Approved"],
    ]);
  });

  it("have nothing to do when they run again", async () => {
    for (const stack of await stackNames()) {
      const { status, changes } = await act(service, stack, "reconcile");
      assert.deepEqual([stack, status, Object.keys(changes)], [stack, "succeeded", ["same"]]);
    }
  });

  it("are changed where a row asks for it, and nowhere else", async () => {
    const endpoint = `INSERT INTO Network_Rules (job_id, service, private_endpoint, firewall_ranges)
      VALUES (201, 'KeyVault', 'pe-vault-2', '[]')`;
    assert.deepEqual(await ranBy(service, script(endpoint)), {
      "network-eastus-keyvault": ["create PrivateDnsZoneGroup", "create PrivateEndpoint"],
    });
  });

  it("replace an endpoint that shall lead elsewhere, as Azure changes none", async () => {
    const other = "UPDATE Network_Rules SET service = 'Databricks' WHERE private_endpoint = 'pe-sign-in'";
    assert.deepEqual(await ranBy(service, script(other)), {
      "network-eastus-databricks": [
        "create-replacement PrivateDnsZoneGroup",
        "create-replacement PrivateEndpoint",
        "delete-replaced PrivateDnsZoneGroup",
        "delete-replaced PrivateEndpoint",
        "replace PrivateDnsZoneGroup",
        "replace PrivateEndpoint",
      ],
    });
    const { body } = await objectOf(service, endpointType, "pe-sign-in");
    assert.deepEqual(targetOf(body), ["databricks_ui_api", "Approved"]);
  });

  it("put right what a person changed, and make again what one deleted", async () => {
    const tags = { tags: { environment: "other" } };
    await putsRight(service, { stack: "network-eastus-dfs", type: endpointType, name: "pe-dfs", set: tags });
    const zoneGroup = "privateEndpoints/pe-blob/privateDnsZoneGroups/default";
    await service.deleteObject((await objectOf(service, zoneGroupType, zoneGroup)).id);
    await act(service, "network-eastus-blob", "refresh");
    assert.ok(await isDrifted(service, "network-eastus-blob"));
    const { runId } = await act(service, "network-eastus-blob", "reconcile");
    assert.deepEqual(await stepsOf(service, runId), ["create PrivateDnsZoneGroup"]);
    await objectOf(service, zoneGroupType, zoneGroup);
  });

  it("are destroyed with the last row that asks for them", async () => {
    const ran = await ranBy(service, script("DELETE FROM Network_Rules"));
    assert.deepEqual(
      Object.keys(ran).toSorted(),
      services.map((name) => `network-eastus-${name}`),
    );
    assert.deepEqual(await stackNames(), []);
    const left = (await service.objects(`?type=${endpointType}`)).filter(
      ({ name }) => !name.startsWith("pe-dbweastus"),
    );
    assert.deepEqual(left, []);
  });
});

/** What an endpoint leads to, and whether it may. */
function targetOf(body: CloudObject["body"]): readonly unknown[] {
  const [connection] = body.privateLinkServiceConnections as readonly {
    readonly groupIds: readonly string[];
    readonly privateLinkServiceConnectionState: { readonly status: string };
  }[];
  return [...(connection?.groupIds ?? []), connection?.privateLinkServiceConnectionState.status];
}
