/**
 * Every column of the metadata tables: what it means, its shape, its default and an example. The reference
 * page, the JSON Schema for editors, the check of a row before it is written and the command line's output
 * come from here; a test holds it against both databases.
 *
 * Shape only. What a value means (is this a known permission) is judged when a row is resolved.
 */
import type { Column, Table } from "./column.ts";
import { jobTables } from "./columns-of-jobs.ts";
import { sharedTables } from "./columns-of-shared-rows.ts";

/** The metadata tables, parents before children. */
export const tables = {
  Environments: sharedTables.Environments,
  Integration_Runtimes: sharedTables.Integration_Runtimes,
  Data_Sources: sharedTables.Data_Sources,
  Models: sharedTables.Models,
  ...jobTables,
} as const satisfies Readonly<Record<string, Table>>;
export type MetadataTable = keyof typeof tables;
export const tableNames = Object.keys(tables) as readonly MetadataTable[]; // the keys of a constant

export const columnsOf = (table: MetadataTable): Readonly<Record<string, Column>> => tables[table].columns;
