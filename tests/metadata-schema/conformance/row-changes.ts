/** Changes of rows by a person, as the conformance cases make them. */
import assert from "node:assert/strict";
import type {
  Actor,
  MetadataStore,
  RowChange,
  RowValues,
  StoredRow,
} from "../../../metadata-schema/store.ts";

const person: Actor = { name: "mei.tanaka@contoso.example", kind: "person" };

export const change = (store: MetadataStore, ...changes: readonly RowChange[]): Promise<void> =>
  store.changeRows(changes, person);

/** The stored row; the test fails if there is none. */
export async function rowOf(
  store: MetadataStore,
  table: StoredRow["table"],
  key: string,
): Promise<StoredRow> {
  const row = (await store.readRows({ tables: [table] })).find((stored) => stored.key === key);
  assert.ok(row, `${table} ${key} is stored`);
  return row;
}

/** The one row of the table that belongs to the job. */
export async function rowOfJob(
  store: MetadataStore,
  table: StoredRow["table"],
  jobId = 201,
): Promise<StoredRow> {
  const [row] = await store.readRows({ tables: [table], jobId });
  assert.ok(row, `${table} of job ${jobId} is stored`);
  return row;
}

export const update = ({ table, key, values: before }: StoredRow, values: RowValues): RowChange => ({
  kind: "update",
  table,
  key,
  before,
  values,
});
export const remove = ({ table, key, values: before }: StoredRow): RowChange => ({
  kind: "delete",
  table,
  key,
  before,
});
export const insert = (table: StoredRow["table"], values: RowValues): RowChange => ({
  kind: "insert",
  table,
  values,
});
