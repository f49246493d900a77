/** The simulated network as anybody's client finds it: DNS, the proxy, and TLS. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect as connectTcp } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { publicAddressOf } from "../../../automation/simulators/network/services.ts";
import { openTestClouds, request } from "./support/clouds.ts";
import { mlVault } from "./support/seed.ts";
import { makeGroup, makeNetwork, makeSubnet } from "./support/world.ts";

const fqdn = "ml-vault.vault.azure.net";

async function openNetwork(test: TestContext) {
  const clouds = await openTestClouds(test);
  const { body } = await clouds.http("GET", "/health");
  const networkPort: number = body.networkPort;
  const vantage = (from: string) => request(networkPort, "GET", `/vantage?from=${encodeURIComponent(from)}`);
  const resolverFor = async (from: string): Promise<Resolver> => {
    const resolver = new Resolver({ timeout: 1_000, tries: 2 });
    resolver.setServers([`127.0.0.1:${(await vantage(from)).body.dnsPort}`]);
    return resolver;
  };
  return { ...clouds, networkPort, vantage, resolverFor };
}

describe("the DNS servers of the simulated network", () => {
  it("answer what a resolver asks: addresses, none of another type, and no such name", async (test) => {
    const { resolverFor } = await openNetwork(test);
    const resolver = await resolverFor("internet");
    assert.deepEqual(await resolver.resolve4(fqdn), [publicAddressOf(fqdn)]);
    await assert.rejects(resolver.resolve6(fqdn), { code: "ENODATA" });
    await assert.rejects(resolver.resolve4("nobody.vault.azure.net"), { code: "ENOTFOUND" });
    await assert.rejects(resolver.resolve4("example.com"), { code: "ENOTFOUND" });
  });

  it("there is one for each network, and none for a place that does not exist", async (test) => {
    const { azure, vantage } = await openNetwork(test);
    await makeGroup(azure);
    await makeNetwork(azure);
    const subnet = await makeSubnet(azure);
    const other = await makeSubnet(azure, { subnetName: "two", addressPrefix: "10.0.1.0/24" });
    const [inside, again, beside, outside] = await Promise.all(
      [subnet.id, subnet.id, other.id, "internet"].map(vantage),
    );
    assert.equal(inside?.body.dnsPort, again?.body.dnsPort);
    assert.equal(inside?.body.dnsPort, beside?.body.dnsPort);
    assert.notEqual(inside?.body.dnsPort, outside?.body.dnsPort);
    for (const nowhere of [`${subnet.id}-gone`, "the moon", ""]) {
      const answer = await vantage(nowhere);
      assert.deepEqual([answer.status, answer.body.error.code], [404, "NoSuchPlace"]);
    }
  });

  it("noise gets no answer, and the next question does", async (test) => {
    const { vantage, resolverFor } = await openNetwork(test);
    const { dnsPort } = (await vantage("internet")).body;
    const socket = createSocket("udp4");
    test.after(() => socket.close());
    const noise = [
      "",
      "x",
      "\u0000".repeat(12),
      `${"\u0000".repeat(5)}\u0001${"\u0000".repeat(6)}?${"\u00ff".repeat(70)}`,
    ];
    for (const text of noise) socket.send(Buffer.from(text, "latin1"), dnsPort, "127.0.0.1");
    assert.deepEqual(await (await resolverFor("internet")).resolve4(fqdn), [publicAddressOf(fqdn)]);
  });
});

describe("the proxy of the simulated network", () => {
  const ask = async (port: number, path: string, from: string) => {
    const asked = httpRequest({
      port,
      method: "CONNECT",
      path,
      headers: { "rowgate-from": from },
      agent: false,
    });
    asked.on("error", () => {});
    asked.end();
    const [response, socket] = await once(asked, "connect", { signal: AbortSignal.timeout(5_000) });
    socket.destroy();
    return response.statusCode;
  };

  it("joins what the network lets through, and takes nothing that is no address or place", async (test) => {
    const { networkPort } = await openNetwork(test);
    assert.equal(await ask(networkPort, `${publicAddressOf(fqdn)}:443`, "internet"), 200);
    assert.equal(await ask(networkPort, `${fqdn}:443`, "internet"), 400);
    assert.equal(await ask(networkPort, "192.0.2.1:443", "the moon"), 400);
  });

  it("does not answer for what the network drops", async (test) => {
    const { networkPort } = await openNetwork(test);
    const socket = connectTcp(networkPort, "127.0.0.1");
    test.after(() => socket.destroy());
    socket.write("CONNECT 10.0.0.4:443 HTTP/1.1\r\nhost: x\r\nrowgate-from: internet\r\n\r\n");
    const answer = once(socket, "data", { signal: AbortSignal.timeout(200) });
    await assert.rejects(answer, { name: "AbortError" });
  });
});

describe("the listeners of the simulated network", () => {
  const open = async (port: number, servername: string, more: { ca: string; ALPNProtocols?: string[] }) => {
    const socket = connectTls({ port, host: "127.0.0.1", servername, ...more });
    await once(socket, "secureConnect");
    return socket;
  };
  const ask = async (socket: TLSSocket): Promise<string> => {
    socket.end(`GET / HTTP/1.1\r\nhost: ${fqdn}\r\nconnection: close\r\n\r\n`);
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    return text;
  };

  it("a service has a certificate for its name, asks for a sign-in, and refuses once it is closed", async (test) => {
    const { vantage, portal } = await openNetwork(test);
    const { listenerPorts, certificateAuthority: ca } = (await vantage("internet")).body;
    const open_ = { publicNetworkAccess: "enabled", networkAcls: { defaultAction: "Allow" } };
    await portal(mlVault, { properties: open_ });
    const socket = await open(listenerPorts["443"], fqdn, { ca });
    assert.ok(socket.authorized);
    assert.equal(socket.getPeerCertificate().subjectaltname, `DNS:${fqdn}`);
    assert.match(await ask(socket), /^HTTP\/1\.1 401 /);
    await portal(mlVault, { properties: { publicNetworkAccess: "disabled" } });
    const refused = await ask(await open(listenerPorts["443"], fqdn, { ca }));
    assert.match(refused, /^HTTP\/1\.1 403 /);
    assert.match(
      refused,
      /"code":"Forbidden","message":"Public network access is disabled and request is not/,
    );
  });

  it("a name that nobody has gets no certificate", async (test) => {
    const { vantage } = await openNetwork(test);
    const { listenerPorts, certificateAuthority: ca } = (await vantage("internet")).body;
    await assert.rejects(open(listenerPorts["443"], "nobody.vault.azure.net", { ca }));
    await assert.rejects(open(listenerPorts["1433"], fqdn, { ca }));
  });

  it("SQL speaks TLS as TDS 8.0 does, and nothing after it", async (test) => {
    const { vantage, http } = await openNetwork(test);
    const { listenerPorts, certificateAuthority: ca } = (await vantage("internet")).body;
    const id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Sql/servers/db";
    const body = { type: "azure-native:sql:Server", properties: { location: "eastus" } };
    assert.equal((await http("PUT", `/sandbox/objects/${encodeURIComponent(id)}`, body)).status, 201);
    const name = "db.database.windows.net";
    const socket = await open(listenerPorts["1433"], name, { ca, ALPNProtocols: ["tds/8.0"] });
    assert.equal(socket.alpnProtocol, "tds/8.0");
    assert.ok(socket.authorized);
    socket.resume().write("hello");
    await once(socket, "end", { signal: AbortSignal.timeout(5_000) });
    await assert.rejects(open(listenerPorts["1433"], name, { ca, ALPNProtocols: ["http/1.1"] }));
  });
});
