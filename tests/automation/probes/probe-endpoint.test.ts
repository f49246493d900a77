/** What a probe makes of answers that the simulated clouds never give: Azure's own shapes, odd servers, silence. */
import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import type { ArmAnswer } from "../../../automation/azure/arm-client.ts";
import { systemClock } from "../../../automation/clock.ts";
import { createDirectNetworkView } from "../../../automation/probes/direct-view.ts";
import type { NetworkView } from "../../../automation/probes/network-view.ts";
import { type ProbeResult, probeEndpoint } from "../../../automation/probes/probe-endpoint.ts";
import type { ProbeDependencies, ProbeRequest } from "../../../automation/probes/probe-layer.ts";
import { reachableCondition } from "../../../automation/probes/reachable.ts";
import { createAuthority } from "../../../automation/simulators/network/certificates.ts";

const group = "/subscriptions/s/resourceGroups/rg/providers";
const endpointId = `${group}/Microsoft.Network/privateEndpoints/pe`;
const nicId = `${group}/Microsoft.Network/networkInterfaces/nic`;
const targetId = `${group}/Microsoft.KeyVault/vaults/kv`;
const fqdn = "kv.vault.azure.net";
const request: ProbeRequest = { endpointId, service: "keyvault", fqdn, port: 443 };

const ok = (body: unknown): ArmAnswer => ({ status: "ok", httpStatus: 200, body, operationUrl: null });

/** As Azure shows them: facts under `properties` at each level, and an interface for more than one name. */
const azureObjects: Readonly<Record<string, ArmAnswer>> = {
  [endpointId]: ok({
    id: endpointId,
    properties: {
      subnet: { id: "/vnet/subnets/endpoints" },
      networkInterfaces: [{ id: nicId }],
      manualPrivateLinkServiceConnections: [
        {
          name: "c",
          properties: {
            privateLinkServiceId: targetId,
            privateLinkServiceConnectionState: { status: "Approved", description: "by hand" },
          },
        },
      ],
    },
  }),
  [nicId]: ok({
    properties: {
      ipConfigurations: [
        { properties: { privateIPAddress: "10.0.0.4", privateLinkConnectionProperties: { fqdns: [fqdn] } } },
        { properties: { privateIPAddress: "10.0.0.5", privateLinkConnectionProperties: { fqdns: ["x"] } } },
      ],
    },
  }),
  [targetId]: ok({ properties: { publicNetworkAccess: "Disabled" } }),
};

interface Lab {
  readonly deps: ProbeDependencies;
  readonly view: NetworkView;
  /** ids that ARM was asked for */
  readonly asked: string[];
}

/** One TLS server that stands for both ends, the private one and the public one. */
async function openLab(
  test: TestContext,
  { answer = forbidden, certifiedFor = fqdn }: { answer?: RequestListener; certifiedFor?: string } = {},
): Promise<Lab> {
  const authority = await createAuthority();
  const context = await authority.contextFor(certifiedFor);
  const server = createServer({ SNICallback: (_name, done) => done(null, context) }, answer);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const direct = createDirectNetworkView();
  const asked: string[] = [];
  const view: NetworkView = {
    resolve: async (_name, from) => ({
      status: "answered",
      addresses: [from.kind === "internet" ? "192.0.2.1" : "10.0.0.4"],
    }),
    connect: (_address, _port, from, signal) => direct.connect("127.0.0.1", port, from, signal),
    authorities: async () => authority.pem,
  };
  const arm: ProbeDependencies["arm"] = {
    get: async (id) => {
      asked.push(id);
      return azureObjects[id] ?? { status: "missing", message: "404" };
    },
  };
  return { deps: { view, arm, clock: systemClock }, view, asked };
}

const forbidden: RequestListener = (_request, response) => response.writeHead(403).end();
const silent = <T>(): Promise<T> => new Promise<T>(() => {});

function outcome(result: ProbeResult): string {
  return result.status === "ok" ? "ok" : `${result.status} ${result.failedLayer} ${result.reason}`;
}

describe("a probe", () => {
  it("reads Azure's own shapes, and the interface's address for this name", async (test) => {
    const { deps, asked } = await openLab(test);
    const result = await probeEndpoint(request, deps);
    assert.equal(outcome(result), "ok", JSON.stringify(result));
    assert.equal(result.layers[0]?.detail, "Approved, at 10.0.0.4");
    assert.deepEqual(asked, [endpointId, nicId, targetId]);
  });

  it("is told the addresses that it must find, and then asks for no interface", async (test) => {
    const { deps, asked } = await openLab(test);
    const result = await probeEndpoint({ ...request, expectedAddresses: ["10.0.0.9"] }, deps);
    assert.equal(outcome(result), "failed dns DnsWrongAddress");
    assert.deepEqual(asked, [endpointId]);
  });

  it("is unknown where ARM does not tell, and failed where it says that there is nothing", async (test) => {
    const { deps } = await openLab(test);
    const answers: [ArmAnswer, string][] = [
      [{ status: "throttled", retryAfterSeconds: 17, message: "" }, "unknown endpoint ArmThrottled"],
      [{ status: "unavailable", message: "away" }, "unknown endpoint ArmUnavailable"],
      [
        { status: "refused", httpStatus: 403, code: "AuthorizationFailed", message: "no" },
        "unknown endpoint ArmRefused",
      ],
      [{ status: "missing", message: "" }, "failed endpoint NotFound"],
      [ok({ properties: {} }), "unknown endpoint ArmAnswerUnreadable"],
      [ok({ properties: { subnet: { id: "s" } } }), "failed endpoint NoConnection"],
    ];
    for (const [answer, expected] of answers) {
      const result = await probeEndpoint(request, { ...deps, arm: { get: async () => answer } });
      assert.equal(outcome(result), expected);
    }
    const throttled = await probeEndpoint(request, {
      ...deps,
      arm: { get: async () => ({ status: "throttled", retryAfterSeconds: 17, message: "" }) },
    });
    assert.ok(throttled.status === "unknown");
    assert.match(throttled.message, /private endpoint pe: .* Probe again in 17 s/);
  });

  it("never hangs: a layer that is silent ends at its deadline, and is told", async (test) => {
    const { deps, view } = await openLab(test);
    const deadlinesMs = { endpoint: 50, dns: 50, tcp: 50, tls: 50 };
    const never: ProbeDependencies["arm"] = { get: silent };
    const cases: [Partial<ProbeDependencies>, string][] = [
      [{ arm: never }, "unknown endpoint TimedOut"],
      [{ view: { ...view, resolve: silent } }, "failed dns DnsTimedOut"],
      [{ view: { ...view, connect: silent } }, "failed tcp TcpTimedOut"],
      [{ view: { ...view, authorities: silent } }, "failed tls TlsTimedOut"],
    ];
    for (const [part, expected] of cases) {
      const startedMs = Date.now();
      assert.equal(outcome(await probeEndpoint(request, { ...deps, ...part, deadlinesMs })), expected);
      assert.ok(Date.now() - startedMs < 10_000);
    }
  });

  it("a look that throws is unknown, with what was thrown", async (test) => {
    const { deps, view } = await openLab(test);
    const resolve = () => Promise.reject(new Error("a fault of ours"));
    const result = await probeEndpoint(request, { ...deps, view: { ...view, resolve } });
    assert.equal(outcome(result), "unknown dns ProbeFailed");
    assert.match(result.layers.at(-1)?.detail ?? "", /a fault of ours/);
  });

  it("DNS that does not answer, and TCP that is refused, are faults of their layers", async (test) => {
    const { deps, view } = await openLab(test);
    const away = { ...view, resolve: async () => ({ status: "unavailable", message: "SERVFAIL" }) as const };
    assert.equal(outcome(await probeEndpoint(request, { ...deps, view: away })), "failed dns DnsUnavailable");
    const shut = { ...view, connect: async () => ({ status: "refused", message: "reset" }) as const };
    assert.equal(outcome(await probeEndpoint(request, { ...deps, view: shut })), "failed tcp TcpRefused");
  });

  it("a certificate for another name, and one that nobody trusts, are faults of TLS", async (test) => {
    const { deps } = await openLab(test, { certifiedFor: "other.vault.azure.net" });
    assert.equal(outcome(await probeEndpoint(request, deps)), "failed tls CertificateNameMismatch");
    const { deps: good, view } = await openLab(test);
    const stranger = { ...view, authorities: async () => null };
    assert.equal(outcome(await probeEndpoint(request, { ...good, view: stranger })), "failed tls TlsFailed");
  });
});

describe("the public path", () => {
  const answering =
    (status: number): RequestListener =>
    (_request, response) =>
      response.writeHead(status).end();
  const detailOf = (result: ProbeResult): string => result.layers.at(-1)?.detail ?? "";

  it("that answers although ARM says that it is closed is a fault", async (test) => {
    const { deps } = await openLab(test, { answer: answering(200) });
    const result = await probeEndpoint(request, deps);
    assert.equal(outcome(result), "failed public PublicPathAnswers");
    assert.match(detailOf(result), /kv\.vault\.azure\.net answers 200 from the internet at 192\.0\.2\.1/);
  });

  it("that asks to sign in says nothing, that cuts the line is closed", async (test) => {
    const asks = await openLab(test, { answer: answering(401) });
    const asked = await probeEndpoint(request, asks.deps);
    assert.equal(outcome(asked), "ok");
    assert.match(detailOf(asked), /asks the internet to sign in, and says no more/);
    const cuts = await openLab(test, { answer: (incoming) => incoming.socket.destroy() });
    assert.match(detailOf(await probeEndpoint(request, cuts.deps)), /cuts requests from the internet/);
  });

  it("that nobody can look at is judged by ARM alone, and detail and condition say so", async (test) => {
    const { deps, view } = await openLab(test);
    const direct = createDirectNetworkView();
    const blind: NetworkView = {
      ...view,
      resolve: (name, from, signal) => (from.kind === "internet" ? direct : view).resolve(name, from, signal),
    };
    const told = await probeEndpoint(request, { ...deps, view: blind });
    assert.equal(outcome(told), "ok");
    assert.match(
      detailOf(told),
      /^by ARM's word, publicNetworkAccess is Disabled; the public path was not tried: the service looks from inside/,
    );
    const tried = await probeEndpoint(request, deps);
    const kept = (endpoint: string, { layers }: ProbeResult) => ({
      ...{ endpoint, layers, stack: "network-eastus-keyvault", at: "2026-01-01T00:00:00Z", runId: null },
      ...({ status: "ok", failedLayer: null, reason: null, message: null } as const),
    });
    const messageOf = (...probes: ReturnType<typeof kept>[]) => reachableCondition(probes)?.message;
    assert.equal(
      messageOf(kept("pe-a", told)),
      "Probed privately, and closed to the internet by ARM's word: pe-a.",
    );
    assert.equal(
      messageOf(kept("pe-a", told), kept("pe-b", tried)),
      "Probed privately and refused publicly: pe-b. Probed privately, and closed to the internet by ARM's word: pe-a.",
    );
  });

  it("that is silent is closed, within the layer's time", async (test) => {
    const { deps, view } = await openLab(test);
    const connect: NetworkView["connect"] = (address, port, from, signal) =>
      from.kind === "internet" ? silent() : view.connect(address, port, from, signal);
    const result = await probeEndpoint(request, { ...deps, view: { ...view, connect } });
    assert.equal(outcome(result), "ok");
    assert.match(detailOf(result), /does not connect from the internet/);
  });

  it("a target that says nothing of public access is open, as Azure takes it", async (test) => {
    const { deps } = await openLab(test);
    const arm: ProbeDependencies["arm"] = {
      get: async (id, options) => (id === targetId ? ok({ properties: {} }) : deps.arm.get(id, options)),
    };
    assert.equal(
      outcome(await probeEndpoint(request, { ...deps, arm })),
      "failed public PublicAccessEnabled",
    );
  });
});

describe("the direct view of the network", () => {
  it("connects, is refused, gives up when told to, and sees nothing of the internet's side", async (test) => {
    const { view: lab } = await openLab(test);
    const view = createDirectNetworkView();
    const inside = { kind: "subnet", id: "s" } as const;
    const signal = AbortSignal.timeout(5_000);
    const opened = await lab.connect("", 0, inside, signal);
    assert.ok(opened.status === "connected");
    opened.socket.destroy();
    assert.equal((await view.connect("127.0.0.1", 1, inside, signal)).status, "refused");
    const unknown = await view.resolve(fqdn, { kind: "internet" }, signal);
    assert.equal(unknown.status, "unavailable");
    // a documentation address: whatever the machine's network makes of it, the signal ends it
    const started = Date.now();
    await view.connect("192.0.2.1", 443, inside, AbortSignal.timeout(50)).catch(() => null);
    assert.ok(Date.now() - started < 10_000);
  });
});
