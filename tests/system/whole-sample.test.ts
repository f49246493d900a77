/**
 * What the README promises a new user: `npm start` on an empty home, the sample rolled out, and what the simulated
 * clouds then hold for the article's job. Then the same home's service by itself: the whole sample is run again, and
 * destroyed, and what the simulated clouds hold is what they held before.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { ProviderClient } from "../automation/simulators/support/provider-client.ts";
import {
  type CloudObject,
  checkout,
  enginePath,
  removeHome,
  TestService,
  until,
} from "../support/service.ts";
import { changesOf, remainsOf } from "../support/stack-acts.ts";

const sampleJobs = 40;
/** of one step of this test, on a machine that does other things as well */
const stepMs = 600_000;
let home: string;

interface StateResource {
  readonly type: string;
  readonly urn: string;
  readonly custom?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
}

describe("npm start on an empty home", () => {
  let npm: ChildProcess;
  let text = "";
  let url = "";

  before(async () => {
    home = await mkdtemp(path.join(tmpdir(), "rowgate quick start "));
    npm = spawn("npm", ["start"], {
      cwd: checkout,
      // The engine that this test run uses, so that nothing is looked for again.
      env: { ...process.env, PORT: "0", ROWGATE_HOME: home, ROWGATE_PULUMI: enginePath() },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, to be interrupted whole as a terminal does.
      detached: true,
    });
    for (const stream of [npm.stdout, npm.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
    }
    await until("the last line", () => text.includes("Look at http"), stepMs);
    url = /runs at (http:\S+)/.exec(text)?.[1] ?? "";
  });
  after(async () => {
    const ended = new Promise((resolve) => npm.once("exit", resolve));
    process.kill(-(npm.pid ?? 0), "SIGINT");
    await ended;
    assert.match(text, /Stopped\.\s*$/);
  });

  const sandbox = async (...args: string[]): Promise<string> => {
    const cli = promisify(execFile)("npx", ["rowgate", "sandbox", ...args], {
      cwd: checkout,
      env: { ...process.env, ROWGATE_HOME: home },
      maxBuffer: 16 * 1024 * 1024,
    });
    return (await cli).stdout;
  };
  const lines = (table: string, ...words: readonly string[]): readonly string[] =>
    table.split("\n").filter((line) => words.every((word) => line.includes(word)));

  it("says that it is a sandbox, that every job is Ready, and where to look", () => {
    assert.match(text, /sandbox: simulated clouds/);
    assert.match(text, new RegExp(`Ready: ${sampleJobs} of ${sampleJobs} jobs\\.`));
    assert.match(text, /\/api\/jobs\/201\/outputs/);
    assert.doesNotMatch(text, /Not Ready/);
  });

  it("answers /healthz and /readyz", async () => {
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
  });

  it("job 201 is Ready and its outputs are one object", async () => {
    const job = (await (await fetch(`${url}/api/jobs/201`)).json()) as {
      conditions: { type: string; status: string }[];
    };
    assert.equal(job.conditions.find(({ type }) => type === "Ready")?.status, "True");
    const outputs = (await (await fetch(`${url}/api/jobs/201/outputs`)).json()) as {
      outputs: { job_id: number };
    };
    assert.equal(outputs.outputs.job_id, 201);
  });

  it("the simulated clouds hold what the article's document asks for", async () => {
    const table = await sandbox("list");
    assert.equal(lines(table, "ds_team", "EXECUTE", "ml.models.job_201").length, 1, table);
    assert.equal(lines(table, "ds_team", "USE_SCHEMA").length, 1);
    assert.equal(lines(table, "ds_team", "USE_CATALOG").length, 1);
    assert.ok(lines(table, "ds_team", "CAN_MANAGE_RUN", "job-201").length === 1, table);
    assert.equal(lines(table, "pe-databricks-eastus", "Approved").length >= 1, true);
    assert.ok(lines(table, "PrivateRecordSet").length >= 1);
    const policies = lines(table, "ClusterPolicy", "rowgate-job-201").map(
      (line) => /rowgate-job-201\S*/.exec(line)?.[0],
    );
    assert.deepEqual(policies.toSorted(), ["rowgate-job-201", "rowgate-job-201-interactive"]);
  });

  it("a role assignment and Unity Catalog grants both occur in the sample", async () => {
    const roles = await sandbox("list", "--type", "RoleAssignment");
    assert.equal(lines(roles, "Key Vault Reader", "sec_ops").length, 1, roles);
  });
});

describe("the whole sample", () => {
  let service: TestService;
  let seed: readonly CloudObject[];

  before(async () => {
    // What the clouds hold before anybody has a row.
    const unused = new TestService(await TestService.emptyHome());
    await unused.start({ ROWGATE_SAMPLE: "off" });
    seed = await unused.objects();
    await unused.stop();
    await removeHome(unused.home);
    service = new TestService(home);
    await service.start();
    await service.settled(stepMs);
  });
  after(async () => {
    await service.stop();
    await removeHome(home);
  });

  const stacks = (): readonly string[] =>
    service.sql("SELECT stack FROM Stacks").map(({ stack }) => String(stack));
  /** What did not succeed of the runs from number `from`, and all their changes. */
  const outcomeOf = (from: number) => {
    const runs = service.runs().slice(from);
    const failed = runs.filter(({ status }) => status !== "succeeded");
    return {
      runs: runs.length,
      failed: failed.map(({ stack, kind, failure_message: message }) => `${kind} ${stack}: ${message}`),
      changes: [
        ...new Set(runs.flatMap(({ changes }) => Object.keys(JSON.parse(String(changes))))),
      ].toSorted(),
    };
  };

  it("rolls out: every job Ready, and no run failed", async () => {
    const { runs, failed, changes } = outcomeOf(0);
    assert.deepEqual(failed, []);
    const jobs = await service.readyJobs();
    assert.equal(jobs.size, sampleJobs);
    assert.deepEqual(
      [...jobs].filter(([, ready]) => ready !== "Ready"),
      [],
    );
    assert.ok(runs >= stacks().length);
    // A list that waited for one of its objects runs once more.
    const undone = changes.filter((change) => !["create", "same", "update"].includes(change));
    assert.deepEqual(undone, []);
  });

  it("gives every object only inputs that its SDK declares, to clouds that would refuse others", async (t) => {
    const { grpcPort } = JSON.parse(
      await readFile(path.join(service.home, "clouds", "endpoint.json"), "utf8"),
    );
    const clouds = new ProviderClient(grpcPort);
    t.after(() => clouds.close());
    const objects = await objectsInState();
    assert.ok(objects.length > 500, String(objects.length));
    const tried = new Set<string>();
    for (const { type, urn, inputs = {} } of objects) {
      const { failures } = await clouds.check(type, inputs);
      assert.deepEqual(failures, [], urn);
      if (tried.has(type)) continue;
      tried.add(type);
      const refused = await clouds.check(type, { ...inputs, noSuchInput: "x" });
      assert.deepEqual(
        refused.failures.map(({ property }) => property),
        ["noSuchInput"],
        type,
      );
    }
  });

  async function objectsInState(): Promise<readonly StateResource[]> {
    const folder = path.join(service.home, "state", "backend", ".pulumi", "stacks", "rowgate");
    const states = await Promise.all(
      (await service.stateStacks()).map(async (stack) =>
        JSON.parse(await readFile(path.join(folder, `${stack}.json`), "utf8")),
      ),
    );
    return states
      .flatMap(({ checkpoint }): readonly StateResource[] => checkpoint.latest.resources)
      .filter(({ custom, type }) => custom === true && !type.startsWith("pulumi:"));
  }

  it("has nothing to do when every stack runs again", async () => {
    const before = service.runs().length;
    const names = stacks();
    for (const stack of names) {
      const { status } = await service.fetch(`/api/stacks/${stack}/reconcile`, { method: "POST" });
      assert.equal(status, 202, stack);
    }
    await service.settled(stepMs);
    assert.deepEqual(outcomeOf(before), { runs: names.length, failed: [], changes: ["same"] });
  });

  it("is destroyed whole: the clouds hold what they held before, and what they keep of the deleted", async () => {
    service.script("UPDATE Environments SET production = 0, deletion_protection = 0");
    await service.settled(stepMs);
    const before = service.runs().length;
    for (const table of ["Jobs", "Models", "Data_Sources", "Integration_Runtimes", "Environments"])
      service.script(`DELETE FROM ${table}`);
    await service.settled(stepMs);
    const { failed } = outcomeOf(before);
    assert.deepEqual(failed, []);
    assert.deepEqual(await service.stateStacks(), []);
    assert.deepEqual(stacks(), []);
    assert.deepEqual(await remainsOf(service, seed), {
      live: [],
      // Logs for 14 days, a group for 30; vaults the sample makes none.
      deleted: ["Group weu_ml_oncall", "Workspace log-eastus", "Workspace log-weu"],
      missing: [],
    });
    assert.deepEqual(changesOf(seed, await service.objects()), []);
  });
});
