/** Diff: old inputs against new ones, structurally, and which of the changes replace. */
import { createBeforeDeleteMark } from "./check.ts";
import { type Body, canonical, equal, isBody, type Json, pathTo } from "./json.ts";
import type { ResourceType } from "./resource-type.ts";

export type ChangeKind = "add" | "delete" | "update";

export interface Change {
  /** property path in the engine's notation: `tasks[0].taskKey`, `tags["cost-center"]` */
  readonly path: string;
  readonly kind: ChangeKind;
  readonly replaces: boolean;
}

export interface Difference {
  readonly changes: Change[];
  readonly deleteBeforeReplace: boolean;
}

export function diffInputs(type: ResourceType, olds: Body, news: Body): Difference {
  const found: { path: string; kind: ChangeKind }[] = [];
  walk({ type, found }, { path: "", before: withoutMarks(olds), after: withoutMarks(news) });
  const changes = found.map(({ path, kind }) => ({ path, kind, replaces: replacesOn(type, path) }));
  // a name that nobody chose can be held twice: only then is the new one made first
  const madeUpName = olds[createBeforeDeleteMark] === true;
  const deleteFirst = type.deleteBeforeReplace && !madeUpName && changes.some((change) => change.replaces);
  return { changes, deleteBeforeReplace: deleteFirst };
}

const withoutMarks = (inputs: Body): Body =>
  Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.startsWith("__")));

interface Walk {
  readonly type: ResourceType;
  readonly found: { path: string; kind: ChangeKind }[];
}

interface Step {
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

function walk(state: Walk, { path, before, after }: Step): void {
  const { type, found } = state;
  if (equal(before, after)) return;
  if (before === undefined) found.push({ path, kind: "add" });
  else if (after === undefined) found.push({ path, kind: "delete" });
  else if (isBody(before) && isBody(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      walk(state, { path: pathTo(path, key), before: before[key], after: after[key] });
    }
  } else if (Array.isArray(before) && Array.isArray(after)) {
    if (type.sets.includes(general(path)) && sameMembers(before, after)) return;
    const length = Math.max(before.length, after.length);
    for (let index = 0; index < length; index += 1) {
      walk(state, { path: `${path}[${index}]`, before: before[index], after: after[index] });
    }
  } else if (!type.same(path, before, after)) found.push({ path, kind: "update" });
}

const sameMembers = (before: Json[], after: Json[]): boolean =>
  equal(before.map(canonical).sort(), after.map(canonical).sort());

const general = (path: string): string => path.replaceAll(/\[\d+\]/g, "[*]");

function replacesOn(type: ResourceType, path: string): boolean {
  const here = general(path);
  return type.replaceOn.some((rule) => here === rule || inside(here, rule) || inside(rule, here));
}

const inside = (inner: string, outer: string): boolean =>
  inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);
