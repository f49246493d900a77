import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { apiVersionOf } from "../../../automation/azure/api-versions.ts";
import { type ArmClientOptions, createArmClient } from "../../../automation/azure/arm-client.ts";

const vault = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv";

async function serve(test: TestContext, answer: RequestListener, options: Partial<ArmClientOptions> = {}) {
  const server = createServer(answer);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return createArmClient({ url: async () => `http://127.0.0.1:${port}`, ...options });
}

const text = async (request: IncomingMessage): Promise<string> => {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
};

describe("calls to Azure Resource Manager", () => {
  it("name the version of the type's API, carry the token, and send JSON", async (test) => {
    const seen: unknown[] = [];
    const client = await serve(
      test,
      async (request, response) => {
        const { authorization, "content-type": type } = request.headers;
        seen.push([request.method, request.url, authorization, type, await text(request)]);
        response.writeHead(200).end(JSON.stringify({ name: "kv" }));
      },
      { token: async () => "t" },
    );
    assert.deepEqual(await client.get(vault), {
      status: "ok",
      httpStatus: 200,
      body: { name: "kv" },
      operationUrl: null,
    });
    await client.put(
      `${vault}/privateEndpointConnections/c d`,
      { properties: {} },
      { apiVersion: "2020-01-01" },
    );
    await client.post(`${vault}/start`);
    assert.deepEqual(seen, [
      ["GET", `${vault}?api-version=2024-11-01`, "Bearer t", undefined, ""],
      [
        "PUT",
        `${vault}/privateEndpointConnections/c%20d?api-version=2020-01-01`,
        "Bearer t",
        "application/json",
        '{"properties":{}}',
      ],
      ["POST", `${vault}/start?api-version=2024-11-01`, "Bearer t", undefined, ""],
    ]);
  });

  it("every answer is a value: what it means for the caller, and ARM's own words", async (test) => {
    let next = { status: 200, headers: {} as Record<string, string>, body: "" };
    const client = await serve(test, (_request, response) => {
      response.writeHead(next.status, next.headers).end(next.body);
    });
    const answer = (status: number, headers: Record<string, string> = {}) => {
      const body = JSON.stringify({ error: { code: "Code", message: "Words." } });
      next = { status, headers, body };
      return client.get(vault);
    };
    const message = (status: number) => `Azure Resource Manager answered ${status} Code for ${vault}: Words.`;
    assert.deepEqual(await answer(404), { status: "missing", message: message(404) });
    assert.deepEqual(await answer(409), {
      status: "refused",
      httpStatus: 409,
      code: "Code",
      message: message(409),
    });
    assert.deepEqual(await answer(503), { status: "unavailable", message: message(503) });
    assert.deepEqual(await answer(429, { "retry-after": "17" }), {
      status: "throttled",
      retryAfterSeconds: 17,
      message: message(429),
    });
    const dated = await answer(429, { "retry-after": new Date(Date.now() + 60_000).toUTCString() });
    assert.ok(dated.status === "throttled" && dated.retryAfterSeconds !== null);
    assert.ok(dated.retryAfterSeconds > 50 && dated.retryAfterSeconds <= 60);
    const silent = await answer(429);
    assert.ok(silent.status === "throttled" && silent.retryAfterSeconds === null);
  });

  it("a long-running operation tells where it is followed", async (test) => {
    const client = await serve(test, (_request, response) => {
      response.writeHead(202, { "azure-asyncoperation": "/operations/1", location: "/results/1" }).end();
    });
    assert.deepEqual(await client.put(vault, {}), {
      status: "ok",
      httpStatus: 202,
      body: null,
      operationUrl: "/operations/1",
    });
  });

  it("no answer, in time or at all, is unavailable", async (test) => {
    const hanging = await serve(test, () => {}, { timeoutMs: 50 });
    assert.equal((await hanging.get(vault)).status, "unavailable");
    const patient = await serve(test, () => {});
    assert.equal((await patient.get(vault, { signal: AbortSignal.timeout(50) })).status, "unavailable");
    const cut = await serve(test, (request) => request.socket.destroy());
    assert.equal((await cut.get(vault)).status, "unavailable");
    const signedOut = await serve(test, () => {}, { token: () => Promise.reject(new Error("no identity")) });
    const answer = await signedOut.get(vault);
    assert.ok(answer.status === "unavailable");
    assert.match(answer.message, /no identity/);
  });

  it("a type without a known version is a fault of the caller", async (test) => {
    const client = await serve(test, () => {});
    await assert.rejects(client.get("/subscriptions/s/providers/Microsoft.Other/things/t"), /No API version/);
  });

  it("children take their parent's version, and private zones have their own", () => {
    assert.equal(apiVersionOf(`${vault}/privateEndpointConnections/c`), "2024-11-01");
    const network = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network";
    assert.equal(apiVersionOf(`${network}/privateEndpoints/pe`), "2024-05-01");
    assert.equal(apiVersionOf(`${network}/privateDnsZones/z/A/r`), "2024-06-01");
  });
});
