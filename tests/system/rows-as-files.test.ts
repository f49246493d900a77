/** `rowgate apply`, `diff` and `export` as people run them, against a real service. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { type Said, saidBy, startRowgate } from "../support/command-line.ts";
import { makeHome, removeHome, TestService } from "../support/service.ts";
import { cluster, environment, job, network, policy, secret } from "../support/small-rows.ts";
import { faultyFile } from "./faulty-file.ts";

const metadataTables = ["Environments", "Jobs", "Access_Policies", "Cluster_Configs", "Models"] as const;

describe("rows as files", () => {
  let service: TestService;
  let folder: string;

  before(async () => {
    const rows = [environment(), job(201), policy(201, ["read_model"]), network(201), secret(201)];
    service = new TestService(await makeHome([...rows, cluster(201, 1, 2), job(202)]));
    folder = path.join(service.home, "files");
    await mkdir(folder);
    await service.start();
    await service.settled();
  });
  after(async () => {
    await service.stop();
    await removeHome(service.home);
  });

  const rowgate = (args: readonly string[], input = ""): Promise<Said> =>
    saidBy(startRowgate(service.home, args, { ROWGATE_URL: service.url }, { cwd: folder, input }));

  const write = async (name: string, content: string): Promise<string> => {
    await writeFile(path.join(folder, name), content);
    return name;
  };
  /** All rows, and how many events of them there are. */
  const stored = () => [
    ...metadataTables.map((table) => service.sql(`SELECT * FROM ${table} ORDER BY 1`)),
    service.sql("SELECT COUNT(*) AS events FROM Audit_Logs"),
  ];

  it("a file of 200 rows with faults of every kind: each is told with its line, at once, and nothing is written", async () => {
    const faulty = faultyFile();
    assert.equal(faulty.rows, 200);
    const name = await write("faulty.yaml", faulty.text);
    const before = stored();
    const { code, out, err } = await rowgate(["apply", "-f", name]);
    assert.equal(code, 1);
    assert.equal(out, "");
    const told = err
      .trimEnd()
      .split("\n")
      .map((line) => {
        const [, at, says] = /^faulty\.yaml:(\d+):\d+: (.*)$/.exec(line) ?? [];
        return at === undefined ? line : { line: Number(at), says: says ?? "" };
      });
    const last = told.pop();
    assert.equal(last, `${faulty.faults.length} faults; nothing was written.`);
    for (const [index, { line, says }] of faulty.faults.entries()) {
      const found = told[index];
      assert.ok(typeof found === "object", String(found));
      assert.equal(found.line, line, `${found.says} is told at its line`);
      assert.match(found.says, says);
    }
    assert.equal(told.length, faulty.faults.length);
    assert.deepEqual(stored(), before);
  });

  it("what was exported changes nothing when it is applied, and diff says so", async () => {
    const exported = await rowgate(["export"]);
    assert.equal(exported.code, 0, exported.err);
    assert.ok(parseAllDocuments(exported.out).length >= 3);
    const before = stored();
    for (const args of [["diff"], ["diff", "--prune"], ["apply"], ["apply", "--prune"]]) {
      const said = await rowgate([...args, "-f", "-"], exported.out);
      assert.deepEqual(said, { code: 0, out: "Nothing changes: the rows are as the files say.\n", err: "" });
    }
    const json = await rowgate(["export", "-o", "json"]);
    const again = await rowgate(["apply", "-f", "-", "-o", "json"], json.out);
    assert.deepEqual(JSON.parse(again.out).changes, []);
    const asYaml = await rowgate(["apply", "-f", "-", "-o", "yaml"], json.out);
    assert.deepEqual(parse(asYaml.out), JSON.parse(again.out));
    assert.deepEqual(stored(), before);
  });

  it("text of any shape is stored, exported and applied again as it was, and forges no line of diff", async () => {
    const texts = { 501: "keep\n\n", 502: "ends with nbsp\u00a0", 503: "forged\n+ Jobs 999" };
    const documents = Object.entries(texts).map(([id, name]) => ({
      job_id: Number(id),
      name,
      enabled: false,
    }));
    const name = await write("texts.json", JSON.stringify(documents));
    const differs = await rowgate(["diff", "-f", name]);
    assert.doesNotMatch(differs.out, /^\+ Jobs 999/m);
    assert.match(differs.out, /^\+ Jobs 503 .*"forged\\n\+ Jobs 999"/m);
    const applied = await rowgate(["apply", "-f", name]);
    assert.equal(applied.code, 0, applied.err);
    for (const [id, text] of Object.entries(texts)) {
      assert.deepEqual(service.sql(`SELECT name FROM Jobs WHERE job_id = ${id}`).map(Object.values), [
        [text],
      ]);
      for (const format of ["yaml", "json"]) {
        const exported = await rowgate(["export", "--job", id, "-o", format]);
        const again = await rowgate(["apply", "-f", "-"], exported.out);
        assert.equal(again.out, "Nothing changes: the rows are as the files say.\n", again.err);
      }
    }
  });

  it("diff tells each change and ends with 1; apply makes them, and the service carries them out", async () => {
    const name = await write(
      "wider.yaml",
      "job_id: 201\ncluster_config: { min_workers: 1, max_workers: 4 }\n---\njob_id: 300\nname: new-job\n",
    );
    const differs = await rowgate(["diff", "-f", name]);
    assert.equal(differs.code, 1);
    assert.match(differs.out, /^~ Cluster_Configs.* of job 201 {2}max_workers: 2 -> 4$/m);
    assert.match(differs.out, /^\+ Jobs 300.*name: new-job/m);
    assert.match(differs.out, /^Would be: 1 inserted, 1 updated, 0 deleted\.$/m);
    assert.equal((await rowgate(["apply", "--dry-run", "-f", name])).code, 0);
    assert.deepEqual(service.sql("SELECT 1 FROM Jobs WHERE job_id = 300"), []);

    const applied = await rowgate(["apply", "-f", name]);
    assert.equal(applied.code, 0, applied.err);
    assert.match(applied.out, /^1 inserted, 1 updated, 0 deleted\.$/m);
    assert.deepEqual(
      service
        .sql("SELECT action, table_name FROM Audit_Logs ORDER BY event_id DESC LIMIT 2")
        .map(Object.values),
      [
        ["insert", "Jobs"],
        ["update", "Cluster_Configs"],
      ].toReversed(),
    );
    await service.jobIs(300, "Ready");
    await service.settled();
    assert.equal((await rowgate(["diff", "-f", name])).code, 0);
  });

  it("--prune asks before rows are deleted, and deletes with --yes", async () => {
    const exported = await rowgate(["export"]);
    const without = parseAllDocuments(exported.out)
      .map((document) => document.toJS())
      .filter((document) => document.job_id !== 202);
    const name = await write("all.json", JSON.stringify(without));
    const asked = await rowgate(["apply", "--prune", "-f", name]);
    assert.equal(asked.code, 1);
    assert.match(asked.out, /^- Jobs 202/m);
    assert.match(asked.err, /would delete 1 row/);
    assert.equal(service.sql("SELECT 1 FROM Jobs WHERE job_id = 202").length, 1);
    const done = await rowgate(["apply", "--prune", "--yes", "-f", name]);
    assert.equal(done.code, 0, done.err);
    assert.deepEqual(service.sql("SELECT 1 FROM Jobs WHERE job_id = 202"), []);
  });

  it("files that cannot be read are told with the place, and nothing of the others is written", async () => {
    const sub = path.join(folder, "team");
    await mkdir(sub);
    await writeFile(path.join(sub, "a.yaml"), "job_id: 400\n");
    await writeFile(path.join(sub, "b.yml"), "job_id: 401\nname: [\n");
    const before = stored();
    const broken = await rowgate(["apply", "-f", "team"]);
    assert.equal(broken.code, 1);
    assert.match(broken.err, /^team\/b\.yml:\d+:\d+: /m);
    const missing = await rowgate(["apply", "-f", "nowhere.yaml"]);
    assert.deepEqual([missing.code, missing.out], [1, ""]);
    assert.match(missing.err, /^rowgate: nowhere\.yaml is not there\./);
    const empty = await rowgate(["apply", "--prune", "--yes", "-f", "-"], "---\n");
    assert.equal(empty.code, 1);
    assert.match(empty.err, /describes no row/);
    const noFile = await rowgate(["apply"]);
    assert.equal(noFile.code, 2);
    assert.deepEqual(stored(), before);
  });
});
