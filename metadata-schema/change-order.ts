/** An order in which changes of rows fit together, whatever order they are given in. */
import { columnsOf, type MetadataTable, tableNames, tables } from "./columns.ts";
import { belongsToJob } from "./row-values.ts";
import type { RowChange, RowValues } from "./store.ts";

/**
 * What only one row may have is given up before it is taken, a row is there before it is named, and is no longer
 * named before it goes. What that leaves open: rows of jobs go first, parents come before children and go after
 * them. Changes that wait for each other in a ring (two rows that swap) fit in no order.
 */
export function inOrder(changes: readonly RowChange[]): readonly RowChange[] {
  const steps = changes.map(stepOf).sort((a, b) => a.rank - b.rank);
  const givers = index(steps, ({ gives }) => gives);
  const makers = index(steps, ({ makes }) => makes);
  const users = index(steps, ({ usedBefore }) => usedBefore);
  const placed = new Set<Step>();
  const ordered: RowChange[] = [];
  const place = (step: Step): void => {
    if (placed.has(step)) return;
    placed.add(step);
    for (const token of step.takes) givers.get(token)?.forEach(place);
    for (const token of step.names) makers.get(token)?.forEach(place);
    for (const token of step.ends) users.get(token)?.forEach(place);
    ordered.push(step.change);
  };
  steps.forEach(place);
  return ordered;
}

/** A change, with what it means for others: rows and unique values as text. */
interface Step {
  readonly change: RowChange;
  readonly rank: number;
  /** unique values that it gives up, and takes */
  readonly gives: readonly string[];
  readonly takes: readonly string[];
  /** rows that its own row names before it, and that it newly names */
  readonly usedBefore: readonly string[];
  readonly names: readonly string[];
  /** the key that it makes, and ends */
  readonly makes: readonly string[];
  readonly ends: readonly string[];
}

function stepOf(change: RowChange): Step {
  const { table } = change;
  const before = change.kind === "insert" ? null : change.before;
  const after =
    change.kind === "delete"
      ? null
      : change.kind === "insert"
        ? change.values
        : { ...before, ...change.values };
  const without = (tokens: readonly string[], others: readonly string[]) =>
    tokens.filter((token) => !others.includes(token));
  const [uniqueBefore, uniqueAfter] = [uniqueValues(table, before), uniqueValues(table, after)];
  const [namedBefore, namedAfter] = [namedRows(table, before), namedRows(table, after)];
  const [keyBefore, keyAfter] = [ownKey(table, before), ownKey(table, after)];
  return {
    change,
    rank: rankOf(change),
    gives: without(uniqueBefore, uniqueAfter),
    takes: without(uniqueAfter, uniqueBefore),
    usedBefore: namedBefore,
    names: without(namedAfter, namedBefore),
    makes: without(keyAfter, keyBefore),
    ends: without(keyBefore, keyAfter),
  };
}

const ownKey = (table: MetadataTable, row: RowValues | null): readonly string[] => {
  const value = row?.[tables[table].key];
  return value === undefined || value === null ? [] : [`${table} ${value}`];
};

function uniqueValues(table: MetadataTable, row: RowValues | null): readonly string[] {
  if (row === null) return [];
  const { key, identity } = tables[table];
  const columns = identity.length === 1 ? [...new Set([key, ...identity])] : [key];
  const values = columns.flatMap((column) =>
    row[column] === undefined ? [] : [`${table}.${column} ${row[column]}`],
  );
  return isTrue(row.is_default) ? [...values, `${table}.is_default`] : values;
}

const isTrue = (value: RowValues[string] | undefined): boolean => value === true || value === 1;

function namedRows(table: MetadataTable, row: RowValues | null): readonly string[] {
  if (row === null) return [];
  return Object.entries(columnsOf(table)).flatMap(([name, { references }]) => {
    const value = row[name];
    return references === undefined || value === undefined || value === null
      ? []
      : [`${references} ${value}`];
  });
}

function rankOf(change: RowChange): number {
  const place = tableNames.indexOf(change.table);
  const count = tableNames.length;
  switch (change.kind) {
    case "delete":
      // Shared rows last of all: what used them has moved on by then.
      return belongsToJob(change.table) ? count - place : 4 * count + (count - place);
    case "insert":
      return 2 * count + place;
    case "update":
      return 3 * count + place;
    default:
      return change satisfies never;
  }
}

function index(
  steps: readonly Step[],
  tokensOf: (step: Step) => readonly string[],
): ReadonlyMap<string, readonly Step[]> {
  const byToken = new Map<string, Step[]>();
  for (const step of steps)
    for (const token of tokensOf(step)) {
      const found = byToken.get(token);
      if (found === undefined) byToken.set(token, [step]);
      else found.push(step);
    }
  return byToken;
}
