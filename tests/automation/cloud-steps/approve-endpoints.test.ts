/** Whose private endpoint is approved: the factory's, and never one that only has its name. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { createArmClient } from "../../../automation/azure/arm-client.ts";
import { approvalSteps } from "../../../automation/cloud-steps/approve-endpoints.ts";
import type { MayWrite, StepEnd } from "../../../automation/cloud-steps/cloud-steps.ts";
import type { RunRequest } from "../../../automation/engine/engine.ts";
import type { EnvironmentFacts } from "../../../metadata-schema/desired-state.ts";
import { managedEndpoints } from "../../../program/layout/managed-endpoints.ts";
import { armPlace, factoryId, vaultId } from "../../../program/layout/names.ts";
import { scriptedAzure } from "../../support/scripted-azure.ts";
import { platformSpec } from "../../support/small-specs.ts";
import { openTestClouds } from "../simulators/support/clouds.ts";
import {
  managedEndpointType as endpointType,
  makeFactory,
  makeManagedNetwork,
} from "../simulators/support/factory.ts";
import type { Resource } from "../simulators/support/provider-client.ts";
import { mlVault } from "../simulators/support/seed.ts";
import { makeAccount, makeGroup, makeServer, resourceGroupName } from "../simulators/support/world.ts";

const factoryName = "adf-test";
const endpointName = "mpe-key-vault";
const notShown = "EndpointNotShown";
const always = () => true;
const vaultList = `${mlVault}/privateEndpointConnections`;

const runOf = (environment: EnvironmentFacts): RunRequest =>
  ({ kind: "update", stack: "platform-eastus", spec: { ...platformSpec, environment } }) as RunRequest;

/** A factory that waits for each of its targets to let it in, in the simulated clouds. */
async function openWorld(test: TestContext) {
  const clouds = await openTestClouds(test);
  const { azure, http } = clouds;
  await makeGroup(azure);
  const [factory, lake, server] = [
    await makeFactory(azure),
    await makeAccount(azure),
    await makeServer(azure),
  ];
  await makeManagedNetwork(azure);
  const environment: EnvironmentFacts = {
    ...platformSpec.environment,
    existing: {
      factory: factory.id,
      lake: lake.id,
      key_vault: mlVault,
      metadata_database: `${server.id}/databases/rowgate`,
    },
  };
  const made = new Map<string, Resource>();
  const make = async (name: string): Promise<void> => {
    const asked = managedEndpoints(environment).find((each) => each.name === name);
    const endpoint = await azure.create(endpointType, {
      resourceGroupName,
      factoryName,
      managedVirtualNetworkName: "default",
      managedPrivateEndpointName: name,
      properties: { groupId: asked?.groupId, privateLinkResourceId: asked?.targetId },
    });
    made.set(name, endpoint);
  };
  for (const { name } of managedEndpoints(environment)) await make(name);
  const arm = createArmClient({ url: async () => clouds.url });
  const endpointOf = (name: string): Resource => made.get(name) ?? assert.fail(name);
  return {
    approve: (mayWrite: MayWrite = always): Promise<StepEnd> =>
      approvalSteps(arm).after(runOf(environment), null, mayWrite),
    /** what the factory says of each of its endpoints, over ARM */
    states: async (): Promise<unknown[]> => {
      const answers = [...made.values()].map(({ id }) => http("GET", `${id}?api-version=2018-06-01`));
      return (await Promise.all(answers)).map(({ body }) => body.properties.connectionState.status);
    },
    connections: async (): Promise<{ id: string; status: string }[]> =>
      (await http("GET", `${vaultList}?api-version=2024-11-01`)).body.value.map(
        (each: { id: string; properties: { privateLinkServiceConnectionState: { status: string } } }) => ({
          id: each.id,
          status: each.properties.privateLinkServiceConnectionState.status,
        }),
      ),
    /** Somebody of another tenant asks for the vault, by the name of the factory's endpoint. */
    askAsStranger: async (status = "Pending"): Promise<string> => {
      const id = `${vaultList}/stranger-${randomUUID()}`;
      await http("PUT", `/sandbox/objects/${encodeURIComponent(id)}`, {
        type: "azure-native:keyvault:PrivateEndpointConnection",
        properties: {
          privateEndpoint: {
            id: `/subscriptions/${randomUUID()}/resourceGroups/rg/providers/Microsoft.Network/privateEndpoints/${factoryName}.${endpointName}`,
          },
          groupIds: ["vault"],
          privateLinkServiceConnectionState: { status },
        },
      });
      return id;
    },
    remove: (id: string) => http("DELETE", `${id}?api-version=2024-11-01`),
    unmake: async (name: string) => azure.delete(endpointOf(name)),
    make,
  };
}

const codeOf = (end: StepEnd): string => (end.status === "failed" ? end.failure.code : end.status);

describe("the approval of the factory's endpoints", () => {
  it("lets in each that the factory says is Pending, and does nothing when run again", async (t) => {
    const world = await openWorld(t);
    assert.deepEqual(await world.states(), Array(4).fill("Pending"));
    assert.deepEqual(await world.approve(), { status: "done" });
    assert.deepEqual(await world.states(), Array(4).fill("Approved"));
    assert.deepEqual(await world.approve(), { status: "done" });
  });

  it("lets nobody in once the run may not write any more", async (t) => {
    const world = await openWorld(t);
    assert.deepEqual(await world.approve(() => false), { status: "stopped" });
    assert.deepEqual(await world.states(), Array(4).fill("Pending"));
  });

  it("lets nobody else in by its name once the factory is in", async (t) => {
    const world = await openWorld(t);
    await world.approve();
    const stranger = await world.askAsStranger();
    assert.deepEqual(await world.approve(), { status: "done" });
    const status = (await world.connections()).find(({ id }) => id === stranger)?.status;
    assert.equal(status, "Pending");
  });

  it("lets nobody in by its name while the factory's endpoint is cut or gone", async (t) => {
    const world = await openWorld(t);
    await world.approve();
    for (const { id } of await world.connections()) await world.remove(id);
    await world.askAsStranger();
    assert.equal((await world.states()).at(2), "Disconnected");
    assert.deepEqual(await world.approve(), { status: "done" });
    await world.unmake(endpointName);
    assert.deepEqual(await world.approve(), { status: "done" });
    assert.deepEqual(
      (await world.connections()).map(({ status }) => status),
      ["Pending"],
    );
  });

  for (const status of ["Pending", "Approved", "Rejected", "Disconnected"])
    it(`refuses to choose between the factory's and one of its name that is ${status}`, async (t) => {
      const world = await openWorld(t);
      const before = await world.connections();
      const other = await world.askAsStranger(status);
      const end = await world.approve();
      assert.equal(codeOf(end), "EndpointAmbiguous");
      assert.match(end.status === "failed" ? end.failure.message : "", /Remove those .*, then reconcile/);
      const after = (await world.connections()).filter(({ id }) => id !== other);
      assert.deepEqual(after, before, "none was approved");
      await world.remove(other);
      assert.deepEqual(await world.approve(), { status: "done" });
      assert.deepEqual(await world.states(), Array(4).fill("Approved"));
    });

  it("goes on with an endpoint that was made again, once what is left of the old one is removed", async (t) => {
    const world = await openWorld(t);
    await world.approve();
    await world.unmake(endpointName);
    const left = await world.askAsStranger("Disconnected");
    await world.make(endpointName);
    assert.equal(codeOf(await world.approve()), "EndpointAmbiguous");
    await world.remove(left);
    assert.deepEqual(await world.approve(), { status: "done" });
    assert.deepEqual(await world.states(), Array(4).fill("Approved"));
  });
});

describe("the approval of an endpoint that is still being made", () => {
  interface Told {
    readonly provisioning?: string;
    /** states of the connections by the endpoint's name that the vault shows */
    readonly connections?: readonly string[];
    readonly nextLink?: string;
  }
  const { environment } = platformSpec;
  const ofFactory = `${factoryId(environment)}/managedVirtualNetworks/default/managedPrivateEndpoints/`;
  const endpointId = `/x/privateEndpoints/${armPlace(factoryId(environment)).name}.${endpointName}`;

  /** How it ends where an ARM tells this of the vault's endpoint, and of all others that they are approved. */
  const endOf = async (
    test: TestContext,
    { provisioning = "Succeeded", connections = [], nextLink = "" }: Told,
  ): Promise<string> => {
    const value = connections.map((status, index) => ({
      id: `${vaultId(environment)}/privateEndpointConnections/c${index}`,
      name: `c${index}`,
      properties: {
        privateEndpoint: { id: endpointId },
        privateLinkServiceConnectionState: { status },
      },
    }));
    const azure = await scriptedAzure(test, ({ path }) => {
      if (path === `${vaultId(environment)}/privateEndpointConnections`)
        return { status: 200, body: { value, nextLink } };
      if (!path.startsWith(ofFactory)) return null;
      const status = path.endsWith(`/${endpointName}`) ? "Pending" : "Approved";
      return {
        status: 200,
        body: { properties: { provisioningState: provisioning, connectionState: { status } } },
      };
    });
    const end = await approvalSteps(azure.access.arm).after(runOf(environment), null, always);
    assert.ok(azure.calls.length > 0 && azure.calls.every(({ method }) => method === "GET"));
    return codeOf(end);
  };

  it("waits until Data Factory has made it: who asks by its name before is somebody else", async (t) => {
    assert.equal(await endOf(t, { provisioning: "Provisioning", connections: ["Pending"] }), notShown);
  });

  it("waits until the target shows that it asks, beside nothing or an old one", async (t) => {
    assert.equal(await endOf(t, {}), notShown);
    assert.equal(await endOf(t, { connections: ["Disconnected"] }), notShown);
    assert.equal(await endOf(t, { connections: ["Rejected"] }), notShown);
  });

  it("is over where the target has approved it and the factory has not heard of it", async (t) => {
    assert.equal(await endOf(t, { connections: ["Approved"] }), "done");
  });

  it("is refused where the target shows a part of its connections only", async (t) => {
    assert.equal(await endOf(t, { connections: ["Pending"], nextLink: "https://next" }), "EndpointAmbiguous");
  });
});
