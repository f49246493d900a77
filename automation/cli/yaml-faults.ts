/** Where YAML would give another value than its reader sees, or none at all: such a file is refused. */
import { type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, type Scalar, visit } from "yaml";

export interface YamlFault {
  readonly offset: number;
  readonly message: string;
}

/**
 * How every file is read: YAML 1.2 even where a file asks for 1.1, keys as they are written, `<<` merges,
 * and no tags but those of text, numbers, true and false, null, maps and lists.
 */
export const yamlOptions = {
  schema: "core",
  stringKeys: true,
  merge: true,
  resolveKnownTags: false,
  prettyErrors: false,
} as const;

/** All of a document's, in the order in which a reader meets them. */
export function yamlFaults(document: Document.Parsed): readonly YamlFault[] {
  // The parser tells each level that it gave up.
  const tooDeep = document.errors.find(({ message }) => /call stack/.test(message));
  if (tooDeep !== undefined)
    return [
      {
        offset: tooDeep.pos[0],
        message: "Lists and objects are inside each other too deep. Make it flatter.",
      },
    ];
  const faults = [...document.errors, ...document.warnings].map(({ code, pos, message }) => ({
    offset: pos[0],
    message: told[code]?.(message) ?? message,
  }));
  // An alias means the last node of its name before it.
  const anchors = new Map<string, unknown>();
  const meantBy = (node: unknown): unknown => (isAlias(node) ? anchors.get(node.source) : node);
  const add = (node: unknown, message: string | null): void => {
    if (message !== null) faults.push({ offset: isNode(node) ? (node.range?.[0] ?? 0) : 0, message });
  };
  visit(document, (_, node) => {
    if (isScalar(node)) add(node, scalarFault(node));
    if (isAlias(node) && !anchors.has(node.source))
      add(node, `Nothing before it is named &${node.source}. Name it there, or write the value itself.`);
    if (isPair(node) && isMergeKey(node.key)) add(node.key, mergeFault(node.value, meantBy));
    if (isNode(node) && "anchor" in node && node.anchor !== undefined) anchors.set(node.anchor, node);
  });
  return faults.sort((a, b) => a.offset - b.offset);
}

// What the parser says otherwise is in the words of its own settings, or has no next step.
const told: Readonly<Record<string, (message: string) => string>> = {
  TAG_RESOLVE_FAILED: (message) => `${message}. Tags are not filled in here: write the value itself.`,
  BAD_DIRECTIVE: (message) => `${message}. Leave the line out.`,
  NON_STRING_KEY: () => "A key must be text, without a tag or an alias.",
};

function scalarFault({ value, source = "" }: Scalar): string | null {
  if (typeof value === "symbol") return `${source} is no value. Write text in quotes.`;
  if (typeof value !== "number") return null;
  if (!Number.isFinite(value)) return `${source} is no number that a row can hold. Write another.`;
  // Of a fraction nobody expects more digits than a number holds. Large round numbers are printed as digits.
  const isInteger = /^([-+]?\d+|0[xo].*)$/.test(source);
  return !isInteger || Number.isSafeInteger(value) || String(value) === source
    ? null
    : `${source} would be read as ${value}. Write a smaller number, or text in quotes.`;
}

const isMergeKey = (key: unknown): boolean => isScalar(key) && key.type === "PLAIN" && key.source === "<<";

function mergeFault(value: unknown, meantBy: (node: unknown) => unknown): string | null {
  const source = meantBy(value);
  const items = isSeq(source) ? source.items.map(meantBy) : [source];
  // An alias of nothing is told as that.
  return items.every((item) => item === undefined || isMap(item))
    ? null
    : "<< takes a map, an alias of one, or a list of these. Write one, or << in quotes.";
}
