/** Private endpoints of a real roll-out, broken from outside: the probe names the layer, and sees it mended. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ProbeBody } from "../../automation/http/contract.ts";
import { rowgate } from "../support/command-line.ts";
import { makeHome, removeHome, TestService, until } from "../support/service.ts";
import { job } from "../support/small-rows.ts";
import { endpointRow, privateEnvironment, resourceGroupId } from "./private-rows.ts";

const stacks = ["network-private-databricks", "network-private-keyvault", "network-private-sql"];

describe("the reach of private endpoints", () => {
  let service: TestService;

  before(async () => {
    service = new TestService(
      await makeHome([
        privateEnvironment,
        job(201),
        endpointRow("Databricks", "pe-databricks"),
        endpointRow("KeyVault", "pe-vault"),
        endpointRow("SQL", "pe-sql"),
      ]),
    );
    // no probe but those after runs, and those that are asked for
    await service.start({ ROWGATE_PROBE_SECONDS: "0" });
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const reachable = async (stack: string) => {
    const { conditions } = await service.get<{
      conditions: { type: string; status: string; reason: string; message: string }[];
    }>(`/api/stacks/${stack}`);
    return conditions.find(({ type }) => type === "Reachable");
  };
  const reconcile = async (stack: string): Promise<void> => {
    const asked = await service.fetch(`/api/stacks/${stack}/reconcile`, { method: "POST" });
    assert.equal(asked.status, 202);
    const where = asked.headers.get("location") ?? "";
    await until(`${stack} is reconciled`, async () => (await service.fetch(where)).status === 200);
    const { status } = await service.get<{ status: string }>(where);
    assert.equal(status, "succeeded");
  };
  const one = async (type: string, part: string): Promise<string> => {
    const found = (await service.objects(`?type=${encodeURIComponent(type)}`)).filter(({ id }) =>
      id.toLowerCase().includes(part.toLowerCase()),
    );
    assert.equal(found.length, 1, `${type} ${part}: ${found.map(({ id }) => id).join()}`);
    return found[0]?.id ?? "";
  };
  /** `rowgate probe` of one endpoint says that this layer fails, and how to mend it. */
  const fails = async (endpoint: string, layer: string, reason: string, fix: RegExp): Promise<void> => {
    const said = await rowgate(service.home, "probe", endpoint);
    assert.equal(said.code, 1, said.out + said.err);
    const [, line = "", ...more] = said.out.trimEnd().split("\n");
    assert.deepEqual(more, []);
    assert.match(line, new RegExp(`^${endpoint} +network-private-\\w+ +failed +${layer} +`));
    assert.match(line, fix);
    const condition = await reachable(line.split(/ +/)[1] ?? "");
    assert.deepEqual([condition?.status, condition?.reason], ["False", reason]);
    assert.match(condition?.message ?? "", new RegExp(`^${endpoint}, ${layer} layer: `));
  };
  const isWell = async (endpoint: string): Promise<void> => {
    const said = await rowgate(service.home, "probe", endpoint);
    assert.equal(said.code, 0, said.out + said.err);
    assert.match(said.out, new RegExp(`\\n${endpoint} +network-private-\\w+ +ok +`));
    const { probes } = await service.get<{ probes: ProbeBody[] }>("/api/probes");
    const stack = probes.find((probe) => probe.endpoint === endpoint)?.stack ?? "";
    assert.equal((await reachable(stack))?.status, "True");
  };

  it("is probed by itself after each network run, with every layer well", async () => {
    for (const stack of stacks)
      await until(`${stack} is probed`, async () => (await reachable(stack)) !== undefined);
    const { probes } = await service.get<{ probes: ProbeBody[] }>("/api/probes");
    assert.deepEqual(
      probes.map(({ stack, endpoint, status }) => [stack, endpoint, status]),
      [
        ["network-private-databricks", "pe-databricks", "ok"],
        ["network-private-keyvault", "pe-vault", "ok"],
        ["network-private-sql", "pe-sql", "ok"],
      ],
    );
    for (const { stack, runId, layers } of probes) {
      assert.equal(runId, service.runs(stack).at(-1)?.run_id);
      assert.deepEqual(
        layers.map(({ layer, status }) => `${layer} ${status}`),
        ["endpoint ok", "dns ok", "tcp ok", "tls ok", "public ok"],
      );
      assert.equal((await reachable(stack))?.status, "True");
    }
  });

  it("is told by one command for all, and as history of one stack", async () => {
    const said = await rowgate(service.home, "probe");
    assert.equal(said.code, 0, said.err);
    assert.equal(said.out.trimEnd().split("\n").length, 1 + stacks.length);
    const { probes } = await service.get<{ probes: ProbeBody[] }>("/api/probes?stack=network-private-sql");
    assert.deepEqual(
      probes.map(({ runId }) => runId === null),
      [true, false],
      "newest first: the command's, then the run's",
    );
    const json = JSON.parse((await rowgate(service.home, "probe", "pe-sql", "-o", "json")).out);
    assert.deepEqual([json.length, json[0].endpoint, json[0].status], [1, "pe-sql", "ok"]);
  });

  it("fails at dns where a zone is linked to no network, until a reconcile links it", async () => {
    await service.deleteObject(
      await one("azure-native:privatedns:VirtualNetworkLink", "privatelink.vaultcore.azure.net/"),
    );
    await fails("pe-vault", "dns", "DnsPublicAnswer", /is not linked to the network\. Link it\./);
    await isWell("pe-sql");
    await reconcile("platform-private");
    await isWell("pe-vault");
  });

  it("fails at the endpoint where the target's owner rejects it, until it is approved", async () => {
    const id = await one("azure-native:sql:PrivateEndpointConnection", "/pe-sql.");
    const judge = (status: string) =>
      service.setObject(id, { privateLinkServiceConnectionState: { status, description: "by hand" } });
    await judge("Rejected");
    await fails(
      "pe-sql",
      "endpoint",
      "ConnectionRejected",
      /is Rejected \(by hand\).*Have the target's owner/,
    );
    await judge("Approved");
    await isWell("pe-sql");
  });

  it("fails at the public path where public access was left on, until a reconcile closes it", async () => {
    const id = await one("azure-native:keyvault:Vault", `${resourceGroupId}/`);
    await service.setObject(id, { properties: { publicNetworkAccess: "enabled" } });
    await fails("pe-vault", "public", "PublicAccessEnabled", /is open to the internet.*Set it to Disabled/);
    await reconcile("platform-private");
    await isWell("pe-vault");
  });

  it("fails at dns where a record has another address, until it has the endpoint's again", async () => {
    const id = await one("azure-native:privatedns:PrivateRecordSet", "privatelink.azuredatabricks.net/A/");
    const [record] = (await service.objects()).filter((object) => object.id === id);
    const before = record?.body.aRecords;
    await service.setObject(id, { aRecords: [{ ipv4Address: "10.40.0.60" }] });
    await fails(
      "pe-databricks",
      "dns",
      "DnsWrongAddress",
      /is 10\.40\.0\.60 for subnet snet-databricks-host/,
    );
    await service.setObject(id, { aRecords: before });
    await isWell("pe-databricks");
  });

  it("is counted for Prometheus by the layer that did not pass", async () => {
    const text = await (await service.fetch("/metrics")).text();
    const failed = text.split("\n").filter((line) => line.startsWith('rowgate_probes_total{status="failed"'));
    assert.deepEqual(failed.toSorted(), [
      'rowgate_probes_total{status="failed",layer="dns"} 2',
      'rowgate_probes_total{status="failed",layer="endpoint"} 1',
      'rowgate_probes_total{status="failed",layer="public"} 1',
    ]);
  });

  it("of what is not there is refused with what there is", async () => {
    const post = async (stack: string, body: unknown = {}) => {
      const response = await service.fetch(`/api/stacks/${stack}/probe`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return [response.status, ((await response.json()) as { code: string }).code];
    };
    assert.deepEqual(await post("network-private-nothing"), [404, "StackNotFound"]);
    assert.deepEqual(await post("platform-private"), [409, "NothingToProbe"]);
    assert.deepEqual(await post("network-private-sql", { endpoint: "pe" }), [404, "EndpointNotFound"]);
    const said = await rowgate(service.home, "probe", "pe-nobody");
    assert.deepEqual([said.code, said.out], [1, ""]);
    assert.match(said.err, /no stack pe-nobody, and no private endpoint of that name/);
  });
});
