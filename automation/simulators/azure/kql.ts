/**
 * The one shape of Kusto query that alert rules of ours are written in, and nothing beyond it:
 *
 *   Table | where A == "x" and B == "y" | summarize V = avg(C) by bin(TimeGenerated, 60m) | project V
 *
 * Any number of `where`, then at most one `summarize` (avg, min, max, sum or count()), then `project`.
 */
import type { Body, Json } from "../json.ts";

export interface KqlFilter {
  readonly column: string;
  readonly value: string | number | boolean;
}

export interface KqlSummary {
  readonly name: string;
  readonly aggregate: "avg" | "min" | "max" | "sum" | "count";
  /** null: of count() */
  readonly column: string | null;
  /** bins of TimeGenerated; null: one row for all */
  readonly binMs: number | null;
}

export interface KqlQuery {
  readonly table: string;
  readonly filters: readonly KqlFilter[];
  readonly summary: KqlSummary | null;
  readonly columns: readonly string[] | null;
}

export type ParsedKql =
  | { readonly status: "parsed"; readonly query: KqlQuery }
  | { readonly status: "refused"; readonly reason: string };

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const summaryShape =
  /^(\w+)\s*=\s*(avg|min|max|sum|count)\(\s*(\w*)\s*\)(?:\s+by\s+bin\(\s*TimeGenerated\s*,\s*(\d+)([smhd])\s*\))?$/;
const filterShape = /^(\w+)\s*==\s*(?:"([^"\\]*)"|'([^'\\]*)'|(-?\d+(?:\.\d+)?)|(true|false))$/;

export function parseKql(text: string): ParsedKql {
  const [table = "", ...steps] = outside(text, "|").map((step) => step.trim());
  const refused = (reason: string): ParsedKql => ({
    status: "refused",
    reason: `${reason}. The simulated Monitor reads Table | where Column == "text" and … | summarize Name = avg(Column) by bin(TimeGenerated, 60m) | project …, and no other query`,
  });
  if (!/^[A-Za-z_]\w*$/.test(table)) return refused(`'${table}' is not the name of a table`);
  const filters: KqlFilter[] = [];
  let summary: KqlSummary | null = null;
  let columns: readonly string[] | null = null;
  for (const step of steps) {
    const [, word = "", rest = ""] = /^(\w+)\s*(.*)$/s.exec(step) ?? [];
    if (columns) return refused(`nothing may follow project, and '${step}' does`);
    if (word === "where" && !summary) {
      for (const term of outside(rest, " and ")) {
        const filter = filterOf(term.trim());
        if (!filter) return refused(`the condition '${term.trim()}' is not simulated`);
        filters.push(filter);
      }
    } else if (word === "summarize" && !summary) {
      summary = summaryOf(rest.trim());
      if (!summary) return refused(`'${step}' is not simulated`);
    } else if (word === "project") {
      columns = rest.split(",").map((column) => column.trim());
      if (!columns.every((column) => /^\w+$/.test(column))) return refused(`'${step}' is not simulated`);
    } else return refused(`'${step}' is not simulated here`);
  }
  return { status: "parsed", query: { table, filters, summary, columns } };
}

/** Splits at a mark that stands outside quotes. */
function outside(text: string, mark: string): string[] {
  const parts: string[] = [];
  let [start, quote] = [0, ""];
  for (let at = 0; at < text.length; at += 1) {
    const here = text[at] ?? "";
    if (quote) quote = here === quote ? "" : quote;
    else if (here === '"' || here === "'") quote = here;
    else if (text.startsWith(mark, at)) {
      parts.push(text.slice(start, at));
      start = at + mark.length;
    }
  }
  return [...parts, text.slice(start)];
}

function filterOf(term: string): KqlFilter | null {
  const match = filterShape.exec(term);
  if (!match) return null;
  const [, column = "", double, single, number, word] = match;
  if (number !== undefined) return { column, value: Number(number) };
  if (word !== undefined) return { column, value: word === "true" };
  return { column, value: double ?? single ?? "" };
}

function summaryOf(text: string): KqlSummary | null {
  const match = summaryShape.exec(text);
  if (!match) return null;
  const [, name = "", aggregate = "", column = "", size, unit = ""] = match;
  if ((aggregate === "count") !== (column === "")) return null;
  const binMs = size === undefined ? null : Number(size) * (unitMs[unit] ?? 0);
  return { name, aggregate: aggregate as KqlSummary["aggregate"], column: column || null, binMs };
}

/** Columns that a query reads of its table, TimeGenerated aside. */
export const columnsRead = ({ filters, summary, columns }: KqlQuery): string[] => [
  ...filters.map((filter) => filter.column),
  ...(summary?.column ? [summary.column] : []),
  ...(summary ? [] : (columns ?? [])),
];

/** Columns of the result; null: those of the table. */
export function columnsGiven({ summary, columns }: KqlQuery): readonly string[] | null {
  if (columns) return columns;
  return summary ? [...(summary.binMs === null ? [] : ["TimeGenerated"]), summary.name] : null;
}

export function runKql(query: KqlQuery, rows: readonly Body[]): Body[] {
  const kept = rows.filter((row) => query.filters.every(({ column, value }) => row[column] === value));
  const found = query.summary ? summarize(query.summary, kept) : kept;
  const { columns } = query;
  if (!columns) return found;
  return found.map((row) => Object.fromEntries(columns.map((column) => [column, row[column] ?? null])));
}

function summarize(summary: KqlSummary, rows: readonly Body[]): Body[] {
  const { binMs, name } = summary;
  // without bins there is one row even of nothing: that is how missing data is seen
  if (binMs === null) return [{ [name]: aggregate(summary, rows) }];
  const bins = new Map<number, Body[]>();
  for (const row of rows) {
    const bin = Math.floor(Date.parse(String(row.TimeGenerated)) / binMs) * binMs;
    bins.set(bin, [...(bins.get(bin) ?? []), row]);
  }
  return [...bins]
    .sort(([a], [b]) => a - b)
    .map(([bin, inside]) => ({
      TimeGenerated: new Date(bin).toISOString(),
      [name]: aggregate(summary, inside),
    }));
}

function aggregate({ aggregate: how, column }: KqlSummary, rows: readonly Body[]): Json {
  if (how === "count" || column === null) return rows.length;
  const values = rows.map((row) => row[column]).filter((value) => typeof value === "number");
  return combine(how, values);
}

/** null: there is nothing to combine. */
export function combine(
  how: "avg" | "min" | "max" | "sum" | "count",
  values: readonly number[],
): number | null {
  if (how === "count") return values.length;
  if (values.length === 0) return null;
  const sum = values.reduce((total, value) => total + value, 0);
  switch (how) {
    case "avg":
      return sum / values.length;
    case "sum":
      return sum;
    case "min":
      return Math.min(...values);
    case "max":
      return Math.max(...values);
  }
}
