/** Stored rows → documents that say the same, pure: applied again, they change nothing. */
import { isDeepStrictEqual } from "node:util";
import { columnsOf, type MetadataTable, tables } from "../columns.ts";
import type { RowValues, StoredRow } from "../records.ts";
import { defaultOf } from "./plan-apply.ts";
import { collections, sections } from "./sections.ts";

export type WrittenDocument = Readonly<Record<string, unknown>>;

/** One document of what jobs share, if there is any, and one for each job. */
export function writeDocuments(rows: readonly StoredRow[]): readonly WrittenDocument[] {
  const shared = Object.entries(collections).flatMap(([field, table]) => {
    const own = rows.filter((row) => row.table === table);
    return own.length === 0 ? [] : [[field, own.map((row) => fieldsOf(table, row.values, []))] as const];
  });
  const byJob = Map.groupBy(
    rows.filter(({ values }) => values.job_id !== undefined),
    ({ values }) => Number(values.job_id),
  );
  const jobs = [...byJob].sort(([a], [b]) => a - b).map(([, own]) => jobDocument(own));
  return [...(shared.length === 0 ? [] : [Object.fromEntries(shared)]), ...jobs];
}

function jobDocument(rows: readonly StoredRow[]): WrittenDocument {
  const job = rows.find(({ table }) => table === "Jobs");
  const security: Record<string, unknown> = {};
  const outer: Record<string, unknown> = {};
  for (const { table, within, one, many } of sections) {
    const own = rows
      .filter((row) => row.table === table)
      .map(({ values }) => fieldsOf(table, values, [tables[table].key, "job_id"]));
    const place = within === null ? outer : security;
    if (own.length === 0) continue;
    if (many !== null) place[many] = own;
    else if (one !== null) place[one] = own[0];
  }
  return {
    ...fieldsOf("Jobs", job?.values ?? {}, []),
    ...(Object.keys(security).length === 0 ? {} : { security }),
    ...outer,
  };
}

/** Without what the table says by default: a reader sees what somebody meant. */
function fieldsOf(
  table: MetadataTable,
  values: RowValues,
  leftOut: readonly string[],
): Record<string, unknown> {
  const key = tables[table].key;
  return Object.fromEntries(
    Object.entries(columnsOf(table))
      .filter(([name]) => !leftOut.includes(name))
      .filter(([name, column]) => name === key || !isDeepStrictEqual(values[name] ?? null, defaultOf(column)))
      .map(([name]) => [name, values[name]]),
  );
}
