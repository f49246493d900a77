/** docs/metadata-tables.md: every table and column for the people who write rows. Pure: returns the text. */
import type { Column, Table } from "./column.ts";
import { type MetadataTable, tableNames, tables } from "./columns.ts";
import { isRequired } from "./row-values.ts";

const introduction = `# Metadata tables

Made from \`metadata-schema/columns.ts\` by \`npm run generate\`; do not edit it by hand.

These are the tables that people write. A value of the wrong shape is refused as it is written; whether it means
something (is this a known permission) is judged when the row is resolved, and told by the condition Blocked.
SQLite stores true and false as 1 and 0, and both databases store lists and objects as JSON text.`;

export function referencePage(): string {
  const contents = tableNames.map((name) => `- ${link(name)}: ${cell(tables[name].what)}`).join("\n");
  return `${[introduction, contents, ...tableNames.map(sectionOf)].join("\n\n")}\n`;
}

function sectionOf(name: MetadataTable): string {
  const table: Table = tables[name];
  const rows = Object.entries(table.columns).map(([column, about]) =>
    [
      `\`${column}\``,
      cell(about.what),
      `${shapeOf(about)}${about.references === undefined ? "" : `; key of ${link(about.references)}`}`,
      leftOut(about),
      code(about.example),
    ].join(" | "),
  );
  return `## ${name}

${cell(table.what)}

Key: \`${table.key}\`. A row in a file means the stored row with the same ${list(table.identity)}.

| column | meaning | type and limits | left out or NULL | example |
|---|---|---|---|---|
${rows.map((row) => `| ${row} |`).join("\n")}`;
}

function shapeOf(column: Column): string {
  switch (column.type) {
    case "text":
      return `text, ${textLimits(column)}`;
    case "integer":
      return `integer, ${integerLimits(column)}`;
    case "number":
      return "number";
    case "boolean":
      return "true or false";
    case "text-list":
      return "list of text (JSON)";
    case "object":
      return column.textValues ? "object of texts (JSON)" : "object (JSON)";
    default:
      return column.type satisfies never;
  }
}

function textLimits({ pattern, length, maxLength, mayBeEmpty }: Column): string {
  if (pattern !== undefined) return cell(pattern.words.replace(/^must be /, ""));
  if (length !== undefined) return `exactly ${length} characters`;
  if (maxLength === undefined) return mayBeEmpty ? "of any length" : "not empty";
  return `${mayBeEmpty ? "at most" : "1 to"} ${maxLength} characters`;
}

function integerLimits({ minimum, maximum }: Column): string {
  if (minimum !== undefined && maximum === undefined) return `${minimum} or more`;
  return minimum === undefined ? "of 32 bits" : `${minimum} to ${maximum}`;
}

function leftOut(column: Column): string {
  if (isRequired(column)) return "must be given";
  if (column.generated) return "left out: the database gives a number";
  const parts = [
    ...(column.defaultValue === undefined ? [] : [`left out: ${code(column.defaultValue)}`]),
    ...(column.whenNull === undefined ? [] : [`NULL: ${cell(column.whenNull)}`]),
  ];
  return parts.join("; ");
}

const list = (columns: readonly string[]): string => {
  const names = columns.map((column) => `\`${column}\``);
  const last = names.pop() ?? "";
  return names.length === 0 ? last : `${names.join(", ")} and ${last}`;
};

const link = (table: string): string => `[${table}](#${table.toLowerCase()})`;

/** Words like <job_id> are no HTML, and a bar ends no cell. */
const cell = (text: string): string => text.replaceAll("<", "&lt;").replaceAll("|", "\\|");

const code = (value: Column["example"]): string =>
  `\`${(typeof value === "string" ? value : JSON.stringify(value)).replaceAll("|", "\\|")}\``;
