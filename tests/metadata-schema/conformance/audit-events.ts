/** Events of Audit_Logs as the tests read them. */
import assert from "node:assert/strict";
import { type MetadataTable, tableNames, tables } from "../../../metadata-schema/columns.ts";
import type { RowValues, StoredRow } from "../../../metadata-schema/store.ts";
import type { StoreKit } from "./kit.ts";

export interface AuditEvent {
  readonly id: number;
  readonly actor: string;
  readonly kind: string;
  readonly action: string;
  readonly table: MetadataTable;
  readonly key: string;
  readonly before: RowValues | null;
  readonly after: RowValues | null;
}

const parsed = (json: unknown): RowValues | null => (json === null ? null : JSON.parse(String(json)));

export async function allEvents(kit: Pick<StoreKit, "query">): Promise<readonly AuditEvent[]> {
  const rows = await kit.query("SELECT * FROM Audit_Logs ORDER BY event_id");
  return rows.map((row) => ({
    id: Number(row.event_id), // a 64-bit number may come as text
    actor: String(row.actor),
    kind: String(row.actor_kind),
    action: String(row.action),
    table: tableOf(String(row.table_name)),
    key: String(row.row_key),
    before: parsed(row.before_values),
    after: parsed(row.after_values),
  }));
}

/** Events of what `work` does, oldest first. */
export async function eventsOf(
  kit: Pick<StoreKit, "query">,
  work: () => Promise<unknown>,
): Promise<readonly AuditEvent[]> {
  const last = (await allEvents(kit)).at(-1)?.id ?? 0;
  await work();
  return (await allEvents(kit)).filter(({ id }) => id > last);
}

function tableOf(name: string): MetadataTable {
  const table = tableNames.find((each) => each === name);
  assert.ok(table, `${name} is a metadata table`);
  return table;
}

export const summaries = (events: readonly AuditEvent[]): readonly string[] =>
  events.map(({ action, table, key }) => `${action} ${table} ${key}`).sort();

/**
 * What the tables hold if the events are all that ever happened to them, as readRows gives it. Fails on an event
 * that does not follow from those before it: an update of a row that was another one, an insert of one that is there.
 */
export function replay(events: readonly AuditEvent[]): readonly StoredRow[] {
  const rows = new Map<string, StoredRow>();
  for (const { id, action, table, key, before, after } of events) {
    const what = `event ${id}, ${action} ${table} ${key}`;
    if (before !== null) {
      const old = `${table} ${before[tables[table].key]}`;
      assert.deepEqual(rows.get(old)?.values, before, `${what}: before`);
      rows.delete(old);
    }
    if (after !== null) {
      assert.equal(rows.has(`${table} ${key}`), false, `${what}: its key is taken`);
      assert.equal(String(after[tables[table].key]), key, `${what}: its key`);
      rows.set(`${table} ${key}`, { table, key, values: after });
    }
    const shape = before === null ? "insert" : after === null ? "delete" : "update";
    assert.equal(action, shape, what);
  }
  return inReadOrder([...rows.values()]);
}

const inReadOrder = (rows: readonly StoredRow[]): readonly StoredRow[] =>
  rows.toSorted(
    (a, b) =>
      tableNames.indexOf(a.table) - tableNames.indexOf(b.table) ||
      Number(a.key) - Number(b.key) ||
      (a.key < b.key ? -1 : 1),
  );
