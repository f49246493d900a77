/** What changeRows refuses: the message names table, column and fault, and nothing is changed. */
import assert from "node:assert/strict";
import { RowRefusedError } from "../../../metadata-schema/errors.ts";
import type { MetadataStore, NewRow, RowValues, StoredRow } from "../../../metadata-schema/store.ts";
import { type Case, resolveAll, seed, touched } from "./kit.ts";

const person = { name: "mei.tanaka@contoso.example", kind: "person" } as const;

/** Each message matches the words of its change; nothing is stored. */
async function assertRefused(
  store: MetadataStore,
  changes: readonly [change: Parameters<MetadataStore["changeRows"]>[0][number], ...says: RegExp[]][],
): Promise<void> {
  const before = await store.readRows({});
  for (const [change, ...says] of changes)
    await assert.rejects(store.changeRows([change], person), (error: unknown) => {
      assert.ok(error instanceof RowRefusedError, String(error));
      for (const words of says) assert.match(error.message, words);
      return true;
    });
  assert.deepEqual(await store.readRows({}), before);
  assert.deepEqual(await touched(store), []);
}

const insertOf = ({ table, values }: NewRow) => ({ kind: "insert", table, values }) as const;

async function storedRow(store: MetadataStore, table: NewRow["table"]): Promise<StoredRow> {
  const [row] = await store.readRows({ tables: [table] });
  assert.ok(row, `${table} has a row`);
  return row;
}

interface ShapeFault {
  readonly type: string;
  readonly table: NewRow["table"];
  readonly column: string;
  readonly values: readonly RowValues[string][];
  readonly says: RegExp;
}

const shapeFaults: readonly ShapeFault[] = [
  {
    type: "text of another type",
    table: "Jobs",
    column: "kind",
    values: [7, true, ["batch"], {}],
    says: /must be text/,
  },
  {
    type: "text that is too long",
    table: "Jobs",
    column: "name",
    values: ["x".repeat(257)],
    says: /at most 256 characters; it has 257/,
  },
  {
    type: "text that is empty and must not be",
    table: "Access_Policies",
    column: "role",
    values: [""],
    says: /1 to 128 characters/,
  },
  {
    type: "text of another length than its own",
    table: "Environments",
    column: "tenant_id",
    values: ["1111", "x".repeat(37)],
    says: /GUID of 36/,
  },
  {
    type: "an integer of another type",
    table: "Cluster_Configs",
    column: "max_workers",
    values: ["9", 1.5, true, ["1"], Number.NaN],
    says: /must be an integer/,
  },
  {
    type: "an integer that is too small",
    table: "Pipeline_Settings",
    column: "timeout_minutes",
    values: [0, -1],
    says: /must be 1 or more/,
  },
  {
    type: "an integer that is too large",
    table: "Pipeline_Settings",
    column: "timeout_minutes",
    values: [2 ** 31, 2 ** 53],
    says: /must be 1 to 2147483647/,
  },
  {
    type: "an integer out of its range",
    table: "Alert_Rules",
    column: "severity",
    values: [-1, 5],
    says: /must be 0 to 4/,
  },
  {
    type: "a number of another type",
    table: "Alert_Rules",
    column: "threshold",
    values: ["0.5", true, Number.NaN, Number.POSITIVE_INFINITY, []],
    says: /must be a number/,
  },
  {
    type: "true or false of another type",
    table: "Jobs",
    column: "enabled",
    values: ["yes", 2, "true", []],
    says: /must be true or false/,
  },
  {
    type: "a list of another type",
    table: "Access_Policies",
    column: "permissions",
    values: ["read_model", '["read_model"]', 1, {}, true],
    says: /must be a list of text.*e\.g\./,
  },
  {
    type: "an object of another type",
    table: "Pipeline_Settings",
    column: "parameters",
    values: ["{}", 1, true, []],
    says: /must be an object.*e\.g\./,
  },
  {
    type: "NULL where a value must be",
    table: "Access_Policies",
    column: "permissions",
    values: [null],
    says: /must have a value/,
  },
];

export function refusalCases(fact: Case): void {
  shapeCases(fact);
  referenceCases(fact);
  deleteCases(fact);
}

function shapeCases(fact: Case): void {
  for (const { type, table, column, values, says } of shapeFaults)
    fact(`${type} is refused with table, column and fault`, async ({ store }) => {
      await seed(store);
      const { key, values: before } = await storedRow(store, table);
      const name = new RegExp(`${table}\\.${column}: `);
      await assertRefused(
        store,
        values.map((value) => [
          { kind: "update", table, key, before, values: { [column]: value } },
          name,
          says,
        ]),
      );
    });

  fact("all faults of a row are told at once", async ({ store }) => {
    await seed(store);
    const values = { job_id: 201, threshold: "high", severity: 9, colour: "red" };
    await assertRefused(store, [
      [
        { kind: "insert", table: "Alert_Rules", values },
        /Alert_Rules\.metric: must have a value/,
        /Alert_Rules\.threshold: must be a number/,
        /Alert_Rules\.severity: must be 0 to 4/,
        /Alert_Rules\.colour: the table has no such column/,
      ],
    ]);
  });

  fact("an update that leaves fewer workers at most than at least is refused", async ({ store }) => {
    await seed(store);
    const { table, key, values: before } = await storedRow(store, "Cluster_Configs");
    await assertRefused(store, [
      [{ kind: "update", table, key, before, values: { min_workers: 5 } }, /Cluster_Configs\.max_workers/],
      [{ kind: "update", table, key, before, values: { max_workers: 0 } }, /Cluster_Configs\.max_workers/],
    ]);
  });

  fact("a value that another row has and only one may have is refused", async ({ store }) => {
    await seed(store);
    const [first, second] = await store.readRows({ tables: ["Environments"] });
    assert.ok(first && second);
    await store.insertRows([{ table: "Models", values: { name: "ml.models.churn" } }]);
    await assertRefused(store, [
      [
        { kind: "update", ...second, before: second.values, values: { is_default: true } },
        /Environments\.is_default: another row has the value true/,
      ],
      [
        { kind: "insert", table: "Models", values: { name: "ml.models.churn" } },
        /Models\.name: another row has the value "ml\.models\.churn"/,
      ],
      [
        { kind: "insert", table: "Pipeline_Settings", values: { job_id: 201 } },
        /Pipeline_Settings\.job_id: another row has the value 201/,
      ],
    ]);
  });
}

const references: readonly { readonly row: NewRow; readonly column: string; readonly says: RegExp }[] = [
  { row: { table: "Jobs", values: { environment: "nowhere" } }, column: "environment", says: /nowhere/ },
  {
    row: {
      table: "Integration_Runtimes",
      values: { name: "ir", kind: "managed", location: "eastus", environment: "nowhere" },
    },
    column: "environment",
    says: /environment/,
  },
  {
    row: {
      table: "Data_Sources",
      values: { name: "erp", kind: "rest", location: "x", integration_runtime: "ir-none" },
    },
    column: "integration_runtime",
    says: /runtime/i,
  },
  {
    row: { table: "Models", values: { name: "ml.models.churn", environment: "nowhere" } },
    column: "environment",
    says: /environment/,
  },
  {
    row: { table: "Pipeline_Settings", values: { job_id: 203, data_source: "none" } },
    column: "data_source",
    says: /source/i,
  },
  {
    row: { table: "Pipeline_Settings", values: { job_id: 203, integration_runtime: "none" } },
    column: "integration_runtime",
    says: /runtime/i,
  },
  {
    row: { table: "Alert_Rules", values: { job_id: 999, metric: "drift", threshold: 1 } },
    column: "job_id",
    says: /job/i,
  },
];

function referenceCases(fact: Case): void {
  for (const { row, column, says } of references)
    fact(`${row.table}.${column} that names a row that does not exist is refused`, async ({ store }) => {
      await seed(store);
      const names = new RegExp(`${row.table}\\.${column}: .*does not exist`);
      await assertRefused(store, [[insertOf(row), names, says]]);
    });
}

function deleteCases(fact: Case): void {
  fact("a row that others name is not deleted, and the message says so", async ({ store }) => {
    await seed(store);
    await store.insertRows([
      {
        table: "Integration_Runtimes",
        values: { name: "ir", kind: "managed", location: "x", environment: "westus" },
      },
      { table: "Data_Sources", values: { name: "erp", kind: "rest", location: "x" } },
      { table: "Pipeline_Settings", values: { job_id: 203, data_source: "erp", integration_runtime: "ir" } },
    ]);
    await resolveAll(store);
    const named = (await store.readRows({})).filter(({ key }) => ["westus", "ir", "erp"].includes(key));
    assert.equal(named.length, 3);
    await assertRefused(
      store,
      named.map(({ table, key, values: before }) => [
        { kind: "delete", table, key, before },
        new RegExp(`${table} ${key}: other rows still name it`),
      ]),
    );
  });

  fact("a row that others name keeps its key", async ({ store }) => {
    await seed(store);
    const row = (await store.readRows({ tables: ["Environments"] })).find(({ key }) => key === "westus");
    assert.ok(row);
    const { table, key, values: before } = row;
    await assertRefused(store, [
      [
        { kind: "update", table, key, before, values: { name: "west2" } },
        /Environments/,
        /still name|does not exist/,
      ],
    ]);
  });
}
