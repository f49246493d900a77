import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds, type TestClouds } from "./support/clouds.ts";
import {
  anyResourceType,
  expression,
  factoryType,
  makeCredential,
  makeDataset,
  makeEndpoint,
  makeFactory,
  makeLinkedService,
  makeManagedNetwork,
  makePipeline,
  makeRuntime,
  makeTrigger,
  managedNetworkInputs,
  metadataService,
  reference,
  wait,
} from "./support/factory.ts";
import type { Properties, Resource } from "./support/provider-client.ts";
import { mlVault, tenantId } from "./support/seed.ts";
import { groupType, makeGroup, makeIdentity } from "./support/world.ts";

const api = "?api-version=2018-06-01";
const managed = (location = "AutoResolve"): Properties => ({
  type: "Managed",
  managedVirtualNetwork: reference("ManagedVirtualNetwork", "default"),
  computeProperties: { location },
});

async function openFactory(
  t: Parameters<typeof openTestClouds>[0],
): Promise<TestClouds & { made: Resource }> {
  const clouds = await openTestClouds(t);
  await makeGroup(clouds.azure);
  return { ...clouds, made: await makeFactory(clouds.azure) };
}

describe("factories", () => {
  it("a factory has its own identity and shows those that it is given", async (t) => {
    const { azure, http } = await openTestClouds(t);
    await makeGroup(azure);
    const user = await makeIdentity(azure, "id-adf");
    const made = await makeFactory(azure, {
      identity: { type: "SystemAssigned,UserAssigned", userAssignedIdentities: [user.id] },
    });
    const { identity } = made.outputs;
    assert.equal(identity.tenantId, tenantId);
    assert.equal(identity.userAssignedIdentities[user.id].clientId, user.outputs.clientId);
    const principals = await http("GET", "/sandbox/objects?type=ServicePrincipal&name=adf-test");
    assert.equal(principals.body.value[0].body.objectId, identity.principalId);
    const again = await azure.update(made, { ...made.inputs, tags: { job_id: "201" } });
    assert.equal(again.outputs.identity.principalId, identity.principalId);
    assert.deepEqual((await azure.read(again))?.inputs, again.inputs);
    await azure.delete(again);
    assert.equal(
      (await http("GET", "/sandbox/objects?type=ServicePrincipal&name=adf-test")).body.value.length,
      0,
    );
  });

  it("an identity that does not exist is refused", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const identity = { type: "UserAssigned", userAssignedIdentities: ["/subscriptions/x/nobody"] };
    await assert.rejects(makeFactory(azure, { identity }), /InvalidResourceReference/);
  });

  it("a factory's name is unique in the whole cloud", async (t) => {
    const { azure } = await openFactory(t);
    await makeGroup(azure, "rg-other");
    await assert.rejects(
      makeFactory(azure, { resourceGroupName: "rg-other" }),
      /Status=409 Code="DataFactoryNameInUse".*'adf-test' is already in use/,
    );
    const bad = await azure.check(factoryType, { resourceGroupName: "rg", factoryName: "-a" });
    assert.match(bad.failures[0]?.reason ?? "", /3 to 63/);
  });

  it("a factory goes with all it holds, a started trigger too", async (t) => {
    const { azure, http, made } = await openFactory(t);
    await makeManagedNetwork(azure);
    await makeEndpoint(azure, { groupId: "vault", privateLinkResourceId: mlVault });
    await makePipeline(azure, [wait("W")]);
    const trigger = await makeTrigger(azure);
    await http("POST", `${trigger.id}/start${api}`);
    await azure.delete(made);
    const left = await http("GET", "/sandbox/objects?cloud=azure");
    assert.deepEqual(
      left.body.value.filter((object: Properties) => /datafactory|privateEndpointConn/i.test(object.id)),
      [],
    );
  });

  it("a group's deletion takes its factory along", async (t) => {
    const { azure, made } = await openFactory(t);
    await makePipeline(azure, [wait("W")]);
    await makeTrigger(azure);
    const group = await azure.import(groupType, made.id.replace(/\/providers\/.*/, ""));
    assert.ok(group);
    await azure.delete(group);
    assert.equal(await azure.read(made), undefined);
  });
});

describe("the managed network and what is in it", () => {
  it("is made once, never deleted, and is the only use of resources:Resource", async (t) => {
    const { azure } = await openFactory(t);
    const network = await makeManagedNetwork(azure);
    assert.match(network.id, /\/factories\/adf-test\/managedVirtualNetworks\/default$/);
    await assert.rejects(
      azure.delete(network),
      /The requested resource does not support http method 'DELETE'/,
    );
    const imported = await azure.import(anyResourceType, network.id);
    assert.equal(imported?.inputs.parentResourcePath, "factories/adf-test");
    const other = await azure.check(
      anyResourceType,
      managedNetworkInputs({ resourceProviderNamespace: "Microsoft.Web", resourceType: "sites" }),
    );
    assert.match(other.failures[0]?.reason ?? "", /know no Microsoft.Web/);
  });

  it("a runtime in the managed network runs where its factory is", async (t) => {
    const { azure } = await openFactory(t);
    await assert.rejects(makeRuntime(azure, "ir-managed", managed()), /invalid reference 'default'/);
    await makeManagedNetwork(azure);
    await assert.rejects(
      makeRuntime(azure, "ir-managed", managed("westeurope")),
      /region of its factory, eastus/,
    );
    const made = await makeRuntime(azure, "ir-managed", managed("East US"));
    assert.equal(made.outputs.properties.state, "Online");
  });

  it("a self-hosted runtime waits for a machine, and its state outlives an update", async (t) => {
    const { azure, http, portal } = await openFactory(t);
    const made = await makeRuntime(azure, "ir-hq", { type: "SelfHosted", description: "one" });
    const status = async (): Promise<Properties> =>
      (await http("POST", `${made.id}/getStatus${api}`)).body.properties;
    assert.equal((await status()).state, "NeedRegistration");
    await portal(made.id, { properties: { state: "Online" } });
    const changed = await azure.update(made, {
      ...made.inputs,
      properties: { type: "SelfHosted", description: "two" },
    });
    assert.deepEqual(await status(), {
      type: "SelfHosted",
      dataFactoryName: "adf-test",
      state: "Online",
      typeProperties: (await status()).typeProperties,
    });
    await portal(made.id, { properties: { state: "Offline" } });
    assert.equal((await status()).state, "Offline");
    assert.deepEqual((await azure.read(changed))?.inputs, changed.inputs);
    const unknown = await http("POST", `${made.id}-none/getStatus${api}`);
    assert.equal(unknown.status, 404);
    assert.equal((await http("POST", `${made.id}/getStatus`)).body.error.code, "MissingApiVersionParameter");
  });

  it("a managed endpoint is Pending until the target's owner approves, and follows the connection", async (t) => {
    const { azure, http, portal } = await openFactory(t);
    const inputs = { groupId: "vault", privateLinkResourceId: mlVault };
    await assert.rejects(makeEndpoint(azure, inputs), /ParentResourceNotFound/);
    await makeManagedNetwork(azure);
    await assert.rejects(
      makeEndpoint(azure, { ...inputs, groupId: "blob" }),
      /InvalidPrivateLinkServiceGroupId/,
    );
    const made = await makeEndpoint(azure, inputs);
    assert.equal(made.outputs.properties.connectionState.status, "Pending");
    assert.equal(made.outputs.privateEndpointId, undefined);
    const vault = await http("GET", `${mlVault}?api-version=2024-11-01`);
    const [connection] = vault.body.properties.privateEndpointConnections;
    assert.match(connection.id, /privateEndpointConnections\/adf-test\.mpe-vault-[0-9a-f-]{36}$/);
    await portal(connection.id, { privateLinkServiceConnectionState: { status: "Approved" } });
    const approved = await azure.read(made);
    assert.equal(approved?.outputs.properties.connectionState.status, "Approved");
    assert.deepEqual(approved?.inputs, made.inputs);
    await azure.delete(made);
    const after = await http("GET", `${mlVault}?api-version=2024-11-01`);
    assert.deepEqual(after.body.properties.privateEndpointConnections, []);
  });
});

describe("documents of a factory", () => {
  it("ARM shows Data Factory's JSON and the SDK its own form of it", async (t) => {
    const { azure, http } = await openFactory(t);
    const made = await makeLinkedService(azure);
    assert.deepEqual(made.outputs.properties, metadataService);
    const { type, ...typeProperties } = metadataService;
    const shown = await http("GET", `${made.id}${api}`);
    assert.deepEqual(shown.body.properties, { type, typeProperties });
    const pipeline = await makePipeline(azure, [wait("W")], { parameters: { jobId: { type: "int" } } });
    const raw = await http("GET", `${pipeline.id}${api}`);
    assert.deepEqual(raw.body.properties, {
      parameters: { jobId: { type: "int" } },
      activities: [{ name: "W", type: "Wait", typeProperties: { waitTimeInSeconds: 1 } }],
    });
    assert.deepEqual((await azure.read(pipeline))?.inputs, pipeline.inputs);
    const list = await http("GET", `${pipeline.id.replace(/\/[^/]+$/, "")}${api}`);
    assert.deepEqual(
      list.body.value.map((each: Properties) => each.name),
      ["PL_RunJob"],
    );
  });

  it("what a document names must exist", async (t) => {
    const { azure } = await openFactory(t);
    const missing = (name: string): RegExp =>
      new RegExp(`The document creation or update failed because of invalid reference '${name}'\\.`);
    await assert.rejects(makeDataset(azure), missing("LS_Metadata"));
    const via = { ...metadataService, connectVia: reference("IntegrationRuntime", "ir-hq") };
    await assert.rejects(makeLinkedService(azure, "LS_Metadata", via), missing("ir-hq"));
    const as = { ...metadataService, credential: reference("Credential", "uami") };
    await assert.rejects(makeLinkedService(azure, "LS_Metadata", as), missing("uami"));
    const lookup = {
      name: "L",
      type: "Lookup",
      source: { type: "AzureSqlSource" },
      dataset: reference("Dataset", "DS_Metadata"),
    };
    const inside = {
      name: "If",
      type: "IfCondition",
      expression: expression("@true"),
      ifTrueActivities: [lookup],
    };
    await assert.rejects(makePipeline(azure, [inside]), missing("DS_Metadata"));
    await assert.rejects(makeTrigger(azure), missing("PL_RunJob"));
    const builtIn = reference("IntegrationRuntime", "AutoResolveIntegrationRuntime");
    await makeLinkedService(azure, "LS_Metadata", { ...metadataService, connectVia: builtIn });
  });

  it("what is in use can't be deleted", async (t) => {
    const { azure } = await openFactory(t);
    const identity = await makeIdentity(azure, "id-adf");
    const credential = await makeCredential(azure, identity.id);
    const runtime = await makeRuntime(azure, "ir-hq", { type: "SelfHosted" });
    const service = await makeLinkedService(azure, "LS_Metadata", {
      ...metadataService,
      credential: reference("Credential", "uami"),
      connectVia: reference("IntegrationRuntime", "ir-hq"),
    });
    const dataset = await makeDataset(azure);
    const pipeline = await makePipeline(azure, [
      {
        name: "L",
        type: "Lookup",
        source: { type: "AzureSqlSource" },
        dataset: reference("Dataset", "DS_Metadata"),
      },
    ]);
    const trigger = await makeTrigger(azure);
    const blocked: readonly (readonly [Resource, string])[] = [
      [credential, "LS_Metadata"],
      [runtime, "LS_Metadata"],
      [service, "DS_Metadata"],
      [dataset, "PL_RunJob"],
      [pipeline, "TR_RunJob"],
    ];
    for (const [resource, by] of blocked) {
      await assert.rejects(
        azure.delete(resource),
        new RegExp(`The document cannot be deleted since it is referenced by ${by}\\.`),
      );
    }
    for (const resource of [trigger, pipeline, dataset, service, runtime, credential])
      await azure.delete(resource);
  });

  it("what has a name keeps its type", async (t) => {
    const { azure } = await openFactory(t);
    const service = await makeLinkedService(azure);
    const dataset = await makeDataset(azure);
    for (const [resource, type] of [
      [service, "SqlServer"],
      [dataset, "SqlServerTable"],
    ] as const) {
      const old = resource.inputs.properties;
      await azure.update(resource, { ...resource.inputs, properties: { ...old, description: "same" } });
      await assert.rejects(
        azure.update(resource, { ...resource.inputs, properties: { ...old, type } }),
        new RegExp(`The type of .* cannot be changed from '${old.type}' to '${type}'`),
      );
    }
  });

  it("a document that Data Factory would not take is refused before it is sent", async (t) => {
    const { azure } = await openFactory(t);
    await assert.rejects(makePipeline(azure, [wait("W"), wait("W")]), /the name 'W' is used twice/);
    await assert.rejects(makeLinkedService(azure, "LS-Metadata"), /'LS-Metadata' is not a valid name/);
  });
});

describe("triggers", () => {
  it("a trigger is made Stopped, started and stopped by a call, and fixed while it is started", async (t) => {
    const { azure, http } = await openFactory(t);
    await makePipeline(azure, [wait("W")]);
    const made = await makeTrigger(azure);
    assert.equal(made.outputs.properties.runtimeState, "Stopped");
    const state = async (): Promise<string> =>
      (await http("GET", `${made.id}${api}`)).body.properties.runtimeState;
    assert.equal((await http("POST", `${made.id}/start${api}`)).status, 200);
    assert.equal(await state(), "Started");
    const news = {
      ...made.inputs,
      properties: { ...made.inputs.properties, recurrence: { frequency: "Hour", interval: 2 } },
    };
    const fixed = /Status=400 Code="TriggerEnabledCannotUpdate" Message="Cannot update enabled Trigger/;
    await assert.rejects(azure.update(made, news), fixed);
    await assert.rejects(azure.delete(made), fixed);
    assert.deepEqual((await azure.read(made))?.inputs, made.inputs);
    assert.equal((await http("POST", `${made.id}/stop${api}`)).status, 200);
    assert.equal((await azure.update(made, news)).outputs.properties.runtimeState, "Stopped");
    await azure.delete(made);
    assert.equal((await http("POST", `${made.id}/start${api}`)).status, 404);
  });

  it("a trigger whose pipeline is gone does not start", async (t) => {
    const { azure, http } = await openFactory(t);
    await makePipeline(azure, [wait("W")]);
    const made = await makeTrigger(azure);
    // by hand, so that what refers to it doesn't hold it back
    const other = [{ pipelineReference: reference("Pipeline", "PL_Gone") }];
    await http("PUT", `/sandbox/objects/${encodeURIComponent(made.id)}`, {
      properties: { properties: { pipelines: other } },
    });
    const answer = await http("POST", `${made.id}/start${api}`);
    assert.equal(answer.status, 400);
    assert.match(answer.body.error.message, /its pipeline 'PL_Gone' does not exist/);
  });
});
