/** Documents that people wrote → rows, all or nothing. */
import { tables } from "../../metadata-schema/columns.ts";
import {
  type ApplyPlan,
  type PlannedChange,
  planApply,
  rowsAfter,
} from "../../metadata-schema/documents/plan-apply.ts";
import {
  type DocumentFault,
  type DocumentRow,
  readDocuments,
} from "../../metadata-schema/documents/read-documents.ts";
import { ConflictError, RowRefusedError } from "../../metadata-schema/errors.ts";
import { rowName } from "../../metadata-schema/rows.ts";
import type { Actor, MetadataStore, RowValue, StoredRow } from "../../metadata-schema/store.ts";
import { ServiceError } from "../errors.ts";
import { judgeRows } from "./judge-rows.ts";

export interface ApplyRequest {
  readonly documents: readonly unknown[];
  /** the documents are the whole truth: what they do not describe goes */
  readonly prune: boolean;
  /** only tells what would change */
  readonly dryRun: boolean;
}

export interface AppliedChange {
  readonly kind: "insert" | "update" | "delete";
  readonly table: string;
  /** null: the database gives the row its number */
  readonly key: string | null;
  /** the job that the row belongs to, or is; null: a row that jobs share */
  readonly jobId: number | null;
  /** what it is about, for people: ds_team as DataScientist */
  readonly about: string;
  readonly columns: Readonly<Record<string, { readonly before: RowValue; readonly after: RowValue }>>;
}

// Somebody else edits the same rows between the look and the write: looked at again, this often.
const tries = 3;

/** ServiceError DocumentsRefused lists every fault with its document and path; nothing is written then. */
export async function applyDocuments(
  store: MetadataStore,
  request: ApplyRequest,
  actor: Actor,
): Promise<readonly AppliedChange[]> {
  for (let attempt = 1; ; attempt += 1) {
    const plan = await planned(store, request);
    if (request.dryRun || plan.changes.length === 0) return plan.changes.map(told);
    try {
      await store.changeRows(
        plan.changes.map(({ change }) => change),
        actor,
      );
      return plan.changes.map(told);
    } catch (fault) {
      if (fault instanceof ConflictError && attempt < tries) continue;
      if (fault instanceof RowRefusedError || fault instanceof ConflictError)
        throw new ServiceError({ code: "RowsRefused", status: 409, message: fault.message, cause: fault });
      throw fault;
    }
  }
}

async function planned(store: MetadataStore, request: ApplyRequest): Promise<ApplyPlan> {
  const documents = readDocuments(request.documents);
  if (request.prune && documents.rows.length === 0)
    refuse([
      {
        document: 0,
        path: [],
        message:
          "describes no row: with prune everything would be deleted. Give the files that describe what is to stay.",
      },
    ]);
  const stored = await store.readRows({});
  const plan = planApply(documents, stored, { prune: request.prune });
  const shape = [...documents.faults, ...plan.faults];
  // A row with a fault of shape is told as it is; what it means is judged when it can be read.
  const verdicts = guardrailFaults(plan, stored, await store.now()).filter(
    ({ row }) => !shape.some((fault) => isWithin(fault, row)),
  );
  const faults = [...shape, ...verdicts.map(({ fault }) => fault)];
  if (faults.length > 0) refuse(faults);
  return plan;
}

interface GuardrailFault {
  readonly row: DocumentRow;
  readonly fault: DocumentFault;
}

// A job's own fields lie right under its path; what lies deeper belongs to its rows.
const isWithin = (fault: DocumentFault, row: DocumentRow): boolean =>
  fault.document === row.document &&
  row.path.every((step, index) => fault.path[index] === step) &&
  (row.table !== "Jobs" || fault.path.length <= row.path.length + 1);

function guardrailFaults(
  plan: ApplyPlan,
  stored: readonly StoredRow[],
  now: string,
): readonly GuardrailFault[] {
  const sources = new Map(
    plan.changes.flatMap(({ change, source }, index) => {
      if (source === null || change.kind === "delete") return [];
      const inserted =
        change.kind === "insert" ? (change.values[tables[change.table].key] ?? -(index + 1)) : null;
      const key = change.kind === "update" ? change.key : String(inserted);
      return [[rowName({ table: change.table, key }), source] as const];
    }),
  );
  const jobs = plan.changes.flatMap(({ change }) => {
    const jobId = jobOf(change);
    return jobId === null || change.kind === "delete" ? [] : [jobId];
  });
  return judgeRows(rowsAfter(plan, stored), [...new Set(jobs)], now).flatMap(({ row, message }) => {
    const source = sources.get(rowName(row));
    // A row that was Blocked before and is not touched here is no fault of these documents.
    if (source === undefined) return [];
    const field = /^([a-z_]+): /.exec(message)?.[1];
    const named = field !== undefined && source.values[field] !== undefined;
    const path = named ? [...source.path, field] : source.path;
    const fault = {
      document: source.document,
      path,
      message: named ? message.slice(field.length + 2) : message,
    };
    return [{ row: source, fault }];
  });
}

function refuse(faults: readonly DocumentFault[]): never {
  throw new ServiceError({
    code: "DocumentsRefused",
    status: 422,
    message: `Nothing was written: the documents have ${faults.length} ${faults.length === 1 ? "fault" : "faults"}.`,
    details: faults,
  });
}

const jobOf = (change: PlannedChange["change"]): number | null => {
  const values = change.kind === "insert" ? change.values : change.before;
  return typeof values.job_id === "number" ? values.job_id : null;
};

function told({ change }: PlannedChange): AppliedChange {
  const before = change.kind === "insert" ? {} : change.before;
  const after = change.kind === "delete" ? {} : change.values;
  const columns = change.kind === "delete" ? Object.keys(before) : Object.keys(after);
  const key = change.kind === "insert" ? (change.values[tables[change.table].key] ?? null) : change.key;
  return {
    kind: change.kind,
    table: change.table,
    key: key === null ? null : String(key),
    jobId: jobOf(change),
    about: aboutOf(change),
    columns: Object.fromEntries(
      columns.map((name) => [name, { before: before[name] ?? null, after: after[name] ?? null }]),
    ),
  };
}

/** What tells the row from its neighbours. */
function aboutOf(change: PlannedChange["change"]): string {
  const values = change.kind === "insert" ? change.values : change.before;
  return tables[change.table].identity
    .filter((column) => column !== "job_id" && values[column] !== null && values[column] !== undefined)
    .map((column) => String(values[column]))
    .join(" ");
}
