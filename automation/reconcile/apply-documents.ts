/** Documents that people wrote → rows, all or nothing. */

import { createHash } from "node:crypto";
import { canonicalJson } from "../../metadata-schema/canonical-json.ts";
import type { MetadataTable } from "../../metadata-schema/columns.ts";
import { tables } from "../../metadata-schema/columns.ts";
import { type ApplyPlan, type PlannedChange, planApply } from "../../metadata-schema/documents/plan-apply.ts";
import {
  type DocumentFault,
  type DocumentRow,
  readDocuments,
} from "../../metadata-schema/documents/read-documents.ts";
import { ConflictError, RowRefusedError } from "../../metadata-schema/errors.ts";
import { rowName } from "../../metadata-schema/rows.ts";
import type { Actor, MetadataStore, RowValue, StoredRow } from "../../metadata-schema/store.ts";
import { ServiceError } from "../errors.ts";
import { judgeRows, type Verdict } from "./judge-rows.ts";

export interface ApplyRequest {
  readonly documents: readonly unknown[];
  /** the documents are the whole truth: what they do not describe goes */
  readonly prune: boolean;
  /** only tells what would change */
  readonly dryRun: boolean;
  /** of a dry run that somebody agreed to: nothing else is done; null: whatever the documents say */
  readonly plan: string | null;
}

export interface Applied {
  readonly changes: readonly AppliedChange[];
  /** a text for exactly these changes */
  readonly plan: string;
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

/**
 * ServiceError DocumentsRefused lists every fault with its document and path, PlanChanged tells that the changes
 * are not those of `plan` any more; nothing is written then.
 */
export async function applyDocuments(
  store: MetadataStore,
  request: ApplyRequest,
  actor: Actor,
): Promise<Applied> {
  for (let attempt = 1; ; attempt += 1) {
    const { changes, read } = await planned(store, request);
    const told = changes.map(toldChange);
    const plan = planText(told);
    if (request.plan !== null && request.plan !== plan) throw planChanged();
    if (request.dryRun || changes.length === 0) return { changes: told, plan };
    try {
      await store.changeRows(
        changes.map(({ change }) => change),
        actor,
        read,
      );
      return { changes: told, plan };
    } catch (fault) {
      const isRefused = fault instanceof ConflictError || fault instanceof RowRefusedError;
      if (!isRefused) throw fault;
      if (attempt === tries)
        throw new ServiceError({ code: "RowsRefused", status: 409, message: fault.message, cause: fault });
    }
  }
}

const planText = (changes: readonly AppliedChange[]): string =>
  createHash("sha256").update(canonicalJson(changes)).digest("hex").slice(0, 32);

const planChanged = (): ServiceError =>
  new ServiceError({
    code: "PlanChanged",
    status: 409,
    message:
      "Nothing was written: somebody changed rows meanwhile, so other rows would change than you agreed to. Look again.",
  });

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
  // What a row of a job means is judged when it can be read; the columns of a job stand for themselves.
  const verdicts = guardrailFaults(plan, stored, await store.now()).filter(
    ({ row, fault }) =>
      !shape.some((told) => isAt(told, row.table === "Jobs" ? fault.path : row.path, row.document)),
  );
  const faults = [...shape, ...verdicts.map(({ fault }) => fault)];
  if (faults.length > 0) refuse(faults);
  return plan;
}

interface GuardrailFault {
  readonly row: DocumentRow;
  readonly fault: DocumentFault;
}

/** Whether a fault is told at this place, or of a part of it. */
const isAt = (fault: DocumentFault, path: DocumentFault["path"], document: number): boolean =>
  fault.document === document && path.every((step, index) => fault.path[index] === step);

/** Rows that would be Blocked because of these documents; what was Blocked before, and stays so, is no fault of theirs. */
function guardrailFaults(
  plan: ApplyPlan,
  stored: readonly StoredRow[],
  now: string,
): readonly GuardrailFault[] {
  const asked = plan.changes.filter(({ source }) => source !== null);
  const jobIds = [...new Set(asked.map(({ change }) => jobOf(change)).filter((jobId) => jobId !== null))];
  const named = (table: MetadataTable): readonly string[] =>
    asked.flatMap(({ change, source }) =>
      change.table === table && source !== null ? [String(source.values.name)] : [],
    );
  const toJudge = { jobIds, environments: named("Environments"), runtimes: named("Integration_Runtimes") };
  const before = new Set(judgeRows(stored, toJudge, now).map(textOfVerdict));
  const changed = new Set(asked.map(({ source }) => source));
  return judgeRows(plan.rowsAfter, toJudge, now).flatMap((verdict) => {
    const own = plan.described.get(rowName(verdict.row));
    const isAsked = own !== undefined && changed.has(own);
    if (!isAsked && before.has(textOfVerdict(verdict))) return [];
    if (own !== undefined) return [{ row: own, fault: faultOf(own, verdict.message) }];
    const row = causeOf(verdict, asked, stored);
    if (row === null) return [];
    const { document, path } = row;
    const message = `would block ${rowName(verdict.row)}, which is not in the documents: ${verdict.message}`;
    return [{ row, fault: { document, path, message } }];
  });
}

const textOfVerdict = ({ row, message }: Verdict): string => `${rowName(row)} ${message}`;

function faultOf(row: DocumentRow, message: string): DocumentFault {
  const field = /^([a-z_]+): /.exec(message)?.[1];
  const isNamed = field !== undefined && row.values[field] !== undefined;
  return {
    document: row.document,
    path: isNamed ? [...row.path, field] : row.path,
    message: isNamed ? message.slice(field.length + 2) : message,
  };
}

/** The change of the row's own job that blocks it. */
function causeOf(
  { row }: Verdict,
  asked: readonly PlannedChange[],
  stored: readonly StoredRow[],
): DocumentRow | null {
  const jobId = stored.find(({ table, key }) => table === row.table && key === row.key)?.values.job_id;
  return asked.find(({ change }) => jobOf(change) === jobId)?.source ?? null;
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

function toldChange({ change }: PlannedChange): AppliedChange {
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
