/**
 * What the README promises a new user: `npm start` on an empty home, the sample rolled out, and what the
 * simulated clouds then hold for the article's job.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { checkout, enginePath, removeHome, until } from "../support/service.ts";

const sampleJobs = 40;

describe("npm start on an empty home", () => {
  let home: string;
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
    await until("the last line", () => text.includes("Look at http"), 180_000);
    url = /runs at (http:\S+)/.exec(text)?.[1] ?? "";
  });
  after(async () => {
    const ended = new Promise((resolve) => npm.once("exit", resolve));
    process.kill(-(npm.pid ?? 0), "SIGINT");
    await ended;
    assert.match(text, /Stopped\.\s*$/);
    await removeHome(home);
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
    assert.equal(lines(table, "ClusterPolicy", "rowgate-job-201").length, 1);
  });

  it("a role assignment and Unity Catalog grants both occur in the sample", async () => {
    const roles = await sandbox("list", "--type", "RoleAssignment");
    assert.equal(lines(roles, "Key Vault Reader", "sec_ops").length, 1, roles);
  });
});
