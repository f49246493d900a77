/** What keeps a resource from being deleted, and what goes with it when it is. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds } from "./support/clouds.ts";
import type { Properties, ProviderClient, Resource } from "./support/provider-client.ts";
import {
  accountInputs,
  makeAccount,
  makeGroup,
  makeIdentity,
  makeNetwork,
  makeServer,
  makeSubnet,
  makeWorkspace,
  resourceGroupName,
} from "./support/world.ts";

const settingType = "azure-native:monitor:DiagnosticSetting";
const addressType = "azure-native:network:PublicIPAddress";
const gatewayType = "azure-native:network:NatGateway";
const federationType = "azure-native:managedidentity:FederatedIdentityCredential";

const makeAddress = (azure: ProviderClient, inputs: Properties = {}): Promise<Resource> =>
  azure.create(addressType, {
    resourceGroupName,
    publicIpAddressName: "pip",
    sku: { name: "Standard" },
    publicIPAllocationMethod: "Static",
    ...inputs,
  });

const makeGateway = (azure: ProviderClient, address: Resource, natGatewayName = "nat"): Promise<Resource> =>
  azure.create(gatewayType, {
    resourceGroupName,
    natGatewayName,
    sku: { name: "Standard" },
    publicIpAddresses: [{ id: address.id }],
  });

const makeSetting = (azure: ProviderClient, resource: Resource, inputs: Properties = {}): Promise<Resource> =>
  azure.create(settingType, {
    resourceUri: resource.id,
    name: "audit",
    workspaceId: "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/law",
    logs: [{ categoryGroup: "audit", enabled: true }],
    ...inputs,
  });

describe("ways out of a network", () => {
  it("an address stays while a gateway uses it, and a gateway while a subnet does", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await makeNetwork(azure);
    const address = await makeAddress(azure);
    const gateway = await makeGateway(azure, address);
    const subnet = await makeSubnet(azure, { natGateway: { id: gateway.id } });
    await assert.rejects(azure.delete(address), /Code="PublicIPAddressCannotBeDeleted".*natGateways\/nat/);
    await assert.rejects(azure.delete(gateway), /InUseNatGatewayCannotBeDeleted.*subnets\/endpoints/);
    assert.deepEqual((await azure.read(gateway))?.outputs.subnets, [{ id: subnet.id }]);
    for (const made of [subnet, gateway, address]) await azure.delete(made);
  });

  it("a gateway takes one that is standard, static and free; a subnet one that is there", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    await makeNetwork(azure);
    const address = await makeAddress(azure);
    await makeGateway(azure, address);
    await assert.rejects(makeGateway(azure, address, "second"), /NatGatewayPublicIpAddressCannotBeUsed/);
    const basic = await makeAddress(azure, { publicIpAddressName: "basic", sku: { name: "Basic" } });
    await assert.rejects(makeGateway(azure, basic, "third"), /its sku is Basic/);
    await assert.rejects(
      makeAddress(azure, { publicIpAddressName: "moving", publicIPAllocationMethod: "Dynamic" }),
      /must have a Static allocation method/,
    );
    await assert.rejects(
      makeSubnet(azure, { natGateway: { id: `${address.id}x` } }),
      /InvalidResourceReference/,
    );
  });
});

describe("federated credentials", () => {
  it("an identity trusts one issuer and subject once, and twenty in all", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const identity = await makeIdentity(azure);
    const make = (name: string, subject: string): Promise<Resource> =>
      azure.create(federationType, {
        resourceGroupName,
        resourceName: "id-job-201",
        federatedIdentityCredentialResourceName: name,
        issuer: "https://token.example",
        subject,
        audiences: ["api://AzureADTokenExchange"],
      });
    const first = await make("c0", "repo:0");
    assert.equal(first.id, `${identity.id}/federatedIdentityCredentials/c0`);
    await assert.rejects(make("twin", "repo:0"), /Issuer and subject combination already exists/);
    for (let n = 1; n < 20; n += 1) await make(`c${n}`, `repo:${n}`);
    await assert.rejects(make("c20", "repo:20"), /which is the most that one can have/);
    await azure.delete(identity);
    assert.equal(await azure.read(first), undefined);
  });
});

describe("diagnostic settings", () => {
  it("a category goes to a workspace once", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const server = await makeServer(azure);
    await makeSetting(azure, server);
    await assert.rejects(
      makeSetting(azure, server, { name: "second" }),
      /Status=409 Code="Conflict" Message="Data sink .* setting 'audit' for category 'audit'/,
    );
    await makeSetting(azure, server, {
      name: "second",
      logs: [{ category: "SQLSecurityAuditEvents", enabled: true }],
    });
  });

  it("a setting on what is not there is refused; a service's default part is always there", async (t) => {
    const { azure } = await openTestClouds(t);
    await makeGroup(azure);
    const account = await makeAccount(azure);
    await assert.rejects(makeSetting(azure, { ...account, id: `${account.id}x` }), /ResourceNotFound/);
    await makeSetting(azure, { ...account, id: `${account.id}/blobServices/default` });
  });

  it("a setting outlives its resource and is there again with it", async (t) => {
    const clouds = await openTestClouds(t);
    const { azure } = clouds;
    await makeGroup(azure);
    const account = await makeAccount(azure);
    const setting = await makeSetting(azure, account);
    const onBlobs = await makeSetting(azure, { ...account, id: `${account.id}/blobServices/default` });
    await azure.delete(account);
    assert.equal(await azure.read(setting), undefined);
    await makeAccount(azure);
    for (const back of [setting, onBlobs]) assert.equal((await azure.read(back))?.id, back.id);
    await assert.rejects(makeSetting(azure, account), /cannot create already existing resource/);
  });
});

describe("locks", () => {
  it("a lock keeps what it covers, and all that holds it; read-only refuses changes too", async (t) => {
    const clouds = await openTestClouds(t);
    const { azure, http } = clouds;
    const group = await makeGroup(azure);
    const account = await makeAccount(azure);
    const lock = `${account.id}/providers/Microsoft.Authorization/locks/keep`;
    const target = `/sandbox/objects/${encodeURIComponent(lock)}`;
    assert.equal((await http("PUT", target)).status, 201);
    await assert.rejects(azure.delete(account), /Status=409 Code="ScopeLocked".*locks\/keep/);
    await assert.rejects(azure.delete(group), /ScopeLocked/);
    const changed = await azure.update(account, accountInputs({ tags: { a: "1" } }));
    await clouds.portal(lock, { level: "ReadOnly" });
    await assert.rejects(azure.update(changed, accountInputs({ tags: { a: "2" } })), /write.*locked/);
    assert.equal((await http("DELETE", target)).status, 204);
    await azure.delete(group);
    assert.equal(await azure.read(account), undefined);
  });

  it("a resource group takes everything in it along, whatever blocks what", async (t) => {
    const clouds = await openTestClouds(t);
    const { azure } = clouds;
    const group = await makeGroup(azure);
    await makeNetwork(azure);
    const gateway = await makeGateway(azure, await makeAddress(azure));
    await makeSubnet(azure, { natGateway: { id: gateway.id } });
    await makeAccount(azure);
    await makeServer(azure);
    await makeWorkspace(azure);
    await azure.delete(group);
    const { body } = await clouds.http("GET", "/sandbox/objects?cloud=azure");
    const names = body.value.map((object: { name: string }) => object.name).sort();
    assert.deepEqual(names, ["databricks-token", "ml-vault", "rg-shared"]);
  });
});
