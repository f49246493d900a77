/** `rowgate` looks around: each command's table and what it gives to programs, against a real service. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import { rowgate } from "../support/command-line.ts";
import { makeHome, removeHome, TestService } from "../support/service.ts";
import { cluster, environment, groupId, job, network, policy, secret } from "../support/small-rows.ts";

const access = `access-eastus-${groupId("ds_team")}`;
const execute = "EXECUTE on model ml.models.job_201 to ds_team";

describe("rowgate looks around", () => {
  let service: TestService;

  before(async () => {
    const shared = policy(202, ["read_model"], { model: "ml.models.job_201" });
    const rows = [
      job(20, { name: "Early", model: "ml.models.credit_risk" }),
      job(201, { name: "Churn", owner: "amara.okafor@contoso.example" }),
      job(202, { priority: "urgent" }),
      policy(201, ["execute_inference", "read_model"]),
      shared,
      policy(20, ["read_model"]),
      policy(20, ["fly"], { entra_id_group: "fraud_analytics" }),
      network(201, { firewall_ranges: ["198.51.100.16/28"] }),
      secret(201),
      ...[20, 201, 202].map((id) => cluster(id, 1, 2)),
    ];
    service = new TestService(await makeHome([environment(), ...rows]));
    await service.start();
    // Its policy waits for a model that job 201 registers.
    await service.jobIs(202, "Ready");
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const say = (...args: readonly string[]) => rowgate(service.home, ...args);
  async function printed(...args: readonly string[]): Promise<string> {
    const { code, out, err } = await say(...args);
    assert.deepEqual([code, err], [0, ""], args.join(" "));
    return out;
  }
  const json = async <T>(...args: readonly string[]): Promise<T> =>
    JSON.parse(await printed(...args, "-o", "json")) as T;
  /** Cells of a table: columns are two spaces apart, and more where a cell is short. */
  const cells = (table: string): readonly (readonly string[])[] =>
    table
      .trimEnd()
      .split("\n")
      .map((line) => line.trim().split(/ {2,}/));

  describe("get", () => {
    interface Job {
      readonly jobId: number;
      readonly name: string | null;
      readonly ready: { readonly status: string; readonly reason: string };
    }

    it("jobs shows who is Ready, who is not and why", async () => {
      const [heads, ...rows] = cells(await printed("get", "jobs"));
      assert.deepEqual(heads, [
        "JOB",
        "NAME",
        "ENVIRONMENT",
        "PRIORITY",
        "ENABLED",
        "READY",
        "REASON",
        "FOR",
      ]);
      assert.deepEqual(
        rows.map((row) => row.slice(0, -1)),
        [
          ["20", "Early", "(default)", "normal", "yes", "False", "RowBlocked"],
          ["201", "Churn", "(default)", "normal", "yes", "True", "Applied"],
          ["202", "-", "(default)", "urgent", "yes", "True", "Applied"],
        ],
      );
      for (const row of rows) assert.match(row.at(-1) ?? "", /^\d+[smh]$/);
      const jobs = await json<Job[]>("get", "jobs");
      assert.deepEqual(
        jobs.map(({ jobId, name, ready }) => [jobId, name, ready.status, ready.reason]),
        [
          [20, "Early", "False", "RowBlocked"],
          [201, "Churn", "True", "Applied"],
          [202, null, "True", "Applied"],
        ],
      );
      assert.deepEqual(parse(await printed("get", "jobs", "-o", "yaml")), jobs);
      assert.deepEqual(await json("get", "jobs", "--job", "202"), jobs.slice(2));
    });

    it("stacks shows those of all, or of one job", async () => {
      const [heads, ...rows] = cells(await printed("get", "stacks", "--job", "201"));
      assert.deepEqual(heads?.slice(0, 7), [
        "STACK",
        "KIND",
        "GROUP",
        "READY",
        "REASON",
        "IN SYNC",
        "DRIFTED",
      ]);
      assert.deepEqual(
        rows.map((row) => row.slice(0, 8).join(" ")),
        [
          `${access} access ds_team True Applied yes - no`,
          "acl-eastus-job-201 acl - True Applied yes - no",
          "firewall-eastus-databricks firewall - True Applied yes - no",
          "job-eastus-201 job - True Applied yes - no",
          "network-eastus-databricks network - True Applied yes - no",
        ],
      );
      const all = await json<{ stack: string; inSync: boolean }[]>("get", "stacks");
      const stored = service.sql("SELECT stack FROM Stacks ORDER BY stack").map(({ stack }) => stack);
      assert.deepEqual(all.map(({ stack }) => stack).toSorted(), stored);
      assert.ok(all.every(({ inSync }) => inSync));
    });

    it("runs shows the newest, all or of one job", async () => {
      type Run = Readonly<Record<"runId" | "stack" | "kind" | "reason" | "status", string>>;
      const runs = await json<Run[]>("get", "runs");
      const stored = service.sql("SELECT run_id FROM Runs ORDER BY number DESC").map(({ run_id }) => run_id);
      assert.deepEqual(
        runs.map(({ runId }) => runId),
        stored,
      );
      const [heads, ...rows] = cells(await printed("get", "runs", "--limit", "2"));
      assert.deepEqual(heads, ["RUN", "STACK", "KIND", "REASON", "STATUS", "QUEUED", "TOOK", "CHANGES"]);
      assert.deepEqual(
        rows.map((row) => row.slice(0, 5)),
        runs
          .slice(0, 2)
          .map(({ runId, stack, kind, reason, status }) => [runId, stack, kind, reason, status]),
      );
      for (const row of rows)
        assert.match(row.slice(5).join(" "), /^\d+[smh] \d+\.\ds \w+ \d+(?:,\w+ \d+)*$/);
      const firstRuns = runs.filter(({ reason }) => reason === "first-run");
      assert.deepEqual(
        firstRuns.map(({ stack, kind, status }) => `${stack} ${kind} ${status}`).toSorted(),
        service
          .sql("SELECT stack FROM Stacks")
          .map(({ stack }) => `${stack} update succeeded`)
          .toSorted(),
      );
      const ofJob = await json<{ stack: string }[]>("get", "runs", "--job", "202");
      assert.deepEqual(
        [...new Set(ofJob.map(({ stack }) => stack))].toSorted(),
        [access, "acl-eastus-job-202", "job-eastus-202"].toSorted(),
      );
    });

    it("policies shows who may do what, and which row is held by what", async () => {
      const table = cells(await printed("get", "policies"));
      assert.deepEqual(table, [
        ["POLICY ID", "JOB ID", "ROLE", "PERMISSIONS", "ENTRA ID GROUP", "MODEL", "EXPIRES AT", "HELD BY"],
        ["1", "201", "DataScientist", "execute_inference,read_model", "ds_team", "-", "-", "-"],
        ["2", "202", "DataScientist", "read_model", "ds_team", "ml.models.job_201", "-", "-"],
        ["3", "20", "DataScientist", "read_model", "ds_team", "-", "-", "-"],
        ["4", "20", "DataScientist", "fly", "fraud_analytics", "-", "-", "Blocked: UnknownPermission"],
      ]);
      const byTable = cells(await printed("get", "access_policies", "--job", "20"));
      assert.deepEqual(byTable, [table[0], table[3], table[4]]);
      const [row] = await json<{ table: string; key: string; values: Record<string, unknown> }[]>(
        "get",
        "policies",
        "--job",
        "201",
      );
      assert.deepEqual([row?.table, row?.key], ["Access_Policies", "1"]);
      assert.deepEqual(row?.values.permissions, ["execute_inference", "read_model"]);
    });

    const others = [
      ["environments", "NAME", "eastus"],
      ["secrets", "REFERENCE ID", "1  201  ml-vault  databricks-token"],
      ["network-rules", "RULE ID", "1  201  Databricks  pe-databricks-eastus  198.51.100.16/28"],
      ["clusters", "CONFIG ID", "2  201  -  1  2  -"],
    ] as const;
    for (const [kind, key, row] of others) {
      it(`${kind} shows rows of its table`, async () => {
        const table = cells(await printed("get", kind)).map((line) => line.join("  "));
        assert.ok(table[0]?.startsWith(`${key}  `), table[0]);
        assert.ok(
          table.some((line) => line.startsWith(row)),
          table.join("\n"),
        );
      });
    }
    for (const kind of [
      "pipelines",
      "models",
      "data-sources",
      "runtimes",
      "alert-rules",
      "alerts",
      "exceptions",
    ]) {
      it(`${kind} says that there are none`, async () => {
        assert.equal(await printed("get", kind), `no ${kind}\n`);
        assert.deepEqual(await json("get", kind), []);
      });
    }
  });

  describe("describe", () => {
    it("job tells its conditions, rows, stacks, outputs and last runs", async () => {
      const text = await printed("describe", "job", "201");
      for (const line of [
        /^job +201$/m,
        /^name +Churn$/m,
        /^environment +eastus$/m,
        /^owner +amara\.okafor@contoso\.example$/m,
        /^ {2}Ready +True +Applied +\d+[smh] +All 5 stacks have applied/m,
        /^ {2}Access_Policies +1 +role=DataScientist permissions=execute_inference,read_model entra_id_group=ds_team +-$/m,
        /^ {2}job-eastus-201 +job +yes +\d+[smh] +Ready True \(Applied\)$/m,
        /^outputs \(of \S+, run \S+\)$/m,
        /^ {2}model_full_name +ml\.models\.job_201$/m,
        /^ {2}\S+ +job-eastus-201 +update +first-run +succeeded/m,
      ])
        assert.match(text, line);
      const blocked = await printed("describe", "job", "20");
      assert.match(blocked, /Access_Policies +4 .*Blocked: .*"fly" is not a permission/);
      interface Described {
        readonly job: { readonly jobId: number };
        readonly rows: readonly { readonly table: string; readonly key: string }[];
        readonly outputs: unknown;
        readonly runs: readonly { readonly stack: string }[];
      }
      const { job: told, rows, outputs, runs } = await json<Described>("describe", "job", "201");
      assert.equal(told.jobId, 201);
      assert.deepEqual(rows.map(({ table, key }) => `${table} ${key}`).toSorted(), [
        "Access_Policies 1",
        "Cluster_Configs 2",
        "Jobs 201",
        "Network_Rules 1",
        "Secret_References 1",
      ]);
      assert.deepEqual(outputs, await service.get("/api/jobs/201/outputs"));
      assert.deepEqual([...new Set(runs.map(({ stack }) => stack))].toSorted(), [
        access,
        "acl-eastus-job-201",
        "firewall-eastus-databricks",
        "job-eastus-201",
        "network-eastus-databricks",
      ]);
    });

    it("stack tells which rows ask it for what", async () => {
      const text = await printed("describe", "stack", access);
      assert.match(text, new RegExp(`^stack +${access}$`, "m"));
      assert.match(text, /^in sync +yes$/m);
      const asked = text.split("\n").filter((line) => line.endsWith(execute));
      assert.deepEqual(
        asked.map((line) => line.trim().split(/ {2,}/).slice(0, 3)),
        [
          ["Access_Policies/1", "201", "yes"],
          ["Access_Policies/2", "202", "yes"],
        ],
      );
      assert.deepEqual(await json("describe", "stack", access), await service.get(`/api/stacks/${access}`));
    });

    it("run tells how it went, step by step", async () => {
      const runId = String(service.runs("job-eastus-201").at(-1)?.run_id);
      const text = await printed("describe", "run", runId);
      assert.match(text, /^stack +job-eastus-201$/m);
      assert.match(text, /^status +succeeded$/m);
      assert.match(text, /^ {2}\d+ +done +create +databricks:index\/job:Job +\S+/m);
      const { steps } = await json<{ steps: Record<string, unknown>[] }>("describe", "run", runId);
      assert.deepEqual(
        steps.map(({ number }) => number),
        steps.map((_, index) => index + 1),
      );
      const made = steps.filter(({ status, operation }) => status === "done" && operation === "create");
      const objects = made.filter(({ objectId }) => objectId !== null);
      assert.deepEqual(objects.map(({ type }) => String(type).split(":").at(-1)).toSorted(), [
        "AccessControlRuleSet",
        "BlobContainer",
        "ClusterPolicy",
        "ClusterPolicy",
        "EncryptionScope",
        "ExternalLocation",
        "Grant",
        "Grant",
        "Grant",
        "Job",
        "MlflowExperiment",
        "RegisteredModel",
        "RoleAssignment",
        "RoleAssignment",
        "RoleAssignment",
        "RoleAssignment",
        "ServicePrincipal",
        "UserAssignedIdentity",
      ]);
      const inClouds = (await service.calls())
        .filter(({ call, result }) => call === "create" && result === "ok")
        .map(({ type, id }) => `${type} ${id}`);
      for (const { type, objectId } of objects)
        assert.ok(inClouds.includes(`${type} ${objectId}`), `${type} ${objectId}`);
    });
  });

  it("outputs prints what the job's pipeline reads", async () => {
    const body = await service.get<{ runId: string; outputs: Record<string, unknown> }>(
      "/api/jobs/201/outputs",
    );
    assert.deepEqual(await json("outputs", "201"), body);
    assert.deepEqual(parse(await printed("outputs", "201", "-o", "yaml")), body);
    const [title, heads, ...rows] = cells(await printed("outputs", "201"));
    assert.match(title?.join(" ") ?? "", new RegExp(`run ${body.runId}\\)$`));
    assert.deepEqual(heads, ["NAME", "VALUE"]);
    assert.deepEqual(
      rows.map(([name]) => name),
      Object.keys(body.outputs),
    );
  });

  it("engine status tells which engine it is and how busy", async () => {
    const status = await json<{ path: string; version: string; slots: number; running: number }>(
      "engine",
      "status",
    );
    assert.equal(status.path, process.env.ROWGATE_ENGINE_PATH);
    assert.match(status.version, /^3\.\d+\.\d+$/);
    assert.equal(status.running, 0);
    const text = await printed("engine", "status");
    assert.match(
      text,
      new RegExp(`^version +${status.version}\\nruns +0 of ${status.slots} slots in use`, "m"),
    );
  });

  describe("why", () => {
    interface Why {
      readonly objects: readonly {
        readonly object: string;
        readonly rows: readonly { readonly table: string; readonly key: string; readonly jobId: number }[];
      }[];
    }
    const rowsOf = async (...words: readonly string[]): Promise<readonly string[]> =>
      (await json<Why>("why", ...words)).objects.map(
        ({ object, rows }) =>
          `${object}: ${rows.map(({ table, key, jobId }) => `${table}/${key} of ${jobId}`)}`,
      );

    it("a grant lists exactly the two rows of two jobs that ask for it", async () => {
      const text = await printed("why", "ds_team", "EXECUTE", "ml.models.job_201");
      assert.deepEqual(cells(text), [
        [`${execute} (stack ${access}, applied)`],
        ["ROW", "JOB", "ASKS FOR"],
        ["Access_Policies/1", "201", "eastus ds_team read_model ml.models.job_201"],
        ["Access_Policies/2", "202", "eastus ds_team read_model ml.models.job_201"],
      ]);
      assert.deepEqual(await rowsOf(execute), [
        `${execute}: Access_Policies/1 of 201,Access_Policies/2 of 202`,
      ]);
    });

    it("a name is not found by the beginning of it", async () => {
      assert.deepEqual(await rowsOf("EXECUTE", "ml.models.credit_risk"), [
        "EXECUTE on model ml.models.credit_risk to ds_team: Access_Policies/3 of 20",
      ]);
      const { code, err } = await say("why", "EXECUTE", "ml.models.job_20");
      assert.equal(code, 1);
      assert.match(err, /^rowgate: No object .*: EXECUTE ml\.models\.job_20\. Words must be whole.*\n$/);
    });

    it("a row lists its objects, by its table or the short name of it", async () => {
      const text = await printed("why", "policies/1");
      assert.match(text, /^Access_Policies\/1 of job 201\n/);
      assert.deepEqual(
        cells(text)
          .slice(3)
          .map(([object, , admitted, applied]) => `${object} ${admitted} ${applied}`)
          .toSorted(),
        [
          "CAN_MANAGE_RUN on job job-eastus-201 to ds_team yes yes",
          `${execute} yes yes`,
          "USE_CATALOG on catalog ml to ds_team yes yes",
          "USE_SCHEMA on schema ml.models to ds_team yes yes",
          // once for each of its permissions
          "membership in the workspace of eastus to ds_team yes yes",
          "membership in the workspace of eastus to ds_team yes yes",
        ],
      );
      assert.deepEqual(await json("why", "policies/1"), await json("why", "Access_Policies/1"));
      assert.match(
        await printed("why", "policies/4"),
        /Blocked: .*"fly" is not a permission.*\nobjects: none/,
      );
    });

    it("once one of the rows is deleted, the other alone is listed", async () => {
      service.sql("DELETE FROM Access_Policies WHERE policy_id = 1");
      await service.jobIs(201, "Ready");
      await service.settled();
      assert.deepEqual(await rowsOf("ds_team", "EXECUTE", "ml.models.job_201"), [
        `${execute}: Access_Policies/2 of 202`,
      ]);
    });
  });

  const faults = [
    [
      ["get", "jobz"],
      2,
      /^error: .*'jobz'.* Kinds are jobs, stacks, runs, alerts, .*alert-rules, .*exceptions\.\nSee `rowgate get --help`/,
    ],
    [["get"], 2, /^error: missing required argument 'kind'\nSee `rowgate get --help`/],
    [["get", "jobs", "--job", "x"], 2, /^error: .*'--job <id>'.*'x'.*like 201/],
    [["get", "jobs", "-o", "xml"], 2, /^error: .*'xml'.*table, json, yaml/],
    [["get", "runs", "--limit", "501"], 2, /^error: .*'--limit <n>'.*from 1 to 500\./],
    [["get", "jobs", "--limit", "5"], 2, /^error: --limit is for runs and alerts alone\n/],
    [["get", "jobs", "--nope"], 2, /^error: unknown option '--nope'\nSee `rowgate get --help`/],
    [["zzz"], 2, /^error: unknown command 'zzz'\nSee `rowgate --help`\.\n$/],
    [["describe", "job", "1.5"], 2, /^error: .*'1\.5'.*number of a job.*\nSee `rowgate describe job --help`/],
    [["get", "jobs", "--job", "999"], 1, /^rowgate: There is no job 999\. .*get jobs.*\n$/],
    [["get", "policies", "--job", "999"], 1, /^rowgate: There is no job 999\. .*\n$/],
    [["describe", "job", "999"], 1, /^rowgate: There is no job 999\. .*\n$/],
    [["describe", "stack", "none"], 1, /^rowgate: There is no stack "none"\. .*\n$/],
    [["describe", "run", "none"], 1, /^rowgate: There is no run "none"\. .*\n$/],
    [["outputs", "999"], 1, /^rowgate: There is no job 999\. .*\n$/],
    [["why", "policies/999"], 1, /^rowgate: There is no row Access_Policies\/999\. .*\n$/],
    [["why", "job_2"], 1, /^rowgate: No object .*job_2\. .*whole.*\n$/],
  ] as const;
  for (const [args, exit, told] of faults) {
    it(`rowgate ${args.join(" ")} ends with ${exit} and says what is wrong and what to do`, async () => {
      const { code, out, err } = await say(...args);
      assert.deepEqual([code, out], [exit, ""]);
      assert.match(err, told);
    });
  }
});
