/** The JSON Schema for editors and the reader of documents tell good documents from faulty ones alike. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { parse } from "yaml";
import type { Column } from "../../../metadata-schema/column.ts";
import { columnsOf, tableNames, tables } from "../../../metadata-schema/columns.ts";
import { readDocuments } from "../../../metadata-schema/documents/read-documents.ts";
import { collections, sections } from "../../../metadata-schema/documents/sections.ts";
import { writeDocuments } from "../../../metadata-schema/documents/write-documents.ts";
import { isRequired } from "../../../metadata-schema/row-values.ts";
import { sampleRows } from "../../../metadata-schema/sample/sample.ts";
import { checkout } from "../../support/service.ts";
import { openTempStore } from "../../support/temp-store.ts";

const file = path.join(checkout, "docs/rowgate.schema.json");
const schema = JSON.parse(readFileSync(file, "utf8"));
// Strict: a keyword that it does not know is an error.
const ajv = new Ajv2020({ strictSchema: true, strictTypes: true, allErrors: true, allowUnionTypes: true });
const validate = ajv.compile(schema);

const bySchema = (document: unknown): boolean => validate(document);
const byReader = (document: unknown): boolean => readDocuments([document]).faults.length === 0;

function assertBoth(document: unknown, expected: boolean, about = JSON.stringify(document)): void {
  assert.equal(bySchema(document), expected, `schema, ${about}: ${ajv.errorsText(validate.errors)}`);
  assert.equal(byReader(document), expected, `reader, ${about}`);
}

const policy = { role: "DataScientist", permissions: ["read_model"], entra_id_group: "ds_team" };
const rule = { metric: "drift", threshold: 0.5 };

/** Columns that a document can name. */
const places = tableNames.flatMap((table) =>
  Object.entries(columnsOf(table))
    .filter(([name]) => !(isOwned(table) && (name === "job_id" || name === tables[table].key)))
    // A document means a job that is there or may come: the database has lower numbers, too.
    .map(([name, column]) => ({
      table,
      name,
      column: name === "job_id" ? { ...column, minimum: 1 } : column,
    })),
);
type Place = (typeof places)[number];

function isOwned(table: string): boolean {
  return sections.some((section) => section.table === table);
}

/** A document with this value in this column, and nothing else that could be at fault. */
function documentWith({ table, name }: Place, value: unknown): unknown {
  if (table === "Jobs") return { job_id: 201, [name]: value };
  const field = Object.entries(collections).find(([, of]) => of === table)?.[0];
  if (field !== undefined) return { [field]: [{ [tables[table].key]: "eastus", [name]: value }] };
  const given = Object.entries(columnsOf(table))
    .filter(([column, about]) => column !== "job_id" && isRequired(about))
    .map(([column, about]) => [column, about.example]);
  const workers = table === "Cluster_Configs" ? { min_workers: 0, max_workers: 2 ** 31 - 1 } : {};
  const row = { ...Object.fromEntries(given), ...workers, [name]: value };
  const section = sections.find((each) => each.table === table);
  assert.ok(section);
  const fields = section.many === null ? { [section.one ?? ""]: row } : { [section.many]: [row] };
  return { job_id: 201, ...(section.within === null ? fields : { [section.within]: fields }) };
}

/** Values at the edges of a column, with whether they are within. */
function edges(column: Column): readonly (readonly [unknown, boolean])[] {
  if (column.type === "integer") {
    const [least, most] = [column.minimum ?? -(2 ** 31), column.maximum ?? 2 ** 31 - 1];
    return [
      [least, true],
      [least - 1, false],
      [most, true],
      [most + 1, false],
    ];
  }
  if (column.type !== "text" || column.pattern !== undefined || column.values !== undefined) return [];
  const most = column.length ?? column.maxLength ?? assert.fail("text without a limit");
  return [
    ["a".repeat(most), true],
    ["a".repeat(most + 1), false],
    ["", column.mayBeEmpty === true],
    ["a".repeat(most - 1), column.length === undefined],
  ];
}

describe("the JSON Schema of documents", () => {
  it("takes the article's document", async () => {
    const article = path.join(checkout, "metadata-schema/sample/article.json");
    assertBoth(JSON.parse(await readFile(article, "utf8")), true);
  });

  it("takes the README's example, which names the file for editors", async () => {
    const readme = await readFile(path.join(checkout, "README.md"), "utf8");
    const [, example = ""] =
      /```yaml\n(# yaml-language-server: \$schema=docs\/rowgate\.schema\.json\n.*?)```/s.exec(readme) ?? [];
    const document = parse(example);
    assert.equal(typeof document.job_id, "number");
    assertBoth(document, true);
  });

  it("takes every document of an export of the sample, one by one and as a list", async () => {
    const temp = await openTempStore();
    await temp.store.insertRows(await sampleRows());
    const documents = writeDocuments(await temp.store.readRows({}));
    await temp.close();
    assert.ok(documents.length > 30);
    for (const document of documents) assertBoth(document, true);
    assertBoth(documents, true, "the list of them");
  });

  const good: Readonly<Record<string, unknown>> = {
    "an empty document": null,
    "a list of documents": [{ job_id: 1 }, { jobs: [{ job_id: 2 }] }],
    "an empty list": [],
    "a job that only says its number": { job_id: 201 },
    "a job with an empty security": { job_id: 201, security: {} },
    "a section without a row": { job_id: 201, security: { access_policy: null }, cluster_config: null },
    "an empty list of rows": { job_id: 201, alert_rules: [], security: { access_policies: null } },
    "one row of one kind, a list of another": {
      job_id: 201,
      security: { access_policy: policy, network_rules: [{ service: "Databricks" }] },
    },
    "a shared row in part": { models: [{ name: "ml.models.churn" }] },
    "no rows of a kind": { environments: null },
    "a null that means something": { job_id: 201, schedule: null },
    "an integer written as a fraction": { job_id: 201.0, alert_rules: [{ ...rule, severity: 4.0 }] },
    "parameters of any shape": { job_id: 201, pipeline_settings: { parameters: { days: 28, of: ["a"] } } },
  };
  for (const [name, document] of Object.entries(good))
    it(`${name} is taken, as by the reader`, () => assertBoth(document, true));

  const faulty: Readonly<Record<string, unknown>> = {
    "text instead of a document": "job 201",
    "a document that says nothing": {},
    "a list within a list": [[{ job_id: 201 }]],
    "an empty document within a list": [null],
    "a job whose number is text": { job_id: "201" },
    "a job whose number is a fraction": { job_id: 20.1 },
    "a job whose number is too large": { job_id: 2 ** 31 },
    "a job in a list without a number": { jobs: [{ name: "churn" }] },
    "an unknown field of a job": { job_id: 201, securty: {} },
    "a job's field of a collection": { job_id: 201, environments: [] },
    "an unknown field of security": { job_id: 201, security: { policies: [] } },
    "an unknown field of a row": { job_id: 201, security: { access_policy: { ...policy, roles: [] } } },
    "an unknown field of a shared row": { models: [{ name: "m", colour: "red" }] },
    "an unknown field of a collection": { models: [], colours: [] },
    "security that is empty text": { job_id: 201, security: "" },
    "security that is null": { job_id: 201, security: null },
    "the number of the job within its row": {
      job_id: 201,
      security: { access_policy: { ...policy, job_id: 201 } },
    },
    "the number of the row": { job_id: 201, security: { access_policy: { ...policy, policy_id: 1 } } },
    "a row beside a list of its kind": {
      job_id: 201,
      security: { access_policy: policy, access_policies: [] },
    },
    "a list where one row belongs": { job_id: 201, cluster_config: [{ max_workers: 2 }] },
    "one row where a list belongs": { job_id: 201, alert_rules: rule },
    "a row without what must be given": { job_id: 201, alert_rules: [{ metric: "drift" }] },
    "a shared row without its name": { data_sources: [{ kind: "rest", location: "eastus" }] },
    "a shared row that is text": { models: ["ml.models.churn"] },
    "a shared row that is null": { models: [null] },
    "a shared row whose name is empty": { models: [{ name: "" }] },
    "an environment whose name has a capital": { environments: [{ name: "EastUS" }] },
    "an environment whose name is long": { environments: [{ name: "abcdefghijklm" }] },
    "a null that means nothing": { job_id: 201, enabled: null },
    "a number for true": { job_id: 201, enabled: 1 },
    "a list that holds a number": {
      job_id: 201,
      security: { access_policy: { ...policy, permissions: [7] } },
    },
    "parameters that are a list": { job_id: 201, pipeline_settings: { parameters: [] } },
    "a threshold that is no number": {
      job_id: 201,
      alert_rules: [{ ...rule, threshold: Number.POSITIVE_INFINITY }],
    },
  };
  for (const [name, document] of Object.entries(faulty))
    it(`${name} is refused, as by the reader`, () => assertBoth(document, false));

  it("the limits of every column are the reader's", () => {
    const tried = places.flatMap((place) => edges(place.column).map((edge) => [place, ...edge] as const));
    assert.ok(tried.length > 200, String(tried.length));
    for (const [place, value, expected] of tried)
      assertBoth(
        documentWith(place, value),
        expected,
        `${place.table}.${place.name}: ${String(value).length}`,
      );
  });

  it("any value in any column is taken by both or by none", () => {
    const text = fc.string({ maxLength: 1_100 });
    const value = fc.oneof(
      fc.constantFrom(null, true, false, 0, 1, -1, 0.5, "", "UTC", [], {}),
      text,
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.array(fc.oneof(text, fc.integer()), { maxLength: 3 }),
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
    );
    const place = fc.constantFrom(...places.filter(({ column }) => column.values === undefined));
    fc.assert(
      fc.property(place, value, (where, what) => {
        const document = documentWith(where, what);
        assert.equal(bySchema(document), byReader(document), JSON.stringify(document).slice(0, 200));
      }),
      { numRuns: 3_000 },
    );
  });

  it("a value without a meaning is marked for an editor, which the reader leaves to the resolve", () => {
    for (const place of places) {
      for (const value of place.column.values ?? []) assertBoth(documentWith(place, value), true);
      if (place.column.values === undefined) continue;
      assert.equal(bySchema(documentWith(place, "no such value")), false);
      assert.equal(byReader(documentWith(place, "no such value")), true);
    }
  });

  it("tells an editor what each column means, its default and an example that is valid itself", () => {
    const definitions: Record<string, { properties: Record<string, Record<string, unknown>> }> = schema.$defs;
    for (const place of places) {
      const { table, name, column } = place;
      const told = definitions[table === "Jobs" ? "job" : table]?.properties[name];
      assert.ok(told, `${table}.${name}`);
      if (name !== "job_id") assert.ok(String(told.description).startsWith(column.what));
      assert.deepEqual(told.default, column.defaultValue);
      assert.deepEqual(told.examples, [column.example]);
      assertBoth(documentWith(place, column.example), true);
      if (column.defaultValue !== undefined) assertBoth(documentWith(place, column.defaultValue), true);
    }
  });
});
