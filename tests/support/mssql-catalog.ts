/** What the catalog of an Azure SQL or SQL Server database says of its schema, in words that every server shares. */
import type { TestConnection } from "./mssql-database.ts";

type Row = Readonly<Record<string, unknown>>;

export interface CatalogColumn {
  readonly table: string;
  readonly column: string;
  /** as it is declared, e.g. nvarchar(12) */
  readonly type: string;
  readonly collation: string | null;
  readonly mayBeNull: boolean;
}

/** Columns of tables and views, in their order. */
export async function catalogColumns({ query }: TestConnection): Promise<readonly CatalogColumn[]> {
  return (await query(selectColumns)).map((row) => ({
    table: String(row.owner),
    column: String(row.name),
    type: typeOf(row),
    collation: row.collation === null ? null : String(row.collation).toLowerCase(),
    mayBeNull: row.nullable === "YES",
  }));
}

function typeOf({ type, length, fraction }: Row): string {
  if (length !== null) return `${type}(${length === -1 ? "max" : length})`;
  return type === "datetime2" ? `datetime2(${fraction})` : String(type);
}

export async function tablesWithAuditTrigger({ query }: TestConnection): Promise<readonly string[]> {
  const rows = await query(
    "SELECT OBJECT_NAME(parent_id) AS owner FROM sys.triggers WHERE parent_class = 1 AND name LIKE '%[_]audit'",
  );
  return rows.map(({ owner }) => String(owner)).toSorted();
}

/**
 * The whole schema, a line each. Names only, of constraints, filters and views: servers print expressions in
 * different ways, and a constraint's name is the sentence that says what it refuses.
 */
export async function dumpCatalog(connection: TestConnection): Promise<string> {
  const { query } = connection;
  const columns = (await catalogColumns(connection)).map(
    ({ table, column, type, collation, mayBeNull }) =>
      `${table}.${column} ${type}${mayBeNull ? " null" : ""}${collation === null ? "" : ` ${collation}`}`,
  );
  const lines = async (statement: string, line: (row: Row) => string) =>
    (await query(statement)).map(line).toSorted();
  const unnamed = (row: Row): string => (row.unnamed ? "without a name" : String(row.name));
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ["columns of tables and views", columns],
    ["defaults", await lines(selectDefaults, (row) => `${row.owner}: ${unnamed(row)}`)],
    ["checks", await lines(selectChecks, (row) => `${row.owner}: ${unnamed(row)}`)],
    [
      "foreign keys",
      await lines(
        selectForeignKeys,
        (row) =>
          `${row.owner}: ${unnamed(row)} -> ${row.target}, delete ${row.on_delete}, update ${row.on_update}`,
      ),
    ],
    ["keys and indexes", indexLines(await query(selectIndexes))],
    ["triggers", await lines(selectTriggers, (row) => `${row.owner}: ${row.name}`)],
    ["sequences", await lines(selectSequences, (row) => `${row.name} ${row.type} from ${row.first}`)],
    ["views", await lines(selectViews, (row) => String(row.name))],
    ["roles", await lines(selectRoles, (row) => String(row.name))],
    [
      "permissions",
      await lines(selectPermissions, (row) => `${row.role}: ${row.state} ${row.permission} on ${row.object}`),
    ],
  ];
  return parts.map(([name, found]) => `==== ${name}\n${found.join("\n")}\n`).join("\n");
}

/** One row a column of an index → one line an index. */
function indexLines(rows: readonly Row[]): readonly string[] {
  const indexes = Map.groupBy(rows, ({ owner, name }) => `${owner}: ${name}`);
  return [...indexes]
    .map(([name, parts]) => {
      const first = parts[0] ?? {};
      const about = [
        String(first.type).toLowerCase(),
        first.is_primary_key ? "primary key" : first.is_unique ? "unique" : "",
        first.has_filter ? "filtered" : "",
      ].filter((word) => word !== "");
      return `${name} (${parts.map((part) => part.column).join(", ")}) ${about.join(", ")}`;
    })
    .toSorted();
}

const selectColumns = `SELECT TABLE_NAME AS owner, COLUMN_NAME AS name, DATA_TYPE AS type,
  CHARACTER_MAXIMUM_LENGTH AS length, DATETIME_PRECISION AS fraction, COLLATION_NAME AS collation,
  IS_NULLABLE AS nullable
FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = SCHEMA_NAME()
ORDER BY TABLE_NAME, ORDINAL_POSITION`;
const selectDefaults = `SELECT OBJECT_NAME(parent_object_id) AS owner, name, is_system_named AS unnamed
FROM sys.default_constraints`;
const selectChecks = `SELECT OBJECT_NAME(parent_object_id) AS owner, name, is_system_named AS unnamed
FROM sys.check_constraints`;
const selectForeignKeys = `SELECT OBJECT_NAME(parent_object_id) AS owner, name, is_system_named AS unnamed,
  OBJECT_NAME(referenced_object_id) AS target, delete_referential_action_desc AS on_delete,
  update_referential_action_desc AS on_update
FROM sys.foreign_keys`;
const selectIndexes = `SELECT OBJECT_NAME(i.object_id) AS owner, i.name, i.type_desc AS type, i.is_unique,
  i.is_primary_key, i.has_filter, COL_NAME(c.object_id, c.column_id) AS [column]
FROM sys.tables AS t JOIN sys.indexes AS i ON i.object_id = t.object_id
  JOIN sys.index_columns AS c ON c.object_id = i.object_id AND c.index_id = i.index_id
WHERE i.name IS NOT NULL ORDER BY i.object_id, i.index_id, c.key_ordinal`;
const selectTriggers =
  "SELECT OBJECT_NAME(parent_id) AS owner, name FROM sys.triggers WHERE parent_class = 1";
const selectSequences = `SELECT name, TYPE_NAME(user_type_id) AS type, CAST(start_value AS nvarchar(30)) AS first
FROM sys.sequences`;
const selectViews =
  "SELECT TABLE_NAME AS name FROM INFORMATION_SCHEMA.VIEWS WHERE TABLE_SCHEMA = SCHEMA_NAME()";
const selectRoles = "SELECT name FROM sys.database_principals WHERE type = 'R' AND name LIKE 'rowgate[_]%'";
const selectPermissions = `SELECT r.name AS role, p.state_desc AS state, p.permission_name AS permission,
  OBJECT_NAME(p.major_id) AS object
FROM sys.database_permissions AS p JOIN sys.database_principals AS r ON r.principal_id = p.grantee_principal_id
WHERE p.class = 1 AND r.name LIKE 'rowgate[_]%'`;
