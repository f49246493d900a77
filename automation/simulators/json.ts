/** JSON as it travels over the wire and into the store, and the few ways in which it is taken apart. */

export type Json = string | number | boolean | null | Json[] | Body;
export interface Body {
  [key: string]: Json;
}

/** What the engine sends in place of a value that a preview can't know yet (Pulumi's protocol fixes it). */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const isBody = (value: Json | undefined): value is Body =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isUnknown = (value: Json | undefined): boolean => value === unknownValue;

/** The value at a dotted path, or undefined where any step is missing. */
export function at(value: Json | undefined, path: string): Json | undefined {
  let here: Json | undefined = value;
  for (const step of path.split(".")) {
    if (!isBody(here)) return undefined;
    here = here[step];
  }
  return here;
}

/** One step further on a path in the engine's notation: `tags["cost-center"]`, `sku.name`. */
export function pathTo(path: string, key: string): string {
  const isWord = /^[A-Za-z_][A-Za-z0-9_]*$/.test(key);
  if (!isWord) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** Text at a dotted path; empty when it is absent, null or not text. */
export function textAt(value: Json | undefined, path: string): string {
  const found = at(value, path);
  return typeof found === "string" ? found : "";
}

export function listAt(value: Json | undefined, path: string): Json[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

export function textsAt(value: Json | undefined, path: string): string[] {
  return listAt(value, path).filter((item): item is string => typeof item === "string");
}

export function bodiesAt(value: Json | undefined, path: string): Body[] {
  return listAt(value, path).filter(isBody);
}

/** JSON text with sorted keys: equal values have equal text. */
export function canonical(value: Json | undefined): string {
  if (value === undefined) return "undefined";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isBody(value)) return JSON.stringify(value);
  const keys = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

export const equal = (a: Json | undefined, b: Json | undefined): boolean => canonical(a) === canonical(b);

/** Deep merge in the manner of JSON merge patch: null removes, lists are replaced whole. */
export function merge(base: Body, patch: Body): Body {
  const merged: Body = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (isBody(value) && Array.isArray(merged[key])) merged[key] = mergeItems(merged[key], value);
    else if (isBody(value)) merged[key] = merge(isBody(merged[key]) ? (merged[key] as Body) : {}, value);
    else merged[key] = value;
  }
  return merged;
}

/** `0: {…}` changes the first item of a list; keys that are no index stand for another value in its place. */
function mergeItems(items: readonly Json[], patch: Body): Json {
  const indexes = Object.keys(patch);
  if (!indexes.every((index) => /^\d+$/.test(index) && Number(index) < items.length)) return patch;
  return items.map((item, index) => {
    const change = patch[String(index)];
    if (change === undefined) return item;
    return isBody(item) && isBody(change) ? merge(item, change) : change;
  });
}

/** A copy without nulls and without what the engine adds for itself (`__defaults`, `__provider`). */
export function plain(value: Body): Body {
  const copy = (item: Json): Json => {
    if (Array.isArray(item)) return item.map(copy);
    if (!isBody(item)) return item;
    const kept = Object.entries(item).filter(
      ([key, inner]) => inner !== null && inner !== undefined && key !== "__defaults" && key !== "__provider",
    );
    return Object.fromEntries(kept.map(([key, inner]) => [key, copy(inner)]));
  };
  return copy(value) as Body;
}

export const pick = (value: Body, keys: readonly string[]): Body =>
  Object.fromEntries(keys.filter((key) => value[key] !== undefined).map((key) => [key, value[key] as Json]));

export const omit = (value: Body, keys: readonly string[]): Body =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));

export const hasText = (value: Body, key: string): boolean =>
  typeof value[key] === "string" && value[key] !== "";
