/** Operations that take time, as they do on Azure. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openTestClouds, request, type TestClouds } from "./support/clouds.ts";
import { openProcessHome } from "./support/process.ts";
import { type Properties, ProviderClient, type Resource } from "./support/provider-client.ts";
import { subscription } from "./support/seed.ts";
import {
  endpointInputs,
  endpointType,
  makeAccount,
  makeGroup,
  makeIdentity,
  makeNetwork,
  makeSubnet,
  makeWorkspace,
  resourceGroupName,
  subnetType,
  workspaceInputs,
} from "./support/world.ts";

/** a workspace's 180 seconds become 0.36, an endpoint's 60 become 0.12, a subnet's 5 become 0.01 */
const timeFactor = 0.002;
const workspaceId = `${subscription}/resourceGroups/${resourceGroupName}/providers/Microsoft.Databricks/workspaces/dbw`;

const slowDown = async ({ http }: TestClouds, factor = timeFactor): Promise<void> => {
  assert.equal((await http("PUT", "/sandbox/settings", { timeFactor: factor })).status, 200);
};

const stateOf = async ({ http }: TestClouds, id: string): Promise<string | undefined> =>
  (await http("GET", `${id}?api-version=2024-01-01`)).body.properties?.provisioningState;

async function until(state: string | undefined, clouds: TestClouds, id: string): Promise<void> {
  for (let tries = 0; (await stateOf(clouds, id)) !== state; tries += 1) {
    assert.ok(tries < 400, `${id} never was ${state}`);
    await sleep(5);
  }
}

const endpoint = (clouds: TestClouds, subnet: Resource, name: string): Promise<Resource> =>
  clouds.azure.create(endpointType, endpointInputs(subnet, workspaceId, { privateEndpointName: name }));

describe("operations that take time", () => {
  it("without a time factor they take none", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const started = performance.now();
    await makeWorkspace(azure);
    assert.ok(performance.now() - started < 1000);
  });

  it("a workspace is Creating until the call is answered, and Deleting until it is gone", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    await slowDown(clouds);
    const started = performance.now();
    const making = makeWorkspace(clouds.azure);
    await until("Creating", clouds, workspaceId);
    const made = await making;
    assert.ok(performance.now() - started >= 180 * timeFactor * 1000 - 5);
    assert.equal(made.outputs.provisioningState, "Succeeded");
    assert.equal(await stateOf(clouds, workspaceId), "Succeeded");
    const deleting = clouds.azure.delete(made);
    await until("Deleting", clouds, workspaceId);
    await deleting;
    assert.equal(await stateOf(clouds, workspaceId), undefined);
  });

  it("what is under way refuses other writes", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    const made = await makeWorkspace(clouds.azure);
    await slowDown(clouds);
    const first = clouds.azure.update(made, workspaceInputs({ tags: { a: "1" } }));
    await until("Updating", clouds, workspaceId);
    const refused = /Status=409 Code="AnotherOperationInProgress"/;
    await assert.rejects(clouds.azure.update(made, workspaceInputs({ tags: { a: "2" } })), refused);
    await assert.rejects(clouds.azure.delete(made), refused);
    assert.deepEqual((await first).outputs.tags, { a: "1" });
  });

  it("a workspace is Updating while an endpoint to it is made: the next one has to wait", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    await makeNetwork(clouds.azure);
    const subnet = await makeSubnet(clouds.azure);
    await makeWorkspace(clouds.azure);
    await slowDown(clouds);
    const first = endpoint(clouds, subnet, "pe-one");
    await until("Updating", clouds, workspaceId);
    await assert.rejects(endpoint(clouds, subnet, "pe-two"), /AnotherOperationInProgress.*workspaces\/dbw/);
    await first;
    await endpoint(clouds, subnet, "pe-two");
  });

  it("subnets of one network are written one at a time", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    const network = await makeNetwork(clouds.azure);
    // a subnet's 5 seconds become 0.25
    await slowDown(clouds, 0.05);
    const first = makeSubnet(clouds.azure);
    await until("Updating", clouds, network.id);
    await assert.rejects(
      makeSubnet(clouds.azure, { subnetName: "two", addressPrefix: "10.0.1.0/24" }),
      /Status=429 Code="RetryableErrorDueToAnotherOperation"/,
    );
    await first;
    assert.equal((await clouds.azure.import(subnetType, `${network.id}/subnets/two`)) ?? null, null);
  });

  it("credentials of one identity are written one at a time", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    const identity = await makeIdentity(clouds.azure);
    await slowDown(clouds, 0.05);
    const make = (name: string) =>
      clouds.azure.create("azure-native:managedidentity:FederatedIdentityCredential", {
        resourceGroupName,
        resourceName: "id-job-201",
        federatedIdentityCredentialResourceName: name,
        issuer: "https://token.example",
        subject: name,
        audiences: ["api://AzureADTokenExchange"],
      });
    const first = make("one");
    const id = `${identity.id}/federatedIdentityCredentials/one`;
    while ((await clouds.http("GET", `${id}?api-version=2023-01-31`)).status === 404) await sleep(5);
    await assert.rejects(make("two"), /ConcurrentFederatedIdentityCredentialsWrites/);
    await first;
    await make("two");
  });

  it("a delete that is refused is refused at once", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    await makeNetwork(clouds.azure);
    const subnet = await makeSubnet(clouds.azure);
    await makeWorkspace(clouds.azure);
    await endpoint(clouds, subnet, "pe");
    await slowDown(clouds, 10);
    await assert.rejects(clouds.azure.delete(subnet), /InUseSubnetCannotBeDeleted/);
  });

  it("who goes away leaves a half-made object, which the next write makes whole", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    await slowDown(clouds, 10);
    const leave = await clouds.azure.startCreate(
      "azure-native:databricks:Workspace",
      workspaceInputs({ location: "eastus" }),
    );
    await until("Creating", clouds, workspaceId);
    leave();
    await until("Canceled", clouds, workspaceId);
    await slowDown(clouds, 0);
    await assert.rejects(makeWorkspace(clouds.azure), /cannot create already existing resource/);
    const found = await clouds.azure.import("azure-native:databricks:Workspace", workspaceId);
    assert.ok(found);
    const mended = await clouds.azure.update(found, workspaceInputs({ tags: { a: "1" } }));
    assert.equal(mended.outputs.provisioningState, "Succeeded");
  });

  it("the engine's Cancel ends what its connection waits for", async (t) => {
    const clouds = await openTestClouds(t);
    await makeGroup(clouds.azure);
    await slowDown(clouds, 10);
    const making = makeWorkspace(clouds.azure);
    const ended = assert.rejects(making, /context canceled/);
    await until("Creating", clouds, workspaceId);
    await clouds.azure.cancel();
    await ended;
    assert.equal(await stateOf(clouds, workspaceId), "Canceled");
    await slowDown(clouds, 0);
    await makeAccount(clouds.azure);
  });

  it("what was under way when the clouds died has failed", async (t) => {
    const home = await openProcessHome(t);
    const first = await home.start();
    const client = new ProviderClient(first.grpcPort);
    await makeGroup(client);
    await request(first.httpPort, "PUT", "/sandbox/settings", { timeFactor: 10 });
    makeWorkspace(client).catch(() => {});
    const seen = async (port: number): Promise<Properties> =>
      (await request(port, "GET", `${workspaceId}?api-version=2024-01-01`)).body;
    while ((await seen(first.httpPort)).properties?.provisioningState !== "Creating") await sleep(5);
    first.signal("SIGKILL");
    await first.ended;
    client.close();
    const second = await home.start();
    assert.equal((await seen(second.httpPort)).properties.provisioningState, "Failed");
  });
});
