/** What columns.ts says of a table and of a column. */

export type ColumnType = "text" | "integer" | "number" | "boolean" | "text-list" | "object";

export interface Column {
  readonly type: ColumnType;
  /** what it means, with units; one sentence or two */
  readonly what: string;
  readonly example: string | number | boolean | readonly string[] | Readonly<Record<string, unknown>>;
  /** text: at most this many characters, at least one unless `mayBeEmpty`; lists and objects: none */
  readonly maxLength?: number;
  readonly mayBeEmpty?: true;
  /** exactly this many characters */
  readonly length?: number;
  /** text: the values that mean something; another one is stored, and its row is Blocked */
  readonly values?: readonly string[];
  /** objects: every value is text */
  readonly textValues?: true;
  readonly pattern?: { readonly regExp: RegExp; readonly words: string };
  readonly minimum?: number;
  readonly maximum?: number;
  /** NULL is a value, with this meaning */
  readonly whenNull?: string;
  /** what the database fills in when the column is left out; without it, and without whenNull, it must be given */
  readonly defaultValue?: string | number | boolean | readonly string[] | Readonly<Record<string, unknown>>;
  /** the database makes the value when it is left out */
  readonly generated?: true;
  /** table whose key this column holds */
  readonly references?: string;
}

export interface Table {
  readonly what: string;
  readonly key: string;
  /** columns by which a file's row finds the stored row that it means; the key itself where people choose it */
  readonly identity: readonly string[];
  readonly columns: Readonly<Record<string, Column>>;
}
