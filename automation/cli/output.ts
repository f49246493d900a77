/** How commands print: a table for people, JSON or YAML for programs. */
import { Option } from "commander";
import { Document, visit } from "yaml";
import { oneLine, oneLineValue } from "./one-line.ts";
import { formatTable } from "./table.ts";

export const formats = ["table", "json", "yaml"] as const;
export type Format = (typeof formats)[number];

export const outputOption = (): Option =>
  new Option("-o, --output <format>", "how to print").choices(formats).default("table");

/** Of commands whose text is no table. */
export const textFormats = ["text", "json", "yaml"] as const;
export type TextFormat = (typeof textFormats)[number];

export const textOutputOption = (): Option =>
  new Option("-o, --output <format>", "how to print").choices(textFormats).default("text");

export const dataText = (format: "json" | "yaml", data: unknown): string =>
  format === "json" ? JSON.stringify(data, null, 2) : yamlText(data);

/** Documents that `apply` reads back as they are. */
export const documentsText = (format: "json" | "yaml", documents: readonly unknown[]): string =>
  format === "json" ? dataText(format, documents) : documents.map(yamlText).join("\n---\n");

// White space that a block of lines loses, or that nobody sees in one.
const needsQuotes = /^\s|[ \t]\n|\n[ \t]|[^\S\n ]|\p{Cc}(?<!\n)/u;

// Quoted text as JSON, on one line: over several the printer loses white space of it.
const layout = { lineWidth: 110, doubleQuotedAsJSON: true } as const;

function yamlText(data: unknown): string {
  const document = new Document(data);
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === "string" && needsQuotes.test(node.value)) node.type = "QUOTE_DOUBLE";
    },
  });
  // Printing ends the last line. Any other white space at the end may belong to a value.
  return document.toString(layout).replace(/\n$/, "");
}

/** `text` is made only where somebody reads it. */
export const inFormat = (format: Format, data: unknown, text: () => string): string =>
  format === "table" ? text() : dataText(format, data);

/** A headed part of a page; `none` stands where it has no rows. */
export function section(
  title: string,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  if (rows.length === 0) return `${oneLine(title)}: none`;
  const lines = formatTable(heads, rows).split("\n");
  return [oneLine(title), ...lines.map((line) => `  ${line}`)].join("\n");
}

/** Names and values, one a line. */
export const fields = (pairs: Readonly<Record<string, unknown>>): string =>
  formatTable(
    ["", ""],
    Object.entries(pairs).map(([name, value]) => [name, cell(value)]),
  ).trimStart();

/** A value in a table; `-` is none. */
export function cell(value: unknown): string {
  if (value === null || value === undefined || value === "") return "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.map(cell).join(",");
  return typeof value === "object" ? oneLine(JSON.stringify(value)) : oneLineValue(String(value));
}

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;

/** How long ago an instant was, in its largest unit: `3h`. */
export function age(instant: string | null, now = Date.now()): string {
  if (instant === null) return "-";
  // The database's clock may be a little ahead.
  const seconds = Math.max(0, Math.floor((now - Date.parse(instant)) / 1_000));
  const [unit, length] = units.find(([, size]) => seconds >= size) ?? ["s", 1];
  return `${Math.floor(seconds / length)}${unit}`;
}
