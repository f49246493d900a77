/**
 * Documents → rows, pure. A document describes one job (the article's form), or lists of what jobs share:
 * environments, integration_runtimes, data_sources, models; `jobs` may list job documents.
 *
 * A field that a document leaves out says nothing about its column. A section (access_policies, cluster_config…)
 * says the whole of what the job has in that table.
 */
import { columnsOf, type MetadataTable, tables } from "../columns.ts";
import type { RowValue, RowValues } from "../records.ts";
import { faultsOfValues } from "../row-values.ts";
import { collections, type Section, sections } from "./sections.ts";

export type Path = readonly (string | number)[];

/** A fault of one place in one of the documents, with the next step. */
export interface DocumentFault {
  readonly document: number;
  readonly path: Path;
  readonly message: string;
  /** another place that it is about */
  readonly other?: { readonly document: number; readonly path: Path };
}

export interface DocumentRow {
  readonly table: MetadataTable;
  readonly values: RowValues;
  readonly document: number;
  readonly path: Path;
}

/** A job's table that a document tells the whole of. */
export interface WholeSection {
  readonly table: MetadataTable;
  readonly jobId: number;
}

export interface DocumentSet {
  readonly rows: readonly DocumentRow[];
  readonly wholes: readonly WholeSection[];
  readonly faults: readonly DocumentFault[];
}

type Fields = Readonly<Record<string, unknown>>;

/** SQL Server reads JSON of 128 levels; a document's own are among them. */
const deepest = 100;

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeperThan(each, levels - 1));
}

export function readDocuments(documents: readonly unknown[]): DocumentSet {
  const reader = new DocumentReader();
  documents.forEach((value, document) => {
    reader.read(document, value);
  });
  return reader;
}

class DocumentReader implements DocumentSet {
  readonly rows: DocumentRow[] = [];
  readonly wholes: WholeSection[] = [];
  readonly faults: DocumentFault[] = [];
  readonly #seen = new Map<string, DocumentRow>();
  #document = 0;
  #unnumbered = 0;

  read(document: number, value: unknown): void {
    this.#document = document;
    if (value === null || value === undefined) return; // an empty one, e.g. behind a last ---
    if (isDeeperThan(value, deepest)) {
      this.#fault([], `has lists and objects inside each other more than ${deepest} deep. Make it flatter.`);
      return;
    }
    if (Array.isArray(value)) {
      value.forEach((each, index) => {
        this.#readDocument(each, [index]);
      });
    } else this.#readDocument(value, []);
  }

  #readDocument(value: unknown, path: Path): void {
    const fields = this.#fields(value, path, "a document");
    if (fields === null) return;
    if (Object.hasOwn(fields, "job_id")) this.#readJob(fields, path);
    else this.#readCollection(fields, path);
  }

  #readCollection(fields: Fields, path: Path): void {
    const known = [...Object.keys(collections), "jobs"];
    const isOne = Object.keys(fields).some((name) => known.includes(name));
    if (!isOne) {
      this.#fault(
        path,
        `has neither job_id nor any of ${known.join(", ")}. Add job_id: 201 for a job's document.`,
      );
      return;
    }
    this.#unknownFields(fields, known, path, "a document without job_id");
    for (const [name, table] of Object.entries(collections))
      for (const [item, at] of this.#list(fields[name], [...path, name]))
        this.#readSharedRow(table, item, at);
    for (const [item, at] of this.#list(fields.jobs, [...path, "jobs"])) {
      const job = this.#fields(item, at, "a job");
      if (job === null) continue;
      if (Object.hasOwn(job, "job_id")) this.#readJob(job, at);
      else this.#fault(at, "job_id is missing. Give the job its number, e.g. job_id: 201.");
    }
  }

  #readSharedRow(table: MetadataTable, item: unknown, path: Path): void {
    const values = this.#fields(item, path, `a row of ${table}`);
    if (values === null) return;
    const key = tables[table].key;
    if (typeof values[key] !== "string") {
      this.#fault(path, `${key} is missing. Give the row its name, e.g. ${exampleOf(table, key)}.`);
      return;
    }
    this.#addRow({ table, values: values as RowValues, document: this.#document, path }, String(values[key]));
  }

  #readJob(given: Fields, path: Path): void {
    const isNumbered = Number.isInteger(given.job_id) && Number(given.job_id) >= 1;
    if (!isNumbered) this.#fault([...path, "job_id"], "must be an integer from 1 on, e.g. job_id: 201.");
    // The rest is read under a number that no job has, so that its faults are told, too.
    this.#unnumbered -= isNumbered ? 0 : 1;
    const jobId = isNumbered ? Number(given.job_id) : this.#unnumbered;
    const fields: Fields = { ...given, job_id: jobId };
    const columns = Object.keys(columnsOf("Jobs"));
    const outer = sections.filter(({ within }) => within === null).flatMap(fieldsOf);
    this.#unknownFields(fields, [...columns, "security", ...outer], path, "a job");
    const values = Object.fromEntries(Object.entries(fields).filter(([name]) => columns.includes(name)));
    this.#addRow(
      { table: "Jobs", values: values as RowValues, document: this.#document, path },
      String(jobId),
    );
    const security =
      fields.security === undefined ? {} : this.#fields(fields.security, [...path, "security"], "security");
    if (security !== null) {
      const inner = sections.filter(({ within }) => within === "security").flatMap(fieldsOf);
      this.#unknownFields(security, inner, [...path, "security"], "security");
    }
    for (const section of sections) {
      const holder = section.within === null ? fields : security;
      const at = section.within === null ? path : [...path, section.within];
      if (holder !== null) this.#readSection(section, jobId, holder, at);
    }
  }

  #readSection(section: Section, jobId: number, fields: Fields, path: Path): void {
    const [one, many] = [section.one, section.many];
    const hasOne = one !== null && fields[one] !== undefined;
    const hasMany = many !== null && fields[many] !== undefined;
    if (!hasOne && !hasMany) return;
    if (hasOne && hasMany) {
      this.#fault([...path, one], `stands beside ${many}. Put its row into the list ${many}.`);
      return;
    }
    this.wholes.push({ table: section.table, jobId });
    const items: readonly (readonly [unknown, Path])[] = hasMany
      ? this.#list(fields[many], [...path, many])
      : hasOne && fields[one] !== null
        ? [[fields[one], [...path, one]]]
        : [];
    for (const [item, at] of items) this.#readOwnedRow(section.table, jobId, item, at);
  }

  #readOwnedRow(table: MetadataTable, jobId: number, item: unknown, path: Path): void {
    const values = this.#fields(item, path, `a row of ${table}`);
    if (values === null) return;
    const given = Object.keys(columnsOf(table)).filter(
      (name) => name !== tables[table].key && name !== "job_id",
    );
    this.#unknownFields(values, given, path, `a row of ${table}`);
    const known = Object.fromEntries(Object.entries(values).filter(([name]) => given.includes(name)));
    const row = { table, values: { job_id: jobId, ...known } as RowValues, document: this.#document, path };
    this.#faultsOfRow(row, "insert");
    this.rows.push(row);
  }

  /** A row that people name: described once, and perhaps only in part. */
  #addRow(row: DocumentRow, key: string): void {
    const before = this.#seen.get(`${row.table} ${key}`);
    if (before !== undefined) {
      const where = `document ${before.document + 1}${before.path.length === 0 ? "" : `, ${textOfPath(before.path)}`}`;
      const other = { document: before.document, path: before.path };
      this.#fault(
        row.path,
        `describes ${row.table} ${key}, as ${where} does already. Keep one of the two.`,
        other,
      );
      return;
    }
    this.#seen.set(`${row.table} ${key}`, row);
    this.#faultsOfRow(row, "update");
    this.rows.push(row);
  }

  #faultsOfRow({ table, values, path }: DocumentRow, kind: "insert" | "update"): void {
    // A job's unknown fields are told among those of its document.
    for (const { column, fault } of faultsOfValues(table, values, kind))
      this.#fault(
        values[column] === undefined ? path : [...path, column],
        faultWords(table, column, fault, values),
      );
  }

  #list(value: unknown, path: Path): readonly (readonly [unknown, Path])[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value.map((item, index) => [item, [...path, index]] as const);
    this.#fault(path, "must be a list. Begin each of its rows with a dash.");
    return [];
  }

  #fields(value: unknown, path: Path, what: string): Fields | null {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields; // checked
    this.#fault(path, `must be ${what} with fields, like name: value.`);
    return null;
  }

  #unknownFields(fields: Fields, known: readonly string[], path: Path, what: string): void {
    for (const name of Object.keys(fields))
      if (!known.includes(name))
        this.#fault([...path, name], `is no field of ${what}. Its fields are ${known.join(", ")}.`);
  }

  #fault(path: Path, message: string, other?: DocumentFault["other"]): void {
    const about = other === undefined ? {} : { other };
    this.faults.push({ document: this.#document, path, message, ...about });
  }
}

const fieldsOf = ({ one, many }: Section): readonly string[] => [one, many].filter((field) => field !== null);

export const textOfPath = (path: Path): string =>
  path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
    .join("")
    .replace(/^\./, "");

function faultWords(table: MetadataTable, column: string, fault: string, values: RowValues): string {
  const said = values[column] === undefined ? `${column} ${fault}` : fault;
  const shown = values[column] === undefined ? "" : ` It is ${shortened(values[column])}.`;
  return `${said}.${shown} Write it like ${exampleOf(table, column)}.`;
}

const shortened = (value: RowValue): string => {
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
};

const exampleOf = (table: MetadataTable, column: string): string =>
  `${column}: ${JSON.stringify(columnsOf(table)[column]?.example ?? "")}`;
