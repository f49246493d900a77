/** Probes against the simulated clouds as a process: every fault is made there, and undone. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { within } from "../../../automation/probes/deadline.ts";
import type { Vantage } from "../../../automation/probes/network-view.ts";
import type { ProbeResult } from "../../../automation/probes/probe-endpoint.ts";
import { probeLayers } from "../../../automation/probes/probe-layer.ts";
import { endpointType, linkType, zoneGroupType } from "../simulators/support/world.ts";
import { openPrivateWorld, type PrivateService, type PrivateWorld, securityRules } from "./private-world.ts";

const services = ["vault", "workspace", "sql"] as const;
const internet: Vantage = { kind: "internet" };

function isWell(result: ProbeResult): void {
  const seen = result.layers.map(({ layer, status }) => [layer, status]);
  const expected = probeLayers.map((layer) => [layer, "ok"]);
  assert.deepEqual(seen, expected, JSON.stringify(result));
  assert.equal(result.status, "ok");
}

/** Returns the message, which must name the thing. */
function failsAt(result: ProbeResult, layer: string, reason: string): string {
  assert.ok(result.status !== "ok", JSON.stringify(result));
  const { status, failedLayer, message } = result;
  assert.deepEqual([status, failedLayer, result.reason], ["failed", layer, reason], message);
  assert.equal(result.layers.at(-1)?.layer, layer);
  return message;
}

const judge = (world: PrivateWorld, { connectionId }: PrivateService, status: string) =>
  world.portal(connectionId, { privateLinkServiceConnectionState: { status } });

describe("probes of a private network", () => {
  it("every service is well on every layer, and says what was seen", async (test) => {
    const world = await openPrivateWorld(test);
    for (const name of services) isWell(await world.probe(world[name]));
    const { layers } = await world.probe(world.vault);
    assert.ok(layers.every(({ durationMs }) => Number.isInteger(durationMs) && durationMs >= 0));
    const details = Object.fromEntries(layers.map(({ layer, detail }) => [layer, detail]));
    assert.equal(details.endpoint, `Approved, at ${world.vault.address}`);
    assert.equal(details.dns, `kv-private.vault.azure.net is ${world.vault.address}`);
    assert.match(
      details.public ?? "",
      /^publicNetworkAccess is disabled; [\d.]+ answers 403 from the internet$/,
    );
    // the endpoints' own subnet sees the same
    isWell(await world.probe(world.vault, { fromSubnetId: world.vault.endpoint.inputs.subnet.id }));
  });

  it("a zone that is not linked to the network is a fault of DNS, until it is linked", async (test) => {
    const world = await openPrivateWorld(test);
    for (const name of services) {
      const { link, request } = world[name];
      await world.azure.delete(link);
      const message = failsAt(await world.probe(world[name]), "dns", "DnsPublicAnswer");
      assert.match(message, new RegExp(`${request.fqdn} is the public address .*not linked.*Link it`));
      await world.azure.create(linkType, link.inputs);
      isWell(await world.probe(world[name]));
    }
  });

  it("an endpoint that is not approved is a fault of the endpoint, and TCP never connects", async (test) => {
    const world = await openPrivateWorld(test);
    const { vault } = world;
    const from: Vantage = { kind: "subnet", id: world.workloadSubnet };
    for (const name of services) {
      for (const state of ["Rejected", "Pending", "Disconnected"]) {
        await judge(world, world[name], state);
        const message = failsAt(await world.probe(world[name]), "endpoint", `Connection${state}`);
        assert.match(message, new RegExp(`pe-${world[name].request.service}.* is ${state}`));
      }
      await judge(world, world[name], "Approved");
      isWell(await world.probe(world[name]));
    }
    await judge(world, vault, "Rejected");
    const connecting = within(300, (signal) => world.view.connect(vault.address, 443, from, signal));
    await assert.rejects(connecting, /no answer within 300 ms/);
  });

  it("public access that was left on is a fault of the public path, until it is off", async (test) => {
    const world = await openPrivateWorld(test);
    const settings = {
      vault: (on: boolean) => ({ properties: { publicNetworkAccess: on ? "enabled" : "disabled" } }),
      workspace: (on: boolean) => ({ publicNetworkAccess: on ? "Enabled" : "Disabled" }),
      sql: (on: boolean) => ({ publicNetworkAccess: on ? "Enabled" : "Disabled" }),
    };
    for (const name of services) {
      await world.portal(world[name].targetId, settings[name](true));
      const message = failsAt(await world.probe(world[name]), "public", "PublicAccessEnabled");
      assert.match(message, /is open to the internet.*Set it to Disabled/);
      await world.portal(world[name].targetId, settings[name](false));
      isWell(await world.probe(world[name]));
    }
  });

  it("a record with another address is a fault of DNS, and so is one that is gone", async (test) => {
    const world = await openPrivateWorld(test);
    for (const name of services) {
      const { recordId, address } = world[name];
      await world.portal(recordId, { aRecords: [{ ipv4Address: "10.0.0.60" }] });
      const message = failsAt(await world.probe(world[name]), "dns", "DnsWrongAddress");
      assert.match(message, new RegExp(`is 10\\.0\\.0\\.60 for subnet workload, and .* has ${address}`));
      await world.portal(recordId, { aRecords: [] });
      failsAt(await world.probe(world[name]), "dns", "DnsRecordMissing");
      await world.portal(recordId, { aRecords: [{ ipv4Address: address }] });
      isWell(await world.probe(world[name]));
    }
  });

  it("a security rule that closes SQL's port drops its packets, and no one else's", async (test) => {
    const world = await openPrivateWorld(test);
    const { azure, securityGroup } = world;
    const closed = { ...securityGroup.inputs, securityRules: securityRules(["443"]) };
    const changed = await azure.update(securityGroup, closed);
    const message = failsAt(await world.probe(world.sql), "tcp", "TcpTimedOut");
    assert.match(message, /:1433 .* does not connect from subnet workload: no answer.*security rules/);
    isWell(await world.probe(world.vault));
    await azure.update(changed, securityGroup.inputs);
    isWell(await world.probe(world.sql));
  });

  it("a name that leads to another service's endpoint is a fault of TLS", async (test) => {
    const world = await openPrivateWorld(test);
    const { vault, workspace } = world;
    await world.portal(workspace.recordId, { aRecords: [{ ipv4Address: vault.address }] });
    const result = await world.probe(workspace, { expectedAddresses: [vault.address] });
    const message = failsAt(result, "tls", "TlsFailed");
    assert.match(message, /pe-databricks leads to the right target/);
  });

  it("an endpoint that is gone, and a DNS record that a zone group takes with it, are told", async (test) => {
    const world = await openPrivateWorld(test);
    await world.azure.delete(world.vault.zoneGroup);
    failsAt(await world.probe(world.vault), "dns", "DnsRecordMissing");
    await world.azure.delete(world.vault.endpoint);
    assert.match(
      failsAt(await world.probe(world.vault), "endpoint", "NotFound"),
      /no private endpoint pe-keyvault/,
    );
  });

  it("the region's browser sign-in is reached privately, and stays public for everybody else", async (test) => {
    const { azure, workspace, probe } = await openPrivateWorld(test);
    const { subnet, privateLinkServiceConnections } = workspace.endpoint.inputs;
    const endpoint = await azure.create(endpointType, {
      ...workspace.endpoint.inputs,
      privateEndpointName: "pe-auth",
      subnet,
      privateLinkServiceConnections: [
        { ...privateLinkServiceConnections[0], groupIds: ["browser_authentication"] },
      ],
    });
    await azure.create(zoneGroupType, { ...workspace.zoneGroup.inputs, privateEndpointName: "pe-auth" });
    const fqdn = "eastus.pl-auth.azuredatabricks.net";
    const result = await probe(workspace, { endpointId: endpoint.id, fqdn });
    isWell(result);
    assert.match(result.layers.at(-1)?.detail ?? "", /is everybody's, and stays public/);
  });

  it("the internet sees public addresses only, and nothing private connects from there", async (test) => {
    const { view, vault } = await openPrivateWorld(test);
    const signal = AbortSignal.timeout(5_000);
    const seen = await view.resolve("kv-private.vault.azure.net", internet, signal);
    assert.ok(seen.status === "answered");
    assert.match(seen.addresses[0] ?? "", /^(192\.0\.2|198\.51\.100)\.\d+$/);
    const missing = await view.resolve("nobody.vault.azure.net", internet, signal);
    assert.equal(missing.status, "missing");
    const inward = within(300, (over) => view.connect(vault.address, 443, internet, over));
    await assert.rejects(inward, /no answer/);
  });

  it("clouds that are gone make a probe unknown, not failed", async (test) => {
    const world = await openPrivateWorld(test);
    await world.stop();
    const result = await world.probe(world.vault);
    assert.ok(result.status === "unknown");
    assert.deepEqual([result.failedLayer, result.reason], ["endpoint", "ArmUnavailable"]);
  });
});
