import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type HttpServer, openHttpServer } from "../../../automation/http/server.ts";
import type { Services } from "../../../automation/http/services.ts";
import { createLogger, type Logger } from "../../../automation/log.ts";
import { type AnsweredCall, noCalls } from "../../../automation/observe/call-observer.ts";
import { traceIdOfRequest } from "../../../automation/observe/trace-ids.ts";

describe("the HTTP server", () => {
  let server: HttpServer;
  let logged: unknown[];
  let answered: AnsweredCall[];

  beforeEach(async () => {
    logged = [];
    answered = [];
    const log: Logger = {
      child: () => log,
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (fields, text) => logged.push({ text, ...fields }),
    };
    // Only what these tests call.
    const services = {
      cloud: "sandbox",
      store: { getJob: () => Promise.reject(new Error("SQLITE_CORRUPT in /srv/metadata.db")) },
      readiness: async () => ({ status: "unavailable", cloud: "sandbox", checks: [] }),
      metrics: async () => ({ contentType: "text/plain; version=0.0.4; charset=utf-8", text: "up 1\n" }),
    } as unknown as Services;
    const calls = { ...noCalls, callAnswered: (call: AnsweredCall) => answered.push(call) };
    server = await openHttpServer({ port: 0, services, calls, log });
  });
  afterEach(() => server.close());
  const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);

  it("on Azure bears no mark of the sandbox", async () => {
    const services = { cloud: "azure" } as unknown as Services;
    const onAzure = await openHttpServer({
      port: 0,
      services,
      calls: noCalls,
      log: createLogger(null, "info"),
    });
    try {
      for (const route of ["/healthz", "/"]) {
        const response = await fetch(`http://127.0.0.1:${onAzure.port}${route}`);
        assert.equal(response.headers.get("x-rowgate-cloud"), "azure");
        const text = await response.text();
        assert.equal(JSON.parse(text).cloud, "azure");
        assert.doesNotMatch(text, /sandbox|201/);
      }
    } finally {
      await onAzure.close();
    }
  });

  it("answers with the sandbox's mark, a request id and no trace of its library", async () => {
    const response = await get("/healthz");
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { status: "ok", pid: process.pid, cloud: "sandbox" });
    assert.equal(response.headers.get("x-rowgate-cloud"), "sandbox");
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("x-powered-by"), null);
    assert.match(response.headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
    assert.notEqual(
      (await get("/healthz")).headers.get("x-request-id"),
      response.headers.get("x-request-id"),
    );
  });

  it("says 503 while something it needs is away", async () => {
    assert.equal((await get("/readyz")).status, 503);
  });

  it("names the route that does not exist", async () => {
    for (const [method, path] of [
      ["GET", "/api/nothing"],
      ["DELETE", "/api/jobs"],
    ] as const) {
      const response = await get(path, { method });
      const body = (await response.json()) as Record<string, unknown>;
      assert.deepEqual([response.status, body.code], [404, "RouteNotFound"]);
      assert.ok(String(body.message).includes(`${method} ${path}`));
      assert.equal(body.requestId, response.headers.get("x-request-id"));
    }
  });

  it("refuses what it cannot read as the caller's fault", async () => {
    for (const path of ["/api/jobs/%E0%A4%A", "/api/jobs/x"]) {
      const response = await get(path);
      assert.equal(response.status, 400);
      assert.equal(((await response.json()) as { code: string }).code, "BadRequest");
    }
    assert.deepEqual(logged, []);
  });

  it("keeps the cause of its own fault to its log, under the id that the caller gets", async () => {
    const response = await get("/api/jobs/201");
    const text = await response.text();
    assert.equal(response.status, 500);
    assert.equal(JSON.parse(text).code, "InternalError");
    assert.ok(!/SQLITE|srv/.test(text));
    const [entry] = logged as { requestId: string; err: Error }[];
    assert.equal(entry?.requestId, JSON.parse(text).requestId);
    assert.match(entry?.err.message ?? "", /SQLITE_CORRUPT/);
  });

  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const answers = async (count: number): Promise<readonly AnsweredCall[]> => {
    // The caller has its answer a moment before the server notes that it was sent.
    while (answered.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
    return answered;
  };

  it("takes part in the trace and under the request id that the caller gives", async () => {
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, "x-request-id": "adf-run-7.1" };
    const response = await get("/healthz", { headers });
    assert.equal(response.headers.get("x-request-id"), "adf-run-7.1");
    const [call] = await answers(1);
    assert.deepEqual(
      [call?.requestId, call?.traceId, call?.parentSpanId, call?.method, call?.route, call?.status],
      ["adf-run-7.1", traceId, "b7ad6b7169203331", "GET", "/healthz", 200],
    );
  });

  it("gives ids of its own where the caller's are none, and tells routes by their pattern", async () => {
    const odd = [
      { traceparent: `00-${"0".repeat(32)}-b7ad6b7169203331-01`, "x-request-id": "a b" },
      { traceparent: "junk", "x-request-id": "x".repeat(101) },
    ];
    for (const headers of odd) await get("/api/jobs/x", { headers });
    await get("/api/nothing/at/all");
    const calls = await answers(3);
    for (const { requestId, traceId: own, parentSpanId } of calls) {
      assert.match(requestId, /^[0-9a-f-]{36}$/);
      assert.deepEqual([own, parentSpanId], [traceIdOfRequest(requestId), null]);
    }
    assert.deepEqual(
      calls.map(({ route, status }) => [route, status]),
      [
        ["/api/jobs/:id", 400],
        ["/api/jobs/:id", 400],
        [null, 404],
      ],
    );
  });

  it("gives metrics as text with the type that Prometheus asks for", async () => {
    const response = await get("/metrics");
    assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.equal(await response.text(), "up 1\n");
  });

  it("says which port is taken and what to do", async () => {
    const services = {} as Services;
    const second = openHttpServer({ port: server.port, services, calls: noCalls, log: {} as Logger });
    await assert.rejects(second, new RegExp(`Port ${server.port} is taken .* PORT`));
  });
});
