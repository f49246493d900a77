/** What an operator and Data Factory do over HTTP, against a real service. */
import assert from "node:assert/strict";
import { get } from "node:http";
import { after, before, describe, it } from "node:test";
import { makeHome, removeHome, TestService, until } from "../support/service.ts";
import { cluster, environment, job, policy } from "../support/small-rows.ts";

interface Accepted {
  readonly request: string;
  readonly runs: readonly { readonly id: string; readonly stack: string }[];
}
interface RequestAnswer {
  readonly status: string;
  readonly runs: readonly {
    readonly runId: string;
    readonly stack: string;
    readonly status: string;
    readonly kind: string;
  }[];
}

const jobType = "databricks:index/job:Job";

describe("requests over HTTP", () => {
  let service: TestService;

  before(async () => {
    service = new TestService(
      await makeHome([
        environment(),
        job(201),
        cluster(201, 1, 2),
        policy(201, ["execute_inference", "read_model"]),
      ]),
    );
    await service.start();
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  /** Posts an action, follows Location until it is not 202 any more. */
  async function act(
    action: string,
  ): Promise<{ accepted: Accepted; answer: RequestAnswer; pending: number }> {
    const response = await service.fetch(`/api/jobs/201/${action}`, { method: "POST" });
    assert.equal(response.status, 202);
    const accepted = (await response.json()) as Accepted;
    const location = response.headers.get("location") ?? "";
    assert.equal(location, `/api/requests/${accepted.request}`);
    let pending = 0;
    let last = await service.fetch(location);
    await until("the request ends", async () => {
      if (last.status !== 202) return true;
      pending += 1;
      last = await service.fetch(location);
      return false;
    });
    assert.equal(last.status, 200);
    return { accepted, answer: (await last.json()) as RequestAnswer, pending };
  }
  const bodies = async (): Promise<string> =>
    JSON.stringify((await service.objects()).map(({ id, body }) => [id, body]));
  const driftOf = async (stack: string): Promise<string | undefined> => {
    const { stacks } = await service.get<{
      stacks: { stack: string; conditions: { type: string; status: string }[] }[];
    }>("/api/jobs/201");
    return stacks.find((each) => each.stack === stack)?.conditions.find(({ type }) => type === "Drifted")
      ?.status;
  };

  it("the service is healthy and ready, and says that it is a sandbox", async () => {
    const health = await service.fetch("/healthz");
    assert.equal(health.status, 200);
    assert.equal(health.headers.get("x-rowgate-cloud"), "sandbox");
    const ready = await service.get<{ status: string; checks: { name: string; ok: boolean }[] }>("/readyz");
    assert.deepEqual(
      ready.checks.map(({ name, ok }) => [name, ok]),
      [
        ["database", true],
        ["state", true],
        ["engine", true],
        ["clouds", true],
        ["slots", true],
      ],
    );
  });

  it("the bare address says where to look, and each place is there", async () => {
    const { look } = await service.get<{ look: string[] }>("/");
    assert.ok(look.length > 0);
    for (const route of look) assert.equal((await service.fetch(route)).status, 200, route);
  });

  it("the outputs of a job are one object, with the run that made them", async () => {
    const answer = await service.get<Record<string, unknown>>("/api/jobs/201/outputs");
    const [run] = service.runs("job-eastus-201");
    assert.equal(answer.stale, false);
    assert.equal(answer.runId, run?.run_id);
    assert.equal(answer.asOf, run?.ended_at);
    const outputs = answer.outputs as Record<string, unknown>;
    assert.equal(outputs.job_id, 201);
    assert.match(String(outputs.databricks_job_id), /^\d+$/);
    assert.equal(outputs.model_full_name, "ml.models.job_201");
  });

  it("preview runs every stack of the job dry and changes nothing", async () => {
    const before = await bodies();
    const { accepted, answer, pending } = await act("preview");
    assert.deepEqual(
      accepted.runs.map(({ stack }) => stack).toSorted(),
      answer.runs.map(({ stack }) => stack).toSorted(),
    );
    assert.equal(accepted.runs.length, 3);
    assert.ok(pending > 0, "Location answers 202 while runs are under way");
    assert.deepEqual(
      [...new Set(answer.runs.map(({ kind, status }) => `${kind} ${status}`))],
      ["preview succeeded"],
    );
    assert.equal(await bodies(), before);
  });

  it("refresh finds what a person changed in the cloud, tells Drifted and restores nothing", async () => {
    const [object] = await service.objects(`?type=${encodeURIComponent(jobType)}`);
    assert.ok(object);
    await service.setObject(object.id, { name: "renamed by hand" });
    const { answer } = await act("refresh");
    assert.equal(answer.status, "succeeded");
    assert.equal(await driftOf("job-eastus-201"), "True");
    assert.equal(await driftOf("acl-eastus-job-201"), "False");
    assert.match(await bodies(), /renamed by hand/);
  });

  it("reconcile restores it", async () => {
    const { answer } = await act("reconcile");
    assert.equal(answer.status, "succeeded");
    assert.doesNotMatch(await bodies(), /renamed by hand/);
    assert.equal(await driftOf("job-eastus-201"), undefined);
  });

  it("live events number each step, end with the run, and resume after the last one seen", async () => {
    service.sql("UPDATE Cluster_Configs SET max_workers = 5 WHERE job_id = 201");
    await until("a run began", () => service.runs("job-eastus-201").at(-1)?.reason === "spec-changed");
    const id = service.runs("job-eastus-201").at(-1)?.run_id;
    const text = await (await service.fetch(`/api/runs/${id}/events`)).text();
    const events = [...text.matchAll(/^id: (\d+)\nevent: (\w+)$/gm)].map(
      ([, number, event]) => `${number} ${event}`,
    );
    const steps = events.slice(0, -1);
    assert.ok(steps.length >= 2, text);
    assert.deepEqual(
      steps,
      steps.map((_, index) => `${index + 1} step`),
    );
    assert.match(events.at(-1) ?? "", /^\d+ ended$/);
    assert.match(text, /"operation":"update"/);
    const resumed = await service.fetch(`/api/runs/${id}/events`, { headers: { "Last-Event-ID": "1" } });
    assert.equal(await resumed.text(), text.slice(text.indexOf("id: 2\n")));
    const run = await service.get<{ status: string; stack: string }>(`/api/runs/${id}`);
    assert.equal(`${run.stack} ${run.status}`, "job-eastus-201 succeeded");
  });

  const faults = [
    ["GET", "/api/jobs/999", 404, "JobNotFound"],
    ["GET", "/api/jobs/abc", 400, "BadRequest"],
    ["GET", "/api/jobs?limit=0", 400, "BadRequest"],
    ["POST", "/api/jobs/999/reconcile", 404, "JobNotFound"],
    ["GET", "/api/jobs/999/outputs", 404, "JobNotFound"],
    ["GET", "/api/runs/none", 404, "RunNotFound"],
    ["GET", "/api/runs/none/events", 404, "RunNotFound"],
    ["GET", "/api/requests/none", 404, "RequestNotFound"],
    ["GET", "/nothing/here", 404, "RouteNotFound"],
    ["DELETE", "/api/jobs/201", 404, "RouteNotFound"],
    ["GET", "/api/jobs/%E0%A4%A", 400, "BadRequest"],
  ] as const;
  for (const [method, route, status, code] of faults) {
    it(`${method} ${route} answers ${status} ${code}, with the request's id`, async () => {
      const response = await service.fetch(route, { method });
      const body = (await response.json()) as Record<string, unknown>;
      assert.equal(response.status, status);
      assert.equal(body.code, code);
      assert.equal(body.requestId, response.headers.get("x-request-id"));
      assert.ok(typeof body.message === "string" && body.message.length > 20);
    });
  }

  it("a call under another host's name, or a write from another site's page, is refused", async () => {
    const port = new URL(service.url).port;
    const asHost = (host: string) =>
      new Promise<number>((resolve, reject) => {
        get({ host: "127.0.0.1", port, path: "/api/jobs", headers: { Host: host } }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        }).on("error", reject);
      });
    assert.equal(await asHost(`evil.example:${port}`), 403);
    assert.equal(await asHost(`localhost:${port}`), 200);
    for (const headers of [{ Origin: "http://evil.example" }, { "Sec-Fetch-Site": "cross-site" }]) {
      const response = await service.fetch("/api/jobs/201/refresh", { method: "POST", headers });
      assert.equal(response.status, 403, JSON.stringify(headers));
    }
  });

  it("without its clouds the service is alive, not ready, and says what is missing", async () => {
    await service.stopClouds();
    assert.equal((await service.fetch("/healthz")).status, 200);
    const response = await service.fetch("/readyz");
    assert.equal(response.status, 503);
    const { checks } = (await response.json()) as {
      checks: { name: string; ok: boolean; message: string }[];
    };
    assert.deepEqual(
      checks.filter(({ ok }) => !ok).map(({ name }) => name),
      ["clouds"],
    );
    assert.match(checks.find(({ ok }) => !ok)?.message ?? "", /simulated clouds do not answer/);
  });
});
