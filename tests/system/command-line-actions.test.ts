/** `rowgate` asks for runs, follows jobs, and ends as it should, whatever happens to its reader or its service. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { access } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { parseAllDocuments } from "yaml";
import { rowgate, saidBy, startRowgate } from "../support/command-line.ts";
import { makeHome, removeHome, TestService, until } from "../support/service.ts";
import { cluster, environment, groupId, job, policy } from "../support/small-rows.ts";

const jobType = "databricks:index/job:Job";
const stacks = [`access-eastus-${groupId("ds_team")}`, "acl-eastus-job-201", "job-eastus-201"];

interface Request {
  readonly request: string;
  readonly status: string;
  readonly runs: readonly { readonly stack: string; readonly kind: string; readonly status: string }[];
}

describe("rowgate acts", () => {
  let service: TestService;

  before(async () => {
    service = new TestService(
      await makeHome([
        environment(),
        job(201),
        cluster(201, 1, 2),
        policy(201, ["execute_inference"]),
        job(202, { environment: "eastus" }),
        cluster(202, 1, 2),
      ]),
    );
    await service.start();
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const say = (...args: readonly string[]) => rowgate(service.home, ...args);
  const isDrifted = async (): Promise<boolean> => {
    const { code, out } = await say("get", "stacks", "--job", "201", "-o", "json");
    assert.equal(code, 0);
    type Stack = { stack: string; drifted: { status: string } | null };
    return (JSON.parse(out) as Stack[]).some(({ drifted }) => drifted?.status === "True");
  };

  for (const action of ["refresh", "preview", "reconcile"]) {
    it(`${action} names the request and a run of each stack, and does not wait`, async () => {
      const { code, out, err } = await say(action, "201", "-o", "json");
      assert.deepEqual([code, err], [0, ""]);
      const { request, runs } = JSON.parse(out) as { request: string; runs: { id: string; stack: string }[] };
      assert.deepEqual(runs.map(({ stack }) => stack).toSorted(), stacks);
      await service.settled();
      const ended = await service.get<Request>(`/api/requests/${request}`);
      const kind = action === "reconcile" ? "update" : action;
      assert.deepEqual(
        ended.runs.map((run) => `${run.kind} ${run.status}`),
        runs.map(() => `${kind} succeeded`),
      );
      const { out: table } = await say(action, "201");
      for (const stack of stacks) assert.match(table, new RegExp(`^[0-9a-f-]{36} +${stack}$`, "m"));
      await service.settled();
    });
  }

  it("refresh --wait finds what a person changed, and reconcile --wait restores it, telling each step", async () => {
    const jobs = await service.objects(`?type=${encodeURIComponent(jobType)}`);
    const object = jobs.find(({ name }) => name.startsWith("job-201 "));
    assert.ok(object);
    await service.setObject(object.id, { name: "renamed by hand" });
    const looked = await say("refresh", "201", "--wait", "-o", "json");
    assert.deepEqual([looked.code, looked.err], [0, ""]);
    const request = JSON.parse(looked.out) as Request;
    assert.deepEqual([request.status, request.runs.length], ["succeeded", 3]);
    assert.deepEqual(await service.get(`/api/requests/${request.request}`), request);
    assert.ok(await isDrifted());
    const lookedAgain = await say("refresh", "201", "--wait");
    assert.match(lookedAgain.out, /^job-eastus-201: \S+ was changed in the cloud$/m);
    assert.doesNotMatch(lookedAgain.out, /: update/);
    const restored = await say("reconcile", "201", "--wait");
    assert.deepEqual([restored.code, restored.err], [0, ""]);
    assert.match(restored.out, /^job-eastus-201: update \S+ done$/m);
    for (const stack of stacks) assert.match(restored.out, new RegExp(`^${stack} +succeeded +\\d`, "m"));
    assert.match(restored.out, /\nAll runs succeeded\.\n$/);
    assert.equal(await isDrifted(), false);
  });

  it("--wait ends with 1 when a run failed, and says which and why", async () => {
    const fault = { type: jobType, call: "read", nth: 1, times: 1000, code: "InvalidParameter" };
    await service.addFault({ ...fault, message: "planted" });
    const { code, out, err } = await say("reconcile", "201", "--wait");
    assert.deepEqual([code, err], [1, ""]);
    assert.match(out, /^acl-eastus-job-201 +succeeded/m);
    assert.match(out, /^job-eastus-201 +failed .*planted/m);
    assert.match(out, /\nNot all runs succeeded\.\n$/);
    const asJson = await say("reconcile", "201", "--wait", "-o", "json");
    assert.deepEqual([asJson.code, (JSON.parse(asJson.out) as Request).status], [1, "failed"]);
    await service.clearFaults();
    assert.equal((await say("reconcile", "201", "--wait")).code, 0);
    await service.jobIs(201, "Ready");
  });

  it("a job that is not there is refused by every action", async () => {
    for (const action of ["refresh", "preview", "reconcile"]) {
      const { code, out, err } = await say(action, "999", "--wait");
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, /^rowgate: There is no job 999\. .*\n$/);
    }
  });

  /** A watch that runs, and the text that it has printed so far. */
  function startWatch(...args: readonly string[]): { child: ChildProcess; printed(): string } {
    const child = startRowgate(service.home, ["watch", ...args]);
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    return { child, printed: () => text };
  }

  describe("watch", () => {
    const block = (permission: string) =>
      service.sql(`UPDATE Access_Policies SET permissions = '["${permission}"]'`);

    it("tells the state of each job, then each change of it, and ends cleanly with Ctrl-C", async () => {
      const { child, printed } = startWatch();
      const said = saidBy(child);
      await until("the first state", () => printed().split("\n").length > 2);
      block("fly");
      await until("the refusal", () => printed().includes("RowBlocked"));
      block("execute_inference");
      await until("it is Ready again", () => /RowBlocked[\s\S]*Ready: All/.test(printed()));
      service.sql("INSERT INTO Jobs (job_id) VALUES (300)");
      await until("the new job", () => printed().includes("job 300"));
      service.sql("DELETE FROM Jobs WHERE job_id = 300");
      await until("its end", () => printed().includes("job 300  gone"));
      child.kill("SIGINT");
      const { code, out, err } = await said;
      assert.deepEqual([code, err], [0, ""]);
      const lines = out.trimEnd().split("\n");
      for (const line of lines) assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}job \d+ {2}\S/);
      const of = (id: number) => lines.filter((line) => line.includes(`  job ${id}  `));
      assert.match(of(201)[0] ?? "", /job 201 {2}Ready: All 3 stacks/);
      assert.match(of(201)[1] ?? "", /job 201 {2}not Ready, RowBlocked: .*"fly" is not a permission/);
      assert.equal(of(202).length, 1, "a job whose state stays has one line");
    });

    it("of one job tells that job alone, an object a line", async () => {
      const { child, printed } = startWatch("--job", "201", "-o", "json");
      const said = saidBy(child);
      await until("the first state", () => printed().includes("\n"));
      block("fly");
      await until("the refusal", () => printed().includes("RowBlocked"));
      child.kill("SIGTERM");
      const { code, out, err } = await said;
      assert.deepEqual([code, err], [0, ""]);
      const changes = out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { jobId: number; ready: { status: string; reason: string } });
      assert.deepEqual(
        changes.map(({ jobId, ready }) => [jobId, ready.status, ready.reason]),
        [
          [201, "True", "Applied"],
          [201, "False", "RowBlocked"],
        ],
      );
      block("execute_inference");
      await service.jobIs(201, "Ready");
    });

    it("ends quietly when nobody reads it any more", async () => {
      const { child, printed } = startWatch("-o", "yaml");
      await until("the first state", () => printed().includes("jobId: 202"));
      const [first] = parseAllDocuments(printed());
      assert.equal(first?.toJS().jobId, 201);
      let err = "";
      child.stderr?.on("data", (chunk: Buffer) => {
        err += chunk.toString();
      });
      const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
      child.stdout?.destroy();
      block("fly");
      assert.deepEqual([await ended, err], [0, ""]);
      block("execute_inference");
    });

    it("of a job that is not there is refused", async () => {
      const { code, out, err } = await say("watch", "--job", "999");
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, /^rowgate: There is no job 999\. .*get jobs.*\n$/);
    });
  });

  it("without its service each command ends with 1 and one line that says what to do", async () => {
    const file = path.join(service.home, "service.json");
    await access(file);
    const { child, printed } = startWatch();
    const said = saidBy(child);
    await until("the watch has begun", () => printed().includes("job 202"));
    await service.stop();
    await assert.rejects(access(file), "the service takes its file away");
    const down = /^rowgate: No service answers at http:\S+\. Start it with `npm start`, .*ROWGATE_HOME\.\n$/;
    const watched = await said;
    assert.equal(watched.code, 1);
    assert.match(watched.err, down);
    const commands = ["get jobs", "describe job 201", "why ds_team", "outputs 201", "reconcile 201 --wait"];
    for (const command of [...commands, "engine status", "watch"]) {
      const { code, out, err } = await rowgate(service.home, ...command.split(" "));
      assert.deepEqual([code, out], [1, ""], command);
      assert.match(err, down);
    }
  });
});
