/** Limits, replication lag, the activity log and the inventory: what ARM does around every call. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listActivity, newestActivityKept, recordActivity } from "../../../automation/simulators/activity.ts";
import { openTenant, readSeed } from "../../../automation/simulators/seed.ts";
import { readSettings, settingsSchema } from "../../../automation/simulators/settings.ts";
import { Store } from "../../../automation/simulators/store.ts";
import { Throttle } from "../../../automation/simulators/throttle.ts";
import { openTestClouds, type TestClouds } from "./support/clouds.ts";
import { openContext } from "./support/context.ts";
import type { Properties } from "./support/provider-client.ts";
import { mlVault, reader, secretsUser, subscription, subscriptionId, teamId } from "./support/seed.ts";
import {
  accountInputs,
  accountType,
  endpointInputs,
  endpointType,
  makeAccount,
  makeGroup,
  makeNetwork,
  makeSubnet,
  resourceGroupName,
  roleAssignmentType,
} from "./support/world.ts";

const version = "api-version=2024-01-01";
const off = { writesPerHour: null, readsPerHour: null, networkWritesPer5Minutes: null };

describe("limits", () => {
  const settings = settingsSchema.parse(off);

  it("a bucket refuses when it is empty, says how long, and fills with time", () => {
    const throttle = new Throttle();
    const limited = { ...settings, writesPerHour: 2 };
    assert.equal(throttle.take("write", false, limited, 0), null);
    assert.equal(throttle.take("write", false, limited, 0), null);
    assert.equal(throttle.take("write", false, limited, 0), 1800);
    assert.equal(throttle.take("read", false, limited, 0), null);
    assert.equal(throttle.take("write", false, limited, 900_000), 900);
    assert.equal(throttle.take("write", false, limited, 1_800_000), null);
  });

  it("network writes have a bucket of their own beside that of all writes", () => {
    const throttle = new Throttle();
    const limited = { ...settings, networkWritesPer5Minutes: 1 };
    assert.equal(throttle.take("write", true, limited, 0), null);
    assert.equal(throttle.take("write", true, limited, 0), 300);
    assert.equal(throttle.take("write", false, limited, 0), null);
    assert.equal(throttle.remaining("write", limited, 0), 1198);
  });

  it("the provider is refused in ARM's words, and goes on when the limit is lifted", async (t) => {
    const { azure, http } = await openTestClouds(t);
    await http("PUT", "/sandbox/settings", { writesPerHour: 1 });
    await makeGroup(azure);
    await assert.rejects(
      makeGroup(azure, "two"),
      /^Error: Status=429 Code="SubscriptionRequestsThrottled" Message="Number of 'write' requests .* try again after '3600' seconds/,
    );
    await http("PUT", "/sandbox/settings", { writesPerHour: null });
    await makeGroup(azure, "two");
  });

  it("ARM's answers say what is left, and a refusal says when to come back", async (t) => {
    const { http } = await openTestClouds(t);
    const first = await http("GET", `${mlVault}?${version}`);
    assert.equal(first.headers.get("x-ms-ratelimit-remaining-subscription-reads"), "11999");
    await http("PUT", "/sandbox/settings", { readsPerHour: 1 });
    const left = await http("GET", `${mlVault}?${version}`);
    assert.equal(left.headers.get("x-ms-ratelimit-remaining-subscription-reads"), "0");
    const refused = await http("GET", `${mlVault}?${version}`);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get("retry-after"), "3600");
  });

  it("a seed file may bring settings", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "seed-"));
    t.after(() => rm(folder, { recursive: true }));
    const file = join(folder, "seed.json");
    await writeFile(file, JSON.stringify({ settings: { timeFactor: 0.5, writesPerHour: 1200 } }));
    const store = new Store(join(folder, "clouds.db"));
    t.after(() => store.close());
    openTenant(store, () => readSeed(file));
    assert.deepEqual(readSettings(store), { ...settings, timeFactor: 0.5, writesPerHour: 1200 });
  });

  it("a setting that makes no sense is refused, and changes nothing", async (t) => {
    const { http } = await openTestClouds(t);
    assert.equal((await http("PUT", "/sandbox/settings", { timeFactor: -1 })).status, 400);
    assert.equal((await http("PUT", "/sandbox/settings", { speed: 1 })).status, 400);
    await http("PUT", "/sandbox/settings", { timeFactor: 0.5 });
    await http("PUT", "/sandbox/settings", { readsPerHour: 10 });
    const { body } = await http("GET", "/sandbox/settings");
    assert.deepEqual(body, settingsSchema.parse({ timeFactor: 0.5, readsPerHour: 10 }));
  });
});

describe("replication lag", () => {
  const lag = (call: string, type = "StorageAccount") => ({
    type,
    call,
    kind: "lag",
    seconds: 60,
    times: "forever",
  });
  const search = `/subscriptions/${subscriptionId}/resources?${version}&$filter=${encodeURIComponent("resourceType eq 'Microsoft.Storage/storageAccounts'")}`;

  it("a new object of the type is not found until the lag is over, and others are", async (t) => {
    const { azure, http } = await openTestClouds(t);
    await makeGroup(azure);
    assert.equal((await http("POST", "/sandbox/faults", lag("any"))).status, 201);
    const account = await makeAccount(azure);
    const network = await makeNetwork(azure);
    assert.equal(await azure.read(account), undefined);
    assert.equal((await http("GET", `${account.id}?${version}`)).status, 404);
    assert.deepEqual((await http("GET", search)).body.value, []);
    assert.equal((await azure.read(network))?.id, network.id);
    // it is there all the same
    await assert.rejects(makeAccount(azure), /cannot create already existing resource/);
    await http("DELETE", "/sandbox/faults");
    assert.equal((await azure.read(account))?.id, account.id);
    assert.equal((await http("GET", search)).body.value.length, 1);
  });

  it("it passes by itself, and what was there from the start is always found", async (t) => {
    const { azure, http } = await openTestClouds(t);
    await makeGroup(azure);
    await http("POST", "/sandbox/faults", { ...lag("lookup", "any"), seconds: 0.2 });
    const account = await makeAccount(azure);
    assert.equal((await azure.read(account))?.id, account.id, "reads of the provider are not struck");
    assert.equal((await http("GET", `${account.id}?${version}`)).status, 404);
    assert.equal((await http("GET", `${mlVault}?${version}`)).status, 200);
    await sleep(250);
    assert.equal((await http("GET", `${account.id}?${version}`)).status, 200);
  });

  it("a new group is not found in the directory, nor by a program", async (t) => {
    const { azure, http } = await openTestClouds(t);
    await http("POST", "/sandbox/faults", lag("any", "azuread"));
    await azure.create("azuread:index/group:Group", { displayName: "fresh", securityEnabled: true });
    const filter = encodeURIComponent("displayName eq 'fresh'");
    assert.deepEqual((await http("GET", `/v1.0/groups?$filter=${filter}`)).body.value, []);
    await assert.rejects(
      azure.invoke("azuread:index/getGroup:getGroup", { displayName: "fresh" }),
      /No group found/,
    );
  });

  it("a lag that says no time, counts calls, or strikes writes is refused", async (t) => {
    const { http } = await openTestClouds(t);
    for (const bad of [{ seconds: null }, { times: 1 }, { nth: 2 }, { call: "create" }]) {
      const { status } = await http("POST", "/sandbox/faults", { ...lag("any"), ...bad });
      assert.equal(status, 400, JSON.stringify(bad));
    }
  });
});

const log = async ({ http }: TestClouds, filter: string): Promise<Properties[]> => {
  const path = `/subscriptions/${subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values`;
  const { status, body } = await http(
    "GET",
    `${path}?api-version=2015-04-01&$filter=${encodeURIComponent(filter)}`,
  );
  assert.equal(status, 200, JSON.stringify(body));
  return body.value;
};

const lineOf = (event: Properties): string =>
  `${event.status.value} ${event.operationName.value} ${event.resourceId.split("/").at(-1)}`;

describe("the activity log", () => {
  it("has every change: by the provider, over ARM, and by hand", async (t) => {
    const clouds = await openTestClouds(t);
    const { azure, http } = clouds;
    const from = new Date().toISOString();
    const group = await makeGroup(azure);
    await makeNetwork(azure);
    const subnet = await makeSubnet(azure);
    const account = await makeAccount(azure);
    await assert.rejects(makeAccount(azure, { resourceGroupName: "nowhere", accountName: "stno" }));
    await azure.read(account);
    const endpoint = await azure.create(
      endpointType,
      endpointInputs(subnet, account.id, {
        privateLinkServiceConnections: [{ name: "c", privateLinkServiceId: account.id, groupIds: ["blob"] }],
      }),
    );
    const listed = await http("GET", `${account.id}/privateEndpointConnections?${version}`);
    const connection = listed.body.value[0].id;
    await http("PUT", `${connection}?${version}`, {
      properties: { privateLinkServiceConnectionState: { status: "Rejected" } },
    });
    await clouds.portal(account.id, { tags: { by: "hand" } });
    await azure.delete(endpoint);
    const events = await log(clouds, `eventTimestamp ge '${from}'`);
    assert.deepEqual(events.reverse().map(lineOf), [
      `Succeeded Microsoft.Resources/subscriptions/resourceGroups/write ${group.outputs.name}`,
      "Succeeded Microsoft.Network/virtualNetworks/write vnet",
      "Succeeded Microsoft.Network/virtualNetworks/subnets/write endpoints",
      "Succeeded Microsoft.Storage/storageAccounts/write stlake",
      "Failed Microsoft.Storage/storageAccounts/write stno",
      "Succeeded Microsoft.Network/privateEndpoints/write pe",
      `Succeeded Microsoft.Storage/storageAccounts/privateEndpointConnections/write ${connection.split("/").at(-1)}`,
      "Succeeded Microsoft.Storage/storageAccounts/write stlake",
      "Succeeded Microsoft.Network/privateEndpoints/delete pe",
    ]);
    const byHand = events.filter((event) => event.caller === "portal").map(lineOf);
    assert.deepEqual(byHand, ["Succeeded Microsoft.Storage/storageAccounts/write stlake"]);
    const failed = events.find((event) => event.status.value === "Failed");
    assert.match(failed?.properties.statusMessage, /ResourceGroupNotFound/);
  });

  it("keeps the newest events", async (t) => {
    const context = await openContext(t);
    const { store } = context;
    const entry = { caller: "a", operation: "b", resourceId: "/c", correlationId: "d", message: null };
    store.transaction(() => {
      for (let n = 0; n < newestActivityKept + 3; n += 1)
        recordActivity(context, { ...entry, status: "Succeeded" });
    });
    const kept = listActivity(store);
    assert.deepEqual([kept.length, kept[0]?.seq], [newestActivityKept, 4]);
  });

  it("is asked by time and by resource, and by nothing else", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    const account = await makeAccount(clouds.azure);
    const since = "eventTimestamp ge '2020-01-01T00:00:00Z'";
    assert.equal((await log(clouds, `${since} and resourceUri eq '${account.id}'`)).length, 1);
    assert.equal((await log(clouds, `${since} and eventTimestamp le '2020-01-02T00:00:00Z'`)).length, 0);
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values`;
    for (const filter of ["", `${since} and level eq 'Error'`]) {
      const { status } = await clouds.http("GET", `${path}?$filter=${encodeURIComponent(filter)}`);
      assert.equal(status, 400);
    }
  });
});

describe("the inventory", () => {
  const ask = ({ http }: TestClouds, query: string) =>
    http("POST", "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01", {
      subscriptions: [subscriptionId],
      query,
    });

  it("lists a group's resources with the columns that are asked for", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    await makeNetwork(clouds.azure);
    await makeSubnet(clouds.azure);
    const account = await makeAccount(clouds.azure, { tags: { job_id: "201" } });
    const query = `Resources | where resourceGroup =~ '${resourceGroupName.toUpperCase()}' | project id, type, name, tags | order by id asc`;
    const { status, body } = await ask(clouds, query);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(
      body.data.map((each: Properties) => each.name),
      ["vnet", "stlake"],
    );
    assert.deepEqual(body.data[1], {
      id: account.id,
      type: "microsoft.storage/storageaccounts",
      name: "stlake",
      tags: { job_id: "201" },
    });
  });

  it("lists role assignments with whom they are for", async (t) => {
    const clouds = await openTestClouds(t);
    for (const role of [reader, secretsUser]) {
      await clouds.azure.create(roleAssignmentType, {
        scope: mlVault,
        principalId: teamId,
        principalType: "Group",
        roleDefinitionId: role,
        roleAssignmentName: crypto.randomUUID(),
      });
    }
    const { body } = await ask(
      clouds,
      `AuthorizationResources
       | where type =~ 'microsoft.authorization/roleassignments' and id startswith '${subscription}'
       | project id, principal = tostring(properties.principalId), properties.roleDefinitionId`,
    );
    const [first, second] = body.data;
    assert.equal(first.principal, teamId);
    const roles = [first, second].map((each: Properties) => each.properties_roleDefinitionId);
    assert.deepEqual(roles.sort(), [secretsUser, reader].sort());
  });

  it("refuses what it cannot run instead of leaving something out", async (t) => {
    const clouds = await openTestClouds(t);
    const bad = [
      "PolicyResources",
      "Resources | summarize count() by type",
      "Resources | where tags['job_id'] == '201'",
      "Resources | where type =~ 'a' or type =~ 'b'",
      "Resources | where name !~ 'a'",
      "Resources | project strlen(name)",
      "Resources | order by name desc",
      "Resources | take 5",
    ];
    for (const query of bad) {
      const { status, body } = await ask(clouds, query);
      assert.equal(status, 400, query);
      assert.match(body.error.message, /cannot run/);
    }
  });
});

describe("accounts in the log of calls", () => {
  it("a drifted account is seen as such", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    const account = await makeAccount(clouds.azure);
    await clouds.portal(account.id, { allowSharedKeyAccess: true });
    const seen = await clouds.azure.read(account);
    const { paths } = await clouds.azure.diff(
      accountType,
      seen?.inputs ?? {},
      accountInputs({ location: "eastus" }),
    );
    assert.deepEqual(paths, ["allowSharedKeyAccess"]);
  });
});
