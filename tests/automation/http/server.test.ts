import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type HttpServer, openHttpServer } from "../../../automation/http/server.ts";
import type { Services } from "../../../automation/http/services.ts";
import type { Logger } from "../../../automation/log.ts";

describe("the HTTP server", () => {
  let server: HttpServer;
  let logged: unknown[];

  beforeEach(async () => {
    logged = [];
    const log: Logger = {
      child: () => log,
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (fields, text) => logged.push({ text, ...fields }),
    };
    // Only what these tests call.
    const services = {
      store: { getJob: () => Promise.reject(new Error("SQLITE_CORRUPT in /srv/metadata.db")) },
      readiness: async () => ({ status: "unavailable", cloud: "sandbox", checks: [] }),
    } as unknown as Services;
    server = await openHttpServer({ port: 0, services, log });
  });
  afterEach(() => server.close());
  const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);

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

  it("says which port is taken and what to do", async () => {
    const second = openHttpServer({ port: server.port, services: {} as Services, log: {} as Logger });
    await assert.rejects(second, new RegExp(`Port ${server.port} is taken .* PORT`));
  });
});
