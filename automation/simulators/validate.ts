/**
 * Inputs against the SDK's own declaration of their type: what is required and missing, what has the wrong
 * type, what is outside an enum or a literal, and names that nothing declares, at any depth. A value that a
 * preview does not know yet passes, and so does anything where the declaration says `any`.
 */
import { declarationOf, declarationsOf, packageOf } from "./declared/declarations.ts";
import type { DeclaredObject, DeclaredPackage, DeclaredType } from "./declared/format.ts";
import { nearest } from "./declared/nearest.ts";
import { refusedByOpenEnum } from "./declared/open-enums.ts";
import { isBody, isUnknown, type Json, pathTo } from "./json.ts";

export interface Finding {
  /** in the engine's notation: `tasks[0].taskKey` */
  readonly path: string;
  readonly fault: string;
}

/** As a program hands them over: what is undefined is left out. */
export type Inputs = { readonly [name: string]: Json | undefined };

/** What the SDK's declaration of a type finds wrong with its inputs; a type without a declaration throws. */
export function validateResourceInputs(token: string, inputs: Inputs): readonly Finding[] {
  const declared = declarationOf(token);
  const sdk = packageOf(token) ?? "azure-native";
  const given = Object.entries(inputs).filter(([name]) => !name.startsWith("__"));
  return objectFindings({ sdk, path: "" }, declared, Object.fromEntries(given));
}

/** Where a value stands. */
interface Place {
  readonly sdk: DeclaredPackage;
  readonly path: string;
}

const below = (place: Place, name: string): Place => ({ ...place, path: pathTo(place.path, name) });

function objectFindings(place: Place, declared: DeclaredObject, value: Inputs): Finding[] {
  const missing = declared.required
    .filter((name) => isMissing(value[name], declared.properties[name]))
    .map((name) => missingFinding(below(place, name), name));
  const given = Object.entries(value).flatMap(([name, inner]) => {
    if (isAbsent(inner)) return [];
    const type = Object.hasOwn(declared.properties, name) ? declared.properties[name] : undefined;
    if (type === undefined) return [unknownName(below(place, name), name, Object.keys(declared.properties))];
    // an empty text has its finding already
    if (inner === "" && declared.required.includes(name)) return [];
    return valueFindings(below(place, name), type, inner);
  });
  return [...missing, ...given];
}

const isAbsent = (value: Json | undefined): value is null | undefined =>
  value === undefined || value === null;

/** No cloud takes an empty text for a required one. */
const isMissing = (value: Json | undefined, type: DeclaredType | undefined): boolean =>
  isAbsent(value) || (value === "" && type !== "any");

function valueFindings(place: Place, type: DeclaredType, value: Json): Finding[] {
  if (type === "any" || isUnknown(value)) return [];
  if (typeof type === "string") return typeof value === type ? [] : [wrongType(place, type, value)];
  if ("const" in type) return value === type.const ? [] : [outside(place, value, [type.const])];
  if ("enum" in type) return enumFindings(place, type, value);
  if ("oneOf" in type) return unionFindings(place, type, value);
  if ("array" in type) {
    if (!Array.isArray(value)) return [wrongType(place, "array", value)];
    const at = (index: number): Place => ({ ...place, path: `${place.path}[${index}]` });
    return value.flatMap((item, index) => valueFindings(at(index), type.array, item));
  }
  if (!isBody(value)) return [wrongType(place, "object", value)];
  if ("ref" in type) return objectFindings(place, objectOf(place.sdk, type.ref), value);
  return Object.entries(value).flatMap(([key, item]) => valueFindings(below(place, key), type.map, item));
}

function objectOf(sdk: DeclaredPackage, name: string): DeclaredObject {
  const found = declarationsOf(sdk).types[name];
  if (found) return found;
  throw new Error(`The declarations of ${sdk} lack the type ${name}: run \`npm run generate\`.`);
}

function enumFindings(place: Place, type: { enum: string; open: boolean }, value: Json): Finding[] {
  const values = declarationsOf(place.sdk).enums[type.enum] ?? [];
  const kind = typeof values[0] === "number" ? "number" : "string";
  if (typeof value !== kind) return [wrongType(place, kind, value)];
  if (!type.open || typeof value !== "string")
    return values.some((one) => one === value) ? [] : [outside(place, value, values)];
  const allowed = refusedByOpenEnum(type.enum, values, value);
  return allowed ? [outside(place, value, allowed)] : [];
}

function unionFindings(
  place: Place,
  type: { by: string; oneOf: Record<string, string> },
  value: Json,
): Finding[] {
  if (!isBody(value)) return [wrongType(place, "object", value)];
  const mark = value[type.by];
  const markPlace = below(place, type.by);
  if (isUnknown(mark)) return [];
  if (isAbsent(mark)) return [missingFinding(markPlace, type.by)];
  if (typeof mark !== "string") return [wrongType(markPlace, "string", mark)];
  const chosen = Object.hasOwn(type.oneOf, mark) ? type.oneOf[mark] : undefined;
  if (chosen === undefined) return [outside(markPlace, mark, Object.keys(type.oneOf))];
  return objectFindings(place, objectOf(place.sdk, chosen), value);
}

/** azure-native gives the whole path; the providers that are bridged from Terraform name the argument there. */
function missingFinding({ sdk, path }: Place, name: string): Finding {
  if (sdk === "azure-native") return { path, fault: `missing required property '${path}'` };
  const argument = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return {
    path,
    fault: `Missing required argument. The argument "${argument}" is required, but no definition was found.`,
  };
}

function unknownName({ path }: Place, name: string, known: readonly string[]): Finding {
  const meant = nearest(name, known);
  const hint = meant ? `did you mean '${meant}'?` : `known here: ${shortList(known)}`;
  return { path, fault: `'${path}' is not a known property; ${hint}` };
}

function wrongType({ path }: Place, wanted: string, value: Json): Finding {
  return { path, fault: `'${path}' should be of type '${wanted}' but got ${kindOf(value)}` };
}

function kindOf(value: Json): string {
  if (Array.isArray(value)) return "an array";
  if (isBody(value)) return "an object";
  return value === null ? "nothing" : `a ${typeof value}`;
}

function outside(place: Place, value: Json, allowed: readonly (string | number | boolean)[]): Finding {
  const names = allowed.map(String);
  if (typeof value === "object") return wrongType(place, typeof allowed[0], value);
  const meant = nearest(String(value), names);
  const hint = meant ? `; did you mean '${meant}'?` : "";
  return { path: place.path, fault: `'${value}' is not one of ${shortList(names)}${hint}` };
}

/** Some unions have over a hundred members: nobody reads them all. */
const longestList = 12;

function shortList(names: readonly string[]): string {
  const rest = names.length - longestList;
  return names.slice(0, longestList).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
