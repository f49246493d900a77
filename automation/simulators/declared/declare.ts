/** Makes the checked-in declarations out of the installed SDKs. An unexpected form of theirs is an error. */
import ts from "typescript";
import type { Json } from "../json.ts";
import { declaredTypes, lowerFirst } from "./declared-types.ts";
import {
  type Declarations,
  type DeclaredObject,
  type DeclaredPackage,
  type DeclaredResource,
  type DeclaredType,
  declaredPackages,
} from "./format.ts";
import { interfacesOf, literals, literalValue, noModule, parse, SdkFiles } from "./sdk-files.ts";

export const declarationFiles = (): readonly { readonly path: string; readonly text: string }[] =>
  declaredPackages.map((sdk) => ({
    path: `automation/simulators/declared/${sdk}.json`,
    text: textOf(declarationsOf(sdk)),
  }));

interface Reading {
  readonly files: SdkFiles;
  readonly resources: Record<string, DeclaredResource>;
  readonly types: Record<string, DeclaredObject>;
  readonly enums: Record<string, readonly (string | number)[]>;
}

function declarationsOf(sdk: DeclaredPackage): Declarations {
  const reading: Reading = { files: new SdkFiles(sdk), resources: {}, types: {}, enums: {} };
  for (const token of declaredTypes) {
    if (token.startsWith(`${sdk}:`)) reading.resources[token] = readResource(reading, token);
  }
  const { files, resources, types, enums } = reading;
  return { version: files.version, resources, types: sorted(types), enums: sorted(enums) };
}

/** A resource's file has the class with its outputs and, behind it, the interface of its inputs. */
function readResource(reading: Reading, token: string): DeclaredResource {
  const [, module = "", name = ""] = token.split(":");
  const folder = module.startsWith("index/") ? "" : `${module}/`;
  const text = reading.files.text(`${folder}${lowerFirst(name)}.d.ts`);
  const code = reading.files.text(`${folder}${lowerFirst(name)}.js`);
  if (!code.includes(`__pulumiType = '${token}'`)) throw new Error(`The SDK has no class of type ${token}.`);
  const declared = interfacesOf(text).get(`${name}Args`);
  if (!declared) throw new Error(`The SDK declares no inputs of ${token}.`);
  const inputs = readObject(reading, declared);
  const thrown = [...code.matchAll(/Missing required property '(\w+)'/g)].map(([, path = ""]) => path);
  return {
    ...inputs,
    required: [...new Set([...inputs.required, ...thrown])].sort(),
    defaults: literals(code, /resourceInputs\["(\w+)"\] = \(args\?\.\1\) \?\? (.+);/g),
    apiVersion: /Uses Azure REST API version ([\w-]+)\./.exec(text)?.[1] ?? null,
    outputs: outputsOf(text),
  };
}

function outputsOf(text: string): string[] {
  const declared = parse(text).statements.find(ts.isClassDeclaration);
  return [...(declared?.members ?? [])]
    .filter(ts.isPropertyDeclaration)
    .filter(({ modifiers }) => !modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword))
    .map(({ name }) => nameOf(name));
}

function readObject(reading: Reading, declared: ts.InterfaceDeclaration): DeclaredObject {
  const members = declared.members.filter(ts.isPropertySignature);
  const read = (member: ts.PropertySignature): [string, DeclaredType] => {
    if (!member.type) throw new Error(`The SDK gives ${declared.name.text}.${nameOf(member.name)} no type.`);
    return [nameOf(member.name), readType(reading, member.type)];
  };
  return {
    properties: Object.fromEntries(members.map(read)),
    required: members.filter((member) => !member.questionToken).map((member) => nameOf(member.name)),
    defaults: {},
  };
}

function nameOf(name: ts.PropertyName): string {
  if (ts.isIdentifier(name) || ts.isStringLiteral(name)) return name.text;
  throw new Error(`The SDK declares a property name of an unexpected kind: ${ts.SyntaxKind[name.kind]}.`);
}

const keywords: Readonly<Partial<Record<ts.SyntaxKind, DeclaredType>>> = {
  [ts.SyntaxKind.StringKeyword]: "string",
  [ts.SyntaxKind.NumberKeyword]: "number",
  [ts.SyntaxKind.BooleanKeyword]: "boolean",
  [ts.SyntaxKind.AnyKeyword]: "any",
};

function readType(reading: Reading, node: ts.TypeNode): DeclaredType {
  const keyword = keywords[node.kind];
  if (keyword) return keyword;
  if (ts.isParenthesizedTypeNode(node)) return readType(reading, node.type);
  if (ts.isArrayTypeNode(node)) return { array: readType(reading, node.elementType) };
  if (ts.isLiteralTypeNode(node)) return { const: literalValue(node) };
  if (ts.isUnionTypeNode(node)) return readUnion(reading, node);
  if (ts.isTypeReferenceNode(node)) return readReference(reading, node);
  const [member] = ts.isTypeLiteralNode(node) ? node.members : [];
  if (member && ts.isIndexSignatureDeclaration(member)) return { map: readType(reading, member.type) };
  throw new Error(`The SDK declares a type of an unexpected kind: ${ts.SyntaxKind[node.kind]}.`);
}

/** An input may always be undefined; text beside an enum leaves the enum open. */
function readUnion(reading: Reading, node: ts.UnionTypeNode): DeclaredType {
  const read = node.types
    .filter((type) => type.kind !== ts.SyntaxKind.UndefinedKeyword)
    .map((type) => readType(reading, type));
  const [first, second] = read;
  if (first === undefined) throw new Error("The SDK declares a union of nothing.");
  if (read.length === 1 || read.includes("any")) return read.includes("any") ? "any" : first;
  if (read.length === 2 && first === "string" && typeof second === "object" && "enum" in second)
    return { ...second, open: true };
  return unionOfObjects(reading, read.map(refOf));
}

const refOf = (type: DeclaredType): string => {
  if (typeof type === "object" && "ref" in type) return type.ref;
  throw new Error(`The SDK declares a union of more than objects: ${JSON.stringify(type)} is in it.`);
};

/** Object types of a union tell themselves apart by a literal. */
function unionOfObjects(reading: Reading, keys: readonly string[]): DeclaredType {
  const literals = keys.map((key) => literalsOf(interfaceOf(reading, key)));
  const tellsApart = (name: string): boolean => {
    const values = literals.map((those) => those.get(name));
    return !values.includes(undefined) && new Set(values).size === keys.length;
  };
  const by = [...(literals[0]?.keys() ?? [])].find(tellsApart);
  if (by === undefined)
    throw new Error(`The SDK declares a union that nothing tells apart: ${keys.join(", ")}.`);
  return { by, oneOf: Object.fromEntries(keys.map((key, index) => [literals[index]?.get(by), key])) };
}

/** `type: pulumi.Input<"WebActivity">` */
function literalsOf(declared: ts.InterfaceDeclaration): ReadonlyMap<string, string> {
  const pairs = declared.members.filter(ts.isPropertySignature).map(({ name, type }) => {
    const [argument] = type && ts.isTypeReferenceNode(type) ? (type.typeArguments ?? []) : [];
    if (!argument || !ts.isLiteralTypeNode(argument)) return null;
    return [nameOf(name), String(literalValue(argument))] as const;
  });
  return new Map(pairs.filter((pair) => pair !== null));
}

const moduleOf = (key: string): string => (key.includes(".") ? key.slice(0, key.indexOf(".")) : noModule);
const lastOf = (key: string): string => key.slice(key.lastIndexOf(".") + 1);

const interfaceOf = ({ files }: Reading, key: string): ts.InterfaceDeclaration =>
  known(files.inputTypes(moduleOf(key)).get(lastOf(key)), key);

/** `pulumi.Input<T>`, `inputs.module.Name`, `enums.module.Name`; SDKs of one module leave that out. */
function readReference(reading: Reading, node: ts.TypeReferenceNode): DeclaredType {
  const parts = partsOf(node.typeName);
  const [root = "", ...rest] = parts;
  const key = rest.join(".");
  const [argument] = node.typeArguments ?? [];
  if (root === "pulumi" && key === "Input" && argument) return readType(reading, argument);
  if (root === "enums") {
    reading.enums[key] ??= known(reading.files.enums(moduleOf(key)).get(lastOf(key)), key);
    return { enum: key, open: false };
  }
  if (root !== "inputs")
    throw new Error(`The SDK refers to a type of an unexpected kind: ${parts.join(".")}.`);
  if (!reading.types[key]) {
    // in its place before it is read: types refer to themselves (an activity holds activities)
    reading.types[key] = { properties: {}, required: [], defaults: {} };
    const read = readObject(reading, interfaceOf(reading, key));
    reading.types[key] = { ...read, defaults: reading.files.defaults(moduleOf(key), lastOf(key)) };
  }
  return { ref: key };
}

const partsOf = (name: ts.EntityName): string[] =>
  ts.isIdentifier(name) ? [name.text] : [...partsOf(name.left), name.right.text];

function known<T>(found: T | undefined, name: string): T {
  if (found === undefined) throw new Error(`The SDK refers to ${name} and does not declare it.`);
  return found;
}

const sorted = <T>(entries: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));

/** One line a type, so that a change of an SDK shows as the lines that it changes. */
function textOf({ version, ...sections }: Declarations): string {
  const lines = (entries: Readonly<Record<string, unknown>>): string =>
    Object.entries(entries)
      .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value as Json)}`)
      .join(",\n");
  const blocks = Object.entries(sections).map(([name, entries]) => `"${name}": {\n${lines(entries)}\n}`);
  return `{\n"version": "${version}",\n${blocks.join(",\n")}\n}\n`;
}
