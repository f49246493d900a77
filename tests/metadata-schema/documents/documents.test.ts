import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { planApply, withDefaults } from "../../../metadata-schema/documents/plan-apply.ts";
import { readDocuments, textOfPath } from "../../../metadata-schema/documents/read-documents.ts";
import { writeDocuments } from "../../../metadata-schema/documents/write-documents.ts";
import { sampleRows } from "../../../metadata-schema/sample/sample.ts";
import { openTempStore } from "../../support/temp-store.ts";

const environment = {
  name: "eastus",
  is_default: true,
  location: "eastus",
  subscription_id: "11111111-1111-1111-1111-111111111111",
  tenant_id: "22222222-2222-2222-2222-222222222222",
  resource_group: "rg",
  address_space: "10.20.0.0/22",
  service_address: "203.0.113.7/32",
};
const policy = { role: "DataScientist", permissions: ["read_model"], entra_id_group: "ds_team" };
const base = [
  { environments: [environment] },
  { job_id: 201, name: "churn", security: { access_policy: policy } },
];

const faultsOf = (...documents: readonly unknown[]): readonly string[] =>
  readDocuments(documents).faults.map(
    ({ document, path, message }) => `${document} ${textOfPath(path)}: ${message}`,
  );

/** Stores documents, then tells what others would change. */
async function changesAfter(
  first: readonly unknown[],
  second: readonly unknown[],
  prune = false,
): Promise<readonly string[]> {
  const temp = await openTempStore();
  const actor = { name: "ana@example.com", kind: "person" } as const;
  const plan = async (documents: readonly unknown[]) => {
    const { faults, changes } = planApply(readDocuments(documents), await temp.store.readRows({}), { prune });
    assert.deepEqual(faults, []);
    return changes.map(({ change }) => change);
  };
  try {
    await temp.store.changeRows(await plan(first), actor);
    const changes = await plan(second);
    await temp.store.changeRows(changes, actor);
    return changes.map((change) => {
      const values = change.kind === "delete" ? "" : ` ${JSON.stringify(change.values)}`;
      return `${change.kind} ${change.table} ${change.kind === "insert" ? "" : change.key}${values}`;
    });
  } finally {
    await temp.close();
  }
}

describe("reading documents", () => {
  it("the article's document is read verbatim", async () => {
    const article = JSON.parse(
      await readFile(new URL("../../../metadata-schema/sample/article.json", import.meta.url), "utf8"),
    );
    const { rows, faults } = readDocuments([article]);
    assert.deepEqual(faults, []);
    assert.deepEqual(
      rows.map(({ table, values }) => [table, values]),
      [
        ["Jobs", { job_id: 201 }],
        [
          "Access_Policies",
          {
            job_id: 201,
            role: "DataScientist",
            permissions: ["execute_inference", "read_model"],
            entra_id_group: "ds_team",
          },
        ],
        ["Secret_References", { job_id: 201, key_vault: "ml-vault", secret_name: "databricks-token" }],
        ["Network_Rules", { job_id: 201, service: "Databricks", private_endpoint: "pe-databricks-eastus" }],
      ],
    );
  });

  it("every fault is told, with its document, its place and what to write", () => {
    const faults = faultsOf(
      { job_id: "x" },
      {
        job_id: 1,
        enabled: "yes",
        secret: "value",
        security: { access_policies: [{ ...policy, role: 7 }, {}] },
      },
      { jobs: [{ name: "without a number" }], models: { name: "m" } },
      { something: 1 },
      5,
    );
    assert.equal(faults.length, 11);
    for (const expected of [
      /^0 job_id: must be an integer/,
      /^1 secret: is no field of a job\. Its fields are job_id, name/,
      /^1 enabled: must be true or false\. It is "yes"\. Write it like enabled: true\.$/,
      /^1 security\.access_policies\[0\]\.role: must be text\. It is 7\. Write it like role: "DataScientist"\.$/,
      /^1 security\.access_policies\[1\]: role must have a value/,
      /^2 models: must be a list/,
      /^2 jobs\[0\]: job_id is missing/,
      /^3 : has neither job_id nor any of environments/,
      /^4 : must be a document with fields/,
    ])
      assert.ok(
        faults.some((fault) => expected.test(fault)),
        `${expected}\n${faults.join("\n")}`,
      );
  });

  it("a number that no job can have is a fault, and the rest of the document is read", () => {
    for (const job_id of ["204", 0, -5, 1.5, null])
      assert.deepEqual(faultsOf({ job_id, name: 17 }), [
        "0 job_id: must be an integer from 1 on, e.g. job_id: 201.",
        '0 name: must be text. It is 17. Write it like name: "Churn model training".',
      ]);
  });

  it("lists inside lists without end are a fault", () => {
    let parameters: unknown = {};
    for (let level = 0; level < 5_000; level += 1) parameters = { deeper: parameters };
    assert.deepEqual(faultsOf({ job_id: 201, pipeline_settings: { parameters } }), [
      "0 : has lists and objects inside each other more than 100 deep. Make it flatter.",
    ]);
  });

  it("half a character is a fault", () => {
    assert.match(
      faultsOf({ job_id: 201, name: "a\ud800b" })[0] ?? "",
      /^0 name: must be text that can be written/,
    );
  });

  it("a cluster that has fewer workers by default than it needs is a fault", () => {
    assert.match(
      faultsOf({ job_id: 201, cluster_config: { min_workers: 10 } })[0] ?? "",
      /max_workers must not be less than min_workers/,
    );
  });

  it("a row that two documents describe is a fault", () => {
    assert.match(
      faultsOf({ job_id: 1 }, { jobs: [{ job_id: 1 }] })[0] ?? "",
      /^1 jobs\[0\]: describes Jobs 1, as document 1/,
    );
  });

  it("one row beside a list of the same kind is a fault", () => {
    const security = { access_policy: policy, access_policies: [] };
    assert.match(
      faultsOf({ job_id: 1, security })[0] ?? "",
      /security\.access_policy: stands beside access_policies/,
    );
  });

  it("1 is not true: a stored row would differ from it for ever", () => {
    assert.match(
      faultsOf({ job_id: 1, enabled: 1 })[0] ?? "",
      /^0 enabled: must be true or false\. It is 1\./,
    );
  });

  it("an empty document behind a last separator is nothing", () => {
    assert.deepEqual(readDocuments([null]), readDocuments([]));
  });
});

describe("applying documents", () => {
  it("the same documents again change nothing", async () => {
    assert.deepEqual(await changesAfter(base, base), []);
    assert.deepEqual(await changesAfter(base, base, true), []);
  });

  it("what a document does not mention stays", async () => {
    assert.deepEqual(await changesAfter(base, [{ job_id: 201 }]), []);
  });

  it("a section is the whole of what the job has: a row that is left out goes", async () => {
    const other = { ...policy, entra_id_group: "ml_ops" };
    assert.deepEqual(await changesAfter(base, [{ job_id: 201, security: { access_policies: [other] } }]), [
      `insert Access_Policies  ${JSON.stringify({ job_id: 201, ...other })}`,
      "delete Access_Policies 1",
    ]);
    assert.deepEqual(await changesAfter(base, [{ job_id: 201, security: { access_policies: [] } }]), [
      "delete Access_Policies 1",
    ]);
  });

  it("a row about the same thing is changed, not replaced", async () => {
    const wider = { ...policy, permissions: ["read_model", "execute_inference"] };
    assert.deepEqual(await changesAfter(base, [{ job_id: 201, security: { access_policy: wider } }]), [
      `update Access_Policies 1 {"permissions":["read_model","execute_inference"]}`,
    ]);
  });

  it("of two equal rows one can go", async () => {
    const twice = [base[0], { job_id: 201, security: { access_policies: [policy, policy] } }];
    assert.deepEqual(
      await changesAfter(twice, base),
      ["delete Access_Policies 2", `update Jobs 201 {"name":"churn"}`].reverse(),
    );
  });

  it("the default moves to another environment, and two are a fault of each that asks", async () => {
    const other = { ...environment, name: "westus", resource_group: "rg-westus" };
    const kept = { ...environment, is_default: false };
    assert.deepEqual(await changesAfter(base, [{ environments: [kept, other] }]), [
      'update Environments eastus {"is_default":false}',
      `insert Environments  ${JSON.stringify(other)}`,
    ]);
    const stored = [{ table: "Environments", key: "eastus", values: environment }] as const;
    assert.deepEqual(planApply(readDocuments([{ environments: [other] }]), stored, { prune: false }).faults, [
      {
        document: 0,
        path: ["environments", 0, "is_default"],
        message:
          "would make eastus, westus default environments, and there can be one. Give the others is_default: false.",
      },
    ]);
  });

  it("with prune what is left out has its default or goes", async () => {
    assert.deepEqual(await changesAfter(base, [base[0], { job_id: 202 }], true), [
      `insert Jobs  {"job_id":202}`,
      "delete Jobs 201",
      "delete Access_Policies 1",
    ]);
    assert.deepEqual(await changesAfter(base, [base[0], { job_id: 201 }], true), [
      `update Jobs 201 {"name":null}`,
      "delete Access_Policies 1",
    ]);
  });

  it("with prune a row that stays may not name what goes", async () => {
    const other = { ...environment, name: "westus", is_default: false };
    const stored = [
      { table: "Environments", key: "eastus", values: environment },
      { table: "Environments", key: "westus", values: other },
      { table: "Jobs", key: "201", values: withDefaults("Jobs", { job_id: 201, environment: "westus" }) },
    ] as const;
    const documents = readDocuments([
      { environments: [environment] },
      { job_id: 201, environment: "westus" },
    ]);
    assert.deepEqual(planApply(documents, stored, { prune: true }).faults, [
      {
        document: 1,
        path: ["environment"],
        message: 'names Environments "westus", which does not exist. Add its row, or name one of eastus.',
      },
    ]);
  });

  it("of two rows about the same thing the one that is as it should be is left alone", async () => {
    const [first, second] = [policy, { ...policy, permissions: ["read_model", "execute_inference"] }];
    const two = (...rows: readonly unknown[]) => [{ job_id: 201, security: { access_policies: rows } }];
    const both = [base[0], ...two(first, second)];
    assert.deepEqual(await changesAfter(both, two(second, first)), []);
    assert.deepEqual(await changesAfter(both, two(second)), ["delete Access_Policies 1"]);
    assert.deepEqual(await changesAfter(both, two(second, { ...first, permissions: [] })), [
      'update Access_Policies 1 {"permissions":[]}',
    ]);
  });

  it("four times the rows take four times as long to plan, not sixteen", () => {
    const planMs = (count: number): number => {
      const names = Array.from({ length: count }, (_, index) => `erp-${index}`);
      const documents = readDocuments([
        { data_sources: names.map((name) => ({ name, kind: "rest", location: "eastus" })) },
        ...names.map((_, index) => ({
          job_id: index + 1,
          pipeline_settings: { data_source: "nowhere" },
        })),
        { job_id: count + 1, alert_rules: names.map((_, threshold) => ({ metric: "f1", threshold })) },
      ]);
      const rules = names.map((_, index) => ({
        table: "Alert_Rules" as const,
        key: String(index + 1),
        values: withDefaults("Alert_Rules", { job_id: count + 1, metric: "auc", threshold: index }),
      }));
      const began = performance.now();
      const { changes, faults } = planApply(documents, rules, { prune: false });
      const ms = performance.now() - began;
      assert.deepEqual([changes.length, faults.length], [5 * count + 1, count]);
      return ms;
    };
    const [small, large] = [2_000, 8_000].map((count) => Math.min(...[1, 2, 3].map(() => planMs(count))));
    assert.ok(small !== undefined && large !== undefined && large < small * 9, `${small} ms, ${large} ms`);
  });

  it("a row that is not there yet needs all that must be given, and what it names", async () => {
    const temp = await openTempStore();
    const documents = readDocuments([
      { environments: [{ name: "eu" }] },
      { job_id: 1, environment: "nowhere" },
    ]);
    const { faults } = planApply(documents, await temp.store.readRows({}), { prune: false });
    await temp.close();
    const messages = faults.map(({ path, message }) => `${textOfPath(path)}: ${message}`);
    assert.ok(messages.some((each) => /^environments\[0\]: location must have a value/.test(each)));
    assert.ok(
      messages.some((each) => /^environment: names Environments "nowhere", which does not exist/.test(each)),
    );
  });
});

describe("writing documents", () => {
  it("the sample written and applied again, with prune too, changes nothing", async () => {
    const temp = await openTempStore();
    await temp.store.insertRows(await sampleRows());
    const stored = await temp.store.readRows({});
    const documents = readDocuments(writeDocuments(stored));
    assert.deepEqual(documents.faults, []);
    for (const prune of [false, true]) {
      const { changes, faults, described } = planApply(documents, stored, { prune });
      assert.deepEqual([changes, faults], [[], []]);
      assert.equal(described.size, stored.length, "each row is described");
    }
    await temp.close();
  });

  it("documents applied to an empty database make the same rows, but for the numbers given", async () => {
    const [from, to] = [await openTempStore(), await openTempStore()];
    await from.store.insertRows(await sampleRows());
    const stored = await from.store.readRows({});
    const { changes, faults } = planApply(readDocuments(writeDocuments(stored)), [], { prune: false });
    assert.deepEqual(faults, []);
    await to.store.changeRows(
      changes.map(({ change }) => change),
      { name: "ana@example.com", kind: "person" },
    );
    const written = async (store: typeof from.store) => writeDocuments(await store.readRows({}));
    assert.deepEqual(await written(to.store), await written(from.store));
    await from.close();
    await to.close();
  });
});
