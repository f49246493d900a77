/** What the catalog of an Azure SQL or SQL Server database says of its schema, in words that every server shares. */
import type { Column } from "../../metadata-schema/column.ts";
import type { TestConnection } from "./mssql-database.ts";

type Row = Readonly<Record<string, unknown>>;

export interface CatalogColumn {
  readonly table: string;
  readonly column: string;
  /** as it is declared, e.g. nvarchar(12) */
  readonly type: string;
  readonly mayBeNull: boolean;
}

/** Columns of tables and views, in their order. */
export async function catalogColumns({ query }: TestConnection): Promise<readonly CatalogColumn[]> {
  return (await query(selectColumns)).map((row) => ({
    table: String(row.owner),
    column: String(row.name),
    type: typeOf(row),
    mayBeNull: row.nullable === "YES",
  }));
}

function typeOf({ type, length, fraction }: Row): string {
  if (length !== null) return `${type}(${length === -1 ? "max" : length})`;
  return type === "datetime2" ? `datetime2(${fraction})` : String(type);
}

/** In lower case. */
export async function tablesWithAuditTrigger({ query }: TestConnection): Promise<readonly string[]> {
  const rows = await query(
    "SELECT OBJECT_NAME(parent_id) AS owner FROM sys.triggers WHERE parent_class = 1 AND name LIKE '%[_]audit'",
  );
  return rows.map(({ owner }) => String(owner).toLowerCase()).toSorted();
}

const selectColumns = `SELECT TABLE_NAME AS owner, COLUMN_NAME AS name, DATA_TYPE AS type,
  CHARACTER_MAXIMUM_LENGTH AS length, DATETIME_PRECISION AS fraction,
  IS_NULLABLE AS nullable
FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = SCHEMA_NAME()
ORDER BY TABLE_NAME, ORDINAL_POSITION`;

/** The type that a column of columns.ts has on SQL Server. */
export function declaredType({ type, length, maxLength }: Column): string {
  if (type === "text") return `nvarchar(${length ?? maxLength})`;
  return {
    integer: "int",
    number: "float",
    boolean: "bit",
    "text-list": "nvarchar(max)",
    object: "nvarchar(max)",
  }[type];
}
