/**
 * Whether a resource's inputs are what its SDK declares: no unknown name, nothing required left out, down to the last
 * level. tsc says the same of what is written in one piece; of spread objects and of JSON it says nothing.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Property {
  readonly optional: boolean;
  readonly type: string;
}
type Shape = ReadonlyMap<string, Property>;

const read = (file: string): string =>
  readFileSync(fileURLToPath(import.meta.resolve(`@pulumi/${file}`)), "utf8").replaceAll(
    /\/\*\*[\s\S]*?\*\//g,
    "",
  );

function shapesIn(text: string): Map<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const [, name = "", body = ""] of text.matchAll(/interface (\w+) \{\n([\s\S]*?)\n\s*\}\n/g)) {
    const members = body.matchAll(/^\s*(\w+)(\??): ([\s\S]*?);$/gm);
    shapes.set(
      name,
      new Map([...members].map(([, key = "", mark, type = ""]) => [key, { optional: mark === "?", type }])),
    );
  }
  return shapes;
}

/** The declarations of a file, or of a part of it, are read once. */
const cache = new Map<string, Map<string, Shape>>();
function cached(key: string, make: () => Map<string, Shape>): Map<string, Shape> {
  const shapes = cache.get(key) ?? make();
  cache.set(key, shapes);
  return shapes;
}

function typesOf(provider: string, module: string): Map<string, Shape> {
  const text = read(`${provider}/types/input.d.ts`);
  const part =
    provider === "databricks"
      ? text
      : (text.split(/export declare namespace /).find((each) => each.startsWith(`${module} `)) ?? "");
  return shapesIn(part);
}

function candidates(type: string, shapes: Map<string, Shape>): Shape[] {
  const names = [...type.matchAll(/inputs\.(?:\w+\.)?(\w+)/g)].map(([, name = ""]) => name);
  return names
    .map((name) => shapes.get(name) ?? shapes.get(name.replace(/Args$/, "")))
    .filter((shape) => shape !== undefined);
}

/** Of several shapes the one whose constant in `type` or `odataType` is the value's. */
function shapeOf(value: object, shapes: readonly Shape[]): Shape | undefined {
  if (shapes.length <= 1) return shapes[0];
  return shapes.find((shape) =>
    Object.entries(value).some(([key, word]) => shape.get(key)?.type.includes(`"${word}"`)),
  );
}

function faultsIn(value: unknown, type: string, path: string, shapes: Map<string, Shape>): string[] {
  if (Array.isArray(value))
    return value.flatMap((item, index) => faultsIn(item, type, `${path}[${index}]`, shapes));
  if (typeof value !== "object" || value === null) return [];
  if (type.includes("[key: string]")) {
    const inside = type.slice(type.indexOf("]"));
    return Object.entries(value).flatMap(([key, item]) => faultsIn(item, inside, `${path}.${key}`, shapes));
  }
  const possible = candidates(type, shapes);
  if (possible.length === 0) return [];
  const shape = shapeOf(value, possible);
  return shape === undefined ? [`${path}: of no declared kind`] : faultsOf(value, shape, path, shapes);
}

function faultsOf(value: object, shape: Shape, path: string, shapes: Map<string, Shape>): string[] {
  const missing = [...shape]
    .filter(([key, { optional }]) => !optional && (value as Record<string, unknown>)[key] === undefined)
    .map(([key]) => `${path}.${key}: required`);
  const inside = Object.entries(value).flatMap(([key, item]) => {
    const property = shape.get(key);
    return property === undefined
      ? [`${path}.${key}: unknown`]
      : faultsIn(item, property.type, `${path}.${key}`, shapes);
  });
  return [...missing, ...inside];
}

/**
 * @param token type token, e.g. `azure-native:datafactory:Pipeline`
 * @returns one text a fault, with the path of the input; empty: all is as declared
 */
export function shapeFaults(token: string, inputs: Readonly<Record<string, unknown>>): string[] {
  const [provider = "", modulePath = "", name = ""] = token.split(":");
  const [module = ""] = modulePath.split("/");
  const file = name.charAt(0).toLowerCase() + name.slice(1);
  const path = provider === "databricks" ? `${provider}/${file}.d.ts` : `${provider}/${module}/${file}.d.ts`;
  const args = cached(path, () => shapesIn(read(path))).get(`${name}Args`);
  if (args === undefined) throw new Error(`${path} declares no ${name}Args`);
  const types = cached(`${provider} ${module}`, () => typesOf(provider, module));
  return faultsOf(inputs, args, name, types);
}
