/** Where the command line looks for its service, and what it says of one that is not there or is no Rowgate. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { followRun } from "../../../automation/cli/follow-run.ts";
import { openService } from "../../../automation/cli/service-client.ts";
import { saidBy, startRowgate } from "../../support/command-line.ts";

const event = (id: number, name: string, data: unknown): string =>
  `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const step = (urn: string) => ({ operation: "create", urn, type: "t", status: "done" });
const ended = {
  runId: "r1",
  stack: "job-eastus-201",
  kind: "update",
  reason: "requested",
  status: "succeeded",
  requestId: null,
  traceId: "0".repeat(32),
  queuedAt: "2026-03-02T12:00:00.000Z",
  startedAt: null,
  endedAt: null,
  changes: {},
  failure: null,
};

describe("the command line and its service", () => {
  let home: string;
  let server: Server;
  let url: string;
  /** Last-Event-ID of each call, and what each gets; then the connection is cut. */
  let asked: (string | undefined)[];
  let answers: string[];

  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), "rowgate-"));
    asked = [];
    answers = [];
    server = createServer((request, response) => {
      asked.push(request.headers["last-event-id"]?.toString());
      response.write(answers.shift() ?? "<html>hello</html>", () => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.close();
    await rm(home, { recursive: true });
  });

  const say = (environment: Readonly<Record<string, string>>) =>
    saidBy(startRowgate(home, ["engine", "status"], environment));

  it("ROWGATE_URL comes before the service of the home, which comes before the port", async () => {
    const inHome = "http://127.0.0.1:2";
    const where = async (environment: Record<string, string>) => (await say(environment)).err;
    assert.match(await where({}), / at http:\/\/127\.0\.0\.1:1\. /);
    await writeFile(path.join(home, "service.json"), JSON.stringify({ url: inHome }));
    assert.match(await where({}), / at http:\/\/127\.0\.0\.1:2\. /);
    assert.match(await where({ ROWGATE_URL: "http://127.0.0.1:3" }), / at http:\/\/127\.0\.0\.1:3\. /);
  });

  it("an address that is none is told, with one that could be", async () => {
    const { code, out, err } = await say({ ROWGATE_URL: "nonsense" });
    assert.deepEqual([code, out], [1, ""]);
    assert.equal(
      err,
      "rowgate: nonsense is no address of a service. Set ROWGATE_URL to one like http://127.0.0.1:8080.\n",
    );
  });

  for (const address of [
    "http://ana:hunter2@127.0.0.1:1",
    "http://hunter2@127.0.0.1:1/",
    "ana:hunter2@127.0.0.1:1",
    "http://ana:hunter2@127.0.0.1:99999",
  ]) {
    it(`an address with a password is refused, and nothing of it is told: ${address}`, async () => {
      const { code, out, err } = await say({ ROWGATE_URL: address });
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, /^rowgate: The address .* no sign-in yet\. Set ROWGATE_URL to one like \S+\n$/);
      for (const secret of ["ana", "hunter2"]) assert.ok(!err.includes(secret), err);
    });
  }

  it("a path and a query of the address are not called, and not told either", async () => {
    const { err } = await say({ ROWGATE_URL: "http://127.0.0.1:1/sub?token=hunter2" });
    assert.match(err, / at http:\/\/127\.0\.0\.1:1\. /);
  });

  it("a connection that is cut in the middle of an answer is told in one line", async () => {
    const { code, err } = await say({ ROWGATE_URL: url });
    assert.equal(code, 1);
    assert.match(err, /^rowgate: No service answers at [^\n]*\n$/);
  });

  it("an answer that is not Rowgate's is told in one line", async () => {
    server.removeAllListeners("request");
    server.on("request", (_request, response) => response.end("<html>hello</html>"));
    const { code, err } = await say({ ROWGATE_URL: url });
    assert.deepEqual(
      [code, err],
      [1, "rowgate: The service answers in a form that is not known here. Run both from one checkout.\n"],
    );
  });

  it("a run is followed over connections that break, from the last step seen", async () => {
    answers = [
      event(1, "step", step("urn:a")) + event(2, "step", step("urn:b")).slice(0, -1),
      "",
      event(2, "step", step("urn:b")) + event(2, "ended", ended),
    ];
    const seen: string[] = [];
    const service = await openService(home, { ROWGATE_URL: url });
    assert.deepEqual(await followRun(service, "r1", ({ urn }) => seen.push(urn)), ended);
    assert.deepEqual(seen, ["urn:a", "urn:b"]);
    assert.deepEqual(asked, [undefined, "1", "1"]);
  });
});
