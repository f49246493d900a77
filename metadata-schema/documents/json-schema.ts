/**
 * docs/rowgate.schema.json: what a document may hold, as a JSON Schema (2020-12) for editors. Pure.
 *
 * It refuses what the reader refuses, as far as one place in one document tells. Two things differ. Where
 * columns.ts lists the values that mean something, an editor marks any other one, which the reader lets pass
 * and a resolve blocks. And a text's length is counted in code points here, in UTF-16 units by the reader.
 */
import type { Column, Table } from "../column.ts";
import { columnsOf, type MetadataTable, tableNames, tables } from "../columns.ts";
import { belongsToJob, isRequired } from "../row-values.ts";
import { collections, type Section, sections } from "./sections.ts";

type Schema = Readonly<Record<string, unknown>>;

const smallestInteger = -(2 ** 31);
const largestInteger = 2 ** 31 - 1;

export function documentSchema(): Schema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Rows of Rowgate as documents",
    description:
      "What `rowgate apply` reads. Made from the code by `npm run generate`; do not edit it by hand.",
    // An empty document, e.g. behind a last separator, says nothing.
    type: ["object", "array", "null"],
    items: definition("document"),
    if: { type: "object" },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: definition("document"),
    $defs: {
      document: {
        description: "One job, or lists of what jobs share.",
        type: "object",
        // Beside `else`, so that editors offer it in an empty document.
        properties: { job_id: jobNumber() },
        if: { required: ["job_id"] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: definition("job"),
        else: definition("collection"),
      },
      collection: collectionSchema(),
      job: jobSchema(),
      security: { description: "Who may do what, and what is opened.", ...sectionFields("security") },
      ...Object.fromEntries(tableNames.filter((table) => table !== "Jobs").map(rowDefinition)),
    },
  };
}

// A document always says which job it means.
const jobNumber = (): Schema => ({
  ...columnSchema(tables.Jobs.columns.job_id),
  minimum: 1,
  description: "Number of the job; one that no job has yet adds a job.",
});

const definition = (name: string): Schema => ({ $ref: `#/$defs/${name}` });
const listOf = (name: string, description: string): Schema => ({
  description,
  type: ["array", "null"],
  items: definition(name),
});

function collectionSchema(): Schema {
  const shared = Object.entries(collections).map(
    ([field, table]) => [field, listOf(table, tables[table].what)] as const,
  );
  return {
    description: "Lists of what jobs share, and of jobs.",
    type: "object",
    properties: { ...Object.fromEntries(shared), jobs: listOf("job", tables.Jobs.what) },
    additionalProperties: false,
    minProperties: 1,
  };
}

function jobSchema(): Schema {
  const { properties, ...rest } = sectionFields(null);
  return {
    description: tables.Jobs.what,
    required: ["job_id"],
    ...rest,
    properties: {
      ...columnSchemas("Jobs", []),
      job_id: jobNumber(),
      security: definition("security"),
      ...properties,
    },
  };
}

/** The sections in one place of a job's document. One row does not stand beside a list of its kind. */
function sectionFields(within: Section["within"]) {
  const here = sections.filter((section) => section.within === within);
  const fields = here.flatMap(({ table, one, many }) => {
    const { what } = tables[table];
    return [
      ...(one === null ? [] : [[one, { description: what, anyOf: [definition(table), { type: "null" }] }]]),
      ...(many === null ? [] : [[many, listOf(table, what)]]),
    ];
  });
  const apart = here.flatMap(({ one, many }) =>
    one === null || many === null ? [] : [[one, { properties: { [many]: false } }]],
  );
  return {
    type: "object",
    properties: Object.fromEntries(fields) as Schema,
    additionalProperties: false,
    ...(apart.length === 0 ? {} : { dependentSchemas: Object.fromEntries(apart) }),
  };
}

/** A row that people name may be described in part; one that belongs to a job is told whole. */
function rowDefinition(name: MetadataTable): readonly [string, Schema] {
  const table: Table = tables[name];
  const isOwned = belongsToJob(name);
  const properties = columnSchemas(name, isOwned ? [table.key, "job_id"] : []);
  const needed = Object.entries(columnsOf(name)).filter(
    ([column, about]) => Object.hasOwn(properties, column) && isRequired(about),
  );
  const required = isOwned ? needed.map(([column]) => column) : [table.key];
  const schema = { description: table.what, type: "object", properties, additionalProperties: false };
  return [name, required.length === 0 ? schema : { ...schema, required }];
}

// ---- columns

const columnSchemas = (table: MetadataTable, leftOut: readonly string[]): Schema =>
  Object.fromEntries(
    Object.entries(columnsOf(table))
      .filter(([name]) => !leftOut.includes(name))
      .map(([name, column]) => [name, columnSchema(column)]),
  );

function columnSchema(column: Column): Schema {
  const { type, ...limits } = shapeOf(column);
  return {
    description: descriptionOf(column),
    type: column.whenNull === undefined ? type : [type, "null"],
    ...limits,
    ...(column.defaultValue === undefined ? {} : { default: column.defaultValue }),
    examples: [column.example],
  };
}

const descriptionOf = ({ what, pattern, whenNull, references }: Column): string =>
  [
    what,
    ...(pattern === undefined ? [] : [`It ${pattern.words}.`]),
    ...(references === undefined ? [] : [`Key of ${references}.`]),
    ...(whenNull === undefined ? [] : [`null: ${whenNull}.`]),
  ].join(" ");

function shapeOf(column: Column): Schema {
  switch (column.type) {
    case "text":
      return textShape(column);
    case "integer":
      return {
        type: "integer",
        minimum: column.minimum ?? smallestInteger,
        maximum: column.maximum ?? largestInteger,
      };
    case "number":
    case "boolean":
      return { type: column.type };
    case "object":
      return column.textValues
        ? { type: "object", additionalProperties: { type: "string" } }
        : { type: "object" };
    case "text-list":
      return { type: "array", items: { type: "string" } };
    default:
      return column.type satisfies never;
  }
}

function textShape({ values, pattern, length, maxLength, mayBeEmpty, whenNull }: Column): Schema {
  // An enum counts for null too, where null may stand.
  if (values !== undefined)
    return { type: "string", enum: whenNull === undefined ? values : [...values, null] };
  if (pattern !== undefined) return { type: "string", pattern: pattern.regExp.source };
  if (length !== undefined) return { type: "string", minLength: length, maxLength: length };
  return {
    type: "string",
    ...(mayBeEmpty ? {} : { minLength: 1 }),
    ...(maxLength === undefined ? {} : { maxLength }),
  };
}
