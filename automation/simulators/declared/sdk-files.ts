/**
 * The declarations of one installed SDK: interfaces, enums and defaults by module. azure-native's input
 * types are one file of 7.6 MB, so only the modules that are asked for are parsed.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import ts from "typescript";
import type { Body, Json } from "../json.ts";
import type { DeclaredPackage } from "./format.ts";

export type Interfaces = ReadonlyMap<string, ts.InterfaceDeclaration>;
export type EnumValues = readonly (string | number)[];

/** Module of what an SDK keeps without one. */
export const noModule = "";

export class SdkFiles {
  readonly version: string;
  readonly #folder: string;
  readonly #texts = new Map<string, string>();
  readonly #interfaces = new Map<string, Interfaces>();
  readonly #enums = new Map<string, ReadonlyMap<string, EnumValues>>();

  constructor(sdk: DeclaredPackage) {
    const packageFile = createRequire(import.meta.url).resolve(`@pulumi/${sdk}/package.json`);
    this.#folder = dirname(packageFile);
    this.version = JSON.parse(readFileSync(packageFile, "utf8")).version;
  }

  /** Text of a file, by its path in the package. */
  text(path: string): string {
    const known = this.#texts.get(path);
    if (known !== undefined) return known;
    const text = readFileSync(join(this.#folder, path), "utf8");
    this.#texts.set(path, text);
    return text;
  }

  inputTypes(module: string): Interfaces {
    return remembered(this.#interfaces, module, () =>
      interfacesOf(slice(this.text("types/input.d.ts"), `export declare namespace ${module} {`, module)),
    );
  }

  enums(module: string): ReadonlyMap<string, EnumValues> {
    return remembered(this.#enums, module, () =>
      enumsOf(this.text(join("types/enums", module, "index.d.ts"))),
    );
  }

  /** What the SDK fills in for an input type; its function is named for the type. */
  defaults(module: string, typeName: string): Body {
    const text = slice(this.text("types/input.js"), `(function (${module}) {`, module);
    const start = new RegExp(`function ${typeName}ProvideDefaults\\(val\\) \\{`, "i").exec(text);
    if (!start) return {};
    return literals(
      text.slice(start.index, text.indexOf("};", start.index)),
      /(\w+): \(val\.\1\) \?\? (.+),/g,
    );
  }
}

function remembered<T>(cache: Map<string, T>, key: string, make: () => T): T {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}

/**
 * The block that an opening line begins, or nothing: a module without defaults has none. Blocks of these
 * generated files end where a brace starts a line.
 */
function slice(text: string, opening: string, module: string): string {
  if (module === noModule) return text;
  const start = text.indexOf(`\n${opening}`);
  if (start < 0) return "";
  return text.slice(start, text.indexOf("\n}", start) + 2);
}

/** Pairs of name and JSON literal; what is computed (an environment variable) is no declaration. */
export function literals(text: string, pattern: RegExp): Body {
  const found = [...text.matchAll(pattern)].map(([, name = "", value = ""]): [string, Json] | null =>
    /^("[^"]*"|-?[\d.]+|true|false)$/.test(value) ? [name, JSON.parse(value)] : null,
  );
  return Object.fromEntries(found.filter((pair) => pair !== null));
}

export const parse = (text: string): ts.SourceFile =>
  ts.createSourceFile("sdk.d.ts", text, ts.ScriptTarget.ESNext, false);

export function interfacesOf(text: string): Interfaces {
  const found = new Map<string, ts.InterfaceDeclaration>();
  const visit = (node: ts.Node): void => {
    if (ts.isInterfaceDeclaration(node)) found.set(node.name.text, node);
    else if (ts.isModuleDeclaration(node) || ts.isModuleBlock(node)) ts.forEachChild(node, visit);
  };
  ts.forEachChild(parse(text), visit);
  return found;
}

/** `export declare const X: { readonly A: "a" }` */
function enumsOf(text: string): ReadonlyMap<string, EnumValues> {
  const found = new Map<string, EnumValues>();
  for (const statement of parse(text).statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const [declared] = statement.declarationList.declarations;
    if (!declared?.type || !ts.isTypeLiteralNode(declared.type) || !ts.isIdentifier(declared.name)) continue;
    const values = declared.type.members.map((member) => {
      const type = ts.isPropertySignature(member) ? member.type : undefined;
      if (type && ts.isLiteralTypeNode(type)) return literalValue(type) as string | number;
      throw new Error("The SDK declares an enum whose member is no literal.");
    });
    found.set(declared.name.text, values);
  }
  return found;
}

export function literalValue({ literal }: ts.LiteralTypeNode): string | number | boolean {
  if (ts.isStringLiteral(literal)) return literal.text;
  if (ts.isNumericLiteral(literal)) return Number(literal.text);
  if (literal.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (literal.kind === ts.SyntaxKind.FalseKeyword) return false;
  throw new Error(`The SDK declares a literal of an unexpected kind: ${ts.SyntaxKind[literal.kind]}.`);
}
