/**
 * Data Factory's expression language, as far as pipelines of ours speak it: `@concat('a', pipeline().RunId)`,
 * `text @{item().id}`, `@@` for a literal at. What is beyond it is refused by name, never guessed.
 */
import { isBody, type Json } from "../json.ts";

export class ExpressionFault extends Error {
  override readonly name = "ExpressionFault";
}

export type Expression =
  | { readonly kind: "literal"; readonly value: Json }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | {
      readonly kind: "property";
      readonly of: Expression;
      readonly key: Expression;
      readonly optional: boolean;
    }
  /** text with `@{…}` in it */
  | { readonly kind: "text"; readonly parts: readonly Expression[] };

const literal = (value: Json): Expression => ({ kind: "literal", value });

/** Takes a value that may be an expression apart; text that starts with no `@` and holds no `@{` is itself. */
export function parseExpression(text: string): Expression {
  if (text.startsWith("@@")) return literal(text.slice(1));
  if (text.startsWith("@") && !text.startsWith("@{")) return parseWhole(text.slice(1));
  if (!text.includes("@{")) return literal(text);
  const parts: Expression[] = [];
  let rest = text;
  for (;;) {
    const start = rest.indexOf("@{");
    if (start < 0) break;
    if (start > 0) parts.push(literal(rest.slice(0, start)));
    const reader = new Reader(rest.slice(start + 2));
    parts.push(reader.expression());
    reader.expect("}");
    rest = reader.rest();
  }
  if (rest !== "") parts.push(literal(rest));
  return { kind: "text", parts };
}

function parseWhole(text: string): Expression {
  const reader = new Reader(text);
  const parsed = reader.expression();
  reader.end();
  return parsed;
}

/** Every call in an expression, outermost first. */
export function callsIn(expression: Expression): readonly (Expression & { kind: "call" })[] {
  switch (expression.kind) {
    case "literal":
      return [];
    case "call":
      return [expression, ...expression.args.flatMap(callsIn)];
    case "property":
      return [...callsIn(expression.of), ...callsIn(expression.key)];
    case "text":
      return expression.parts.flatMap(callsIn);
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  expression(): Expression {
    let value = this.#primary();
    for (;;) {
      const step = this.#take(/\??\.[A-Za-z_][\w-]*/y);
      if (step !== undefined) {
        const key = literal(step.replace(/^\??\./, ""));
        value = { kind: "property", of: value, key, optional: step.startsWith("?") };
        continue;
      }
      const bracket = this.#take(/\??\[/y);
      if (bracket === undefined) return value;
      const key = this.expression();
      this.expect("]");
      value = { kind: "property", of: value, key, optional: bracket.startsWith("?") };
    }
  }

  #primary(): Expression {
    const quoted = this.#take(/'(?:[^']|'')*'/y);
    if (quoted !== undefined) return literal(quoted.slice(1, -1).replaceAll("''", "'"));
    const number = this.#take(/-?\d+(?:\.\d+)?/y);
    if (number !== undefined) return literal(Number(number));
    const word = this.#take(/[A-Za-z_]\w*/y);
    if (word === undefined) throw this.#fault("an expression");
    if (this.#take(/\(/y) === undefined) return this.#word(word);
    const args: Expression[] = [];
    if (this.#take(/\)/y) !== undefined) return { kind: "call", name: word, args };
    do args.push(this.expression());
    while (this.#take(/,/y) !== undefined);
    this.expect(")");
    return { kind: "call", name: word, args };
  }

  #word(word: string): Expression {
    const lower = word.toLowerCase();
    if (lower === "true" || lower === "false") return literal(lower === "true");
    if (lower === "null") return literal(null);
    throw new ExpressionFault(`'${word}' is no value and no function call in '${this.#text}'`);
  }

  expect(mark: string): void {
    this.#space();
    if (!this.#text.startsWith(mark, this.#at)) throw this.#fault(`'${mark}'`);
    this.#at += mark.length;
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw this.#fault("the end");
  }

  rest(): string {
    return this.#text.slice(this.#at);
  }

  #take(pattern: RegExp): string | undefined {
    this.#space();
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
  }

  #fault(wanted: string): ExpressionFault {
    return new ExpressionFault(`'${this.#text}': ${wanted} is expected at character ${this.#at + 1}`);
  }
}

/** What `activity('X')`, `pipeline()`, `item()` and their like answer where an expression is evaluated. */
export type Scope = Readonly<Record<string, (args: readonly Json[]) => Json>>;

export function evaluate(expression: Expression, scope: Scope): Json {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "text":
      return expression.parts.map((part) => asText(evaluate(part, scope))).join("");
    case "property":
      return property(evaluate(expression.of, scope), evaluate(expression.key, scope), expression.optional);
    case "call":
      return call(expression, scope);
  }
}

function property(of: Json, key: Json, optional: boolean): Json {
  if (Array.isArray(of) && typeof key === "number") {
    const item = of[key];
    if (item !== undefined) return item;
    if (optional) return null;
    throw new ExpressionFault(`the array has ${of.length} items and no item ${key}`);
  }
  const name = String(key);
  const found = isBody(of) ? of[name] : undefined;
  if (found !== undefined) return found;
  if (optional) return null;
  if (!isBody(of)) throw new ExpressionFault(`property '${name}' can't be selected: the value is no object`);
  const known = Object.keys(of).join(", ");
  throw new ExpressionFault(`property '${name}' doesn't exist, available properties are '${known}'`);
}

function call({ name, args }: Expression & { kind: "call" }, scope: Scope): Json {
  const lower = name.toLowerCase();
  // only the branch that is taken is evaluated: the other may name what isn't there
  if (lower === "if") {
    const [condition, yes, no] = args;
    if (!condition || !yes || !no) throw new ExpressionFault("if takes a condition and two values");
    return evaluate(isTrue(evaluate(condition, scope)) ? yes : no, scope);
  }
  const values = args.map((arg) => evaluate(arg, scope));
  const known = scope[lower] ?? functions[lower];
  if (!known) throw new ExpressionFault(`the function '${name}' is not simulated`);
  return known(values);
}

const isTrue = (value: Json): boolean => {
  if (typeof value === "boolean") return value;
  throw new ExpressionFault(`a boolean is needed, not ${JSON.stringify(value)}`);
};

export const asText = (value: Json): string =>
  typeof value === "string" ? value : value === null ? "" : JSON.stringify(value);

function asBool(value: Json): boolean {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  if (typeof value === "string" && /^(true|false)$/i.test(value)) return value.toLowerCase() === "true";
  throw new ExpressionFault(`${JSON.stringify(value)} is no boolean`);
}

function asInt(value: Json): number {
  const number = typeof value === "boolean" ? Number.NaN : Number(value);
  if (Number.isInteger(number)) return number;
  throw new ExpressionFault(`${JSON.stringify(value)} is no integer`);
}

function asJson(value: Json): Json {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    throw new ExpressionFault(`json() was given text that is no JSON: ${value.slice(0, 80)}`);
  }
}

const sameValue = (a: Json, b: Json): boolean => JSON.stringify(a) === JSON.stringify(b);
const isEmpty = (value: Json): boolean =>
  value === null || (typeof value === "object" ? Object.keys(value).length === 0 : value === "");

function ordered(values: readonly Json[], name: string): readonly [number | string, number | string] {
  const [a, b] = values;
  if (typeof a === "number" && typeof b === "number") return [a, b];
  if (typeof a === "string" && typeof b === "string") return [a, b];
  throw new ExpressionFault(`${name} compares two numbers or two texts`);
}

/** Of the functions that the language has, those that pipelines of ours need. */
const functions: Scope = {
  concat: (values) => values.map(asText).join(""),
  string: ([value = null]) => asText(value),
  int: ([value = null]) => asInt(value),
  bool: ([value = null]) => asBool(value),
  json: ([value = null]) => asJson(value),
  equals: ([a = null, b = null]) => sameValue(a, b),
  not: ([value = null]) => !isTrue(value),
  and: (values) => values.every(isTrue),
  or: (values) => values.some(isTrue),
  coalesce: (values) => values.find((value) => value !== null) ?? null,
  empty: ([value = null]) => isEmpty(value),
  length: ([value = null]) => (Array.isArray(value) || typeof value === "string" ? value.length : 0),
  greater: (values) => {
    const [a, b] = ordered(values, "greater");
    return a > b;
  },
  less: (values) => {
    const [a, b] = ordered(values, "less");
    return a < b;
  },
  tolower: ([value = null]) => asText(value).toLowerCase(),
  toupper: ([value = null]) => asText(value).toUpperCase(),
  utcnow: () => new Date().toISOString(),
};

/** Whether a call of this name can be answered, by the language or by a place such as `item()`. */
export const isKnownCall = (name: string, places: readonly string[]): boolean =>
  name.toLowerCase() in functions || name.toLowerCase() === "if" || places.includes(name.toLowerCase());
