import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { sandboxAccess } from "../../../automation/azure/cloud-access.ts";
import { createDirectory } from "../../../automation/directory/directory.ts";
import type { Directory } from "../../../automation/reconcile/names-needed.ts";

describe("the directory", () => {
  let server: Server;
  let calls: URL[];
  let reply: { status: number; body: unknown };
  let nowMs: number;
  let directory: Directory;

  beforeEach(async () => {
    calls = [];
    nowMs = 0;
    reply = { status: 200, body: { value: [{ id: "id-1" }] } };
    server = createServer((request, response) => {
      calls.push(new URL(request.url ?? "", "http://localhost"));
      response.writeHead(reply.status, { Connection: "close" }).end(JSON.stringify(reply.body));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    directory = createDirectory({
      clouds: sandboxAccess(async () => url),
      clock: { monotonicMs: () => nowMs, sleep: async () => {} },
    });
  });
  afterEach(() => void server.close());
  const group = async (name = "ds_team") => {
    const answer = await directory.lookUp({ kind: "group", name });
    // What is not found is noted in the cache a turn after its answer.
    await turn();
    return answer;
  };

  it("finds a group by its display name and a person by theirs", async () => {
    assert.deepEqual(await group(), { status: "found", objectId: "id-1" });
    await directory.lookUp({ kind: "user", name: "ada@contoso.example" });
    assert.deepEqual(
      calls.map((url) => [url.pathname, url.searchParams.get("$filter")]),
      [
        ["/v1.0/groups", "displayName eq 'ds_team'"],
        ["/v1.0/users", "userPrincipalName eq 'ada@contoso.example'"],
      ],
    );
  });

  it("doubles a quote in a name, so that it stays a name", async () => {
    await group("o'hara' or '1' eq '1");
    const filter = calls[0]?.searchParams.get("$filter");
    assert.equal(filter, "displayName eq 'o''hara'' or ''1'' eq ''1'");
  });

  it("says missing for none and ambiguous for more than one", async () => {
    reply.body = { value: [] };
    assert.deepEqual(await group("a"), { status: "missing" });
    reply.body = { value: [{ id: "1" }, { id: "2" }] };
    assert.deepEqual(await group("b"), { status: "ambiguous", objectIds: ["1", "2"] });
  });

  it("asks ARM for a resource or a secret by its id", async () => {
    const name = "/subscriptions/1/vaults/v/secrets/token";
    assert.deepEqual(await directory.lookUp({ kind: "secret", name }), { status: "found", objectId: name });
    assert.equal(calls[0]?.pathname, name);
    assert.ok(calls[0]?.searchParams.has("api-version"));
    reply.status = 404;
    assert.deepEqual(await directory.lookUp({ kind: "resource", name: "/x" }), { status: "missing" });
  });

  it("asks ARM for the administrators of an SQL server, which it tells nobody else", async () => {
    const id = "/subscriptions/1/resourceGroups/g/providers/Microsoft.Sql/servers/sql-shared";
    for (const name of [id, id.toUpperCase(), `${id}/databases/metadata`])
      await directory.lookUp({ kind: "resource", name });
    const expand = "administrators/activedirectory";
    // The second is the first in another case: it was kept.
    assert.deepEqual(
      calls.map((url) => [url.pathname, url.searchParams.get("$expand")]),
      [
        [id, expand],
        [`${id}/databases/metadata`, null],
      ],
    );
  });

  it("keeps what was found for a minute, whatever the case of the name", async () => {
    await group();
    nowMs = 59_999;
    await group("DS_Team");
    assert.equal(calls.length, 1);
    nowMs = 60_001;
    await group();
    assert.equal(calls.length, 2);
  });

  it("asks again after five seconds for what was missing", async () => {
    reply.body = { value: [] };
    await group();
    reply.body = { value: [{ id: "id-1" }] };
    nowMs = 4_999;
    assert.equal((await group()).status, "missing");
    nowMs = 5_001;
    assert.equal((await group()).status, "found");
  });

  it("asks once for those who ask at the same time", async () => {
    await Promise.all([group(), group(), group()]);
    assert.equal(calls.length, 1);
  });

  it("says unavailable, and never missing, when nobody could say", async () => {
    reply.status = 500;
    assert.deepEqual(await group("a"), { status: "unavailable", message: "Microsoft Graph answered 500" });
    const resource = await directory.lookUp({ kind: "resource", name: "/x" });
    assert.deepEqual(resource, {
      status: "unavailable",
      message: "Azure Resource Manager answered 500 for /x",
    });
    reply = { status: 200, body: { error: "odd" } };
    assert.equal((await group("b")).status, "unavailable");
    server.close();
    await once(server, "close");
    assert.equal((await group("c")).status, "unavailable");
  });
});
