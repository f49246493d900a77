import { oneLineValue } from "./one-line.ts";

/** A table for a terminal: columns as wide as their widest cell, the last one as long as it is. */
export function formatTable(heads: readonly string[], values: readonly (readonly string[])[]): string {
  const rows = values.map((cells) => cells.map(oneLineValue));
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === heads.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return [heads, ...rows].map(line).join("\n");
}
