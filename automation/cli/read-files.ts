/** YAML and JSON files → documents, each with the lines that its parts stand on. */
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { type Document, isMap, isScalar, LineCounter, parseAllDocuments } from "yaml";
import { yamlFaults, yamlOptions } from "./yaml-faults.ts";

export interface SourceDocument {
  readonly file: string;
  readonly value: unknown;
  /** where a part stands, or the nearest part around it that there is */
  placeOf(path: readonly (string | number)[]): Place;
}

/** Of a file's text; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Sources {
  readonly documents: readonly SourceDocument[];
  /** what could not be parsed: `file:line:column: fault` */
  readonly faults: readonly string[];
}

/** `file:line:column`, as editors and terminals know it. */
export const placeName = (file: string, { line, column }: Place): string => `${file}:${line}:${column}`;

const readable = /\.(ya?ml|json)$/i;

/** `paths`: files, folders (all .yaml, .yml and .json in them) and `-` for `stdin`. Throws where one is not there. */
export async function readSources(
  paths: readonly string[],
  stdin: () => Promise<Uint8Array>,
): Promise<Sources> {
  const documents: SourceDocument[] = [];
  const faults: string[] = [];
  for (const given of paths) {
    const files = given === "-" ? ["-"] : await filesOf(given);
    if (files.length === 0) throw new Error(`${given} holds no .yaml, .yml or .json file.`);
    for (const file of files) {
      const name = file === "-" ? "<stdin>" : file;
      const text = textOf(file === "-" ? await stdin() : await readFile(file));
      if (text === null) faults.push(`${name}:1:1: is not UTF-8. Save it in that encoding.`);
      else parseSource(name, text, documents, faults);
    }
  }
  return { documents, faults };
}

async function filesOf(given: string): Promise<readonly string[]> {
  const found = await stat(given).catch(() => null);
  if (found === null)
    throw new Error(`${given} is not there. Give a file, a folder or - for standard input.`);
  if (!found.isDirectory()) return [given];
  const names = await readdir(given, { recursive: true });
  const files = names
    .filter((name) => readable.test(name))
    .sort()
    .map((name) => path.join(given, name));
  for (const file of files) {
    const isFile = await stat(file).then(
      (each) => each.isFile(),
      () => false,
    );
    if (!isFile) throw new Error(`${file} is no file that can be read. Mend or remove it.`);
  }
  return files;
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function parseSource(file: string, text: string, documents: SourceDocument[], faults: string[]): void {
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const fault = (offset: number, message: string): void => {
    faults.push(`${placeName(file, place(offset))}: ${message}`);
  };
  const parsed = parseAllDocuments(text, { ...yamlOptions, lineCounter: lines });
  if (!Array.isArray(parsed)) return; // an empty stream
  for (const document of parsed) {
    const found = yamlFaults(document);
    for (const { offset, message } of found) fault(offset, message);
    if (found.length > 0) continue;
    try {
      const value: unknown = document.toJS();
      JSON.stringify(value); // as it is sent: it ends, and is not too deep
      documents.push({ file, value, placeOf: (parts) => place(offsetOf(document, parts)) });
    } catch (error) {
      fault(document.range[0], unfoldingFault(error));
    }
  }
}

function unfoldingFault(error: unknown): string {
  if (error instanceof RangeError)
    return "has lists and objects inside each other too deep. Make it flatter.";
  if (error instanceof TypeError) return "has an alias inside what it stands for. Write the value out.";
  // e.g. aliases that would unfold to a huge document
  return error instanceof Error ? error.message : String(error);
}

/** A field is pointed at by its name, an item of a list by its beginning. */
function offsetOf(document: Document.Parsed, parts: readonly (string | number)[]): number {
  for (let length = parts.length; length >= 0; length -= 1) {
    const node = document.getIn(parts.slice(0, length), true);
    const range = typeof node === "object" && node !== null && "range" in node ? node.range : null;
    if (!Array.isArray(range)) continue;
    const holder = length === 0 ? null : document.getIn(parts.slice(0, length - 1), true);
    const key = isMap(holder)
      ? holder.items.find(
          ({ key: each }) => isScalar(each) && String(each.value) === String(parts[length - 1]),
        )?.key
      : null;
    return isScalar(key) && key.range ? key.range[0] : Number(range[0]);
  }
  return 0;
}
