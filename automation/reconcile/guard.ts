/**
 * The guardrails as rows meet them: the one place where a row's pieces are judged, and where the exceptions of
 * its job are counted.
 */
import type { GuardrailException } from "../../metadata-schema/desired-state.ts";
import { type GuardrailExceptionRow, type RowRef, rowName } from "../../metadata-schema/rows.ts";
import type { ConditionInput, Resolution } from "../../metadata-schema/store.ts";
import { piecesOfInputs, piecesOfValue } from "../../program/policies/from-values.ts";
import { findGuardrail, judge } from "../../program/policies/judge.ts";
import { isSetAside, type Piece, type Verdict } from "../../program/policies/pieces.ts";
import { expiryOf } from "./expiry.ts";
import { blocked, conditionOf, type PlacedEntry, type Refusal } from "./outcome.ts";

export interface Judged {
  /** that nothing sets aside */
  readonly verdicts: readonly Verdict[];
  /** that set others aside: they go where the pieces go */
  readonly exceptions: readonly GuardrailException[];
}

interface StandingException {
  readonly row: RowRef;
  readonly exception: GuardrailException;
}

export type RowCondition = Resolution["rowConditions"][number];

/** Judges the rows of one resolve. Remembers which exceptions were needed. */
export class Guard {
  readonly #standing: readonly StandingException[];
  readonly #faults: readonly RowCondition[];
  readonly #used = new Set<string>();

  /** @param rows exceptions of the job; an environment has none */
  constructor(rows: readonly GuardrailExceptionRow[], nowMs: number) {
    const judged = rows.map((row) => ({ row, fault: faultOf(row, nowMs) }));
    this.#faults = judged.flatMap(({ row, fault }) =>
      fault === null ? [] : [{ row: refOf(row), condition: fault }],
    );
    this.#standing = judged.flatMap(({ row, fault }) =>
      fault === null
        ? [{ row: refOf(row), exception: { guardrail: row.guardrail, subject: row.subject } }]
        : [],
    );
  }

  judge(pieces: readonly Piece[]): Judged {
    const exceptions = new Map<string, GuardrailException>();
    const verdicts = pieces.flatMap(judge).filter((verdict) => {
      const found = this.#standing.filter(({ exception }) => isSetAside(verdict, exception));
      for (const { row, exception } of found) {
        this.#used.add(row.key);
        exceptions.set(keyOf(exception), exception);
      }
      return found.length === 0;
    });
    return { verdicts, exceptions: [...exceptions.values()] };
  }

  /** Whether an exception that let something in holds still. */
  stands(exception: GuardrailException): boolean {
    return this.#standing.some((each) => keyOf(each.exception) === keyOf(exception));
  }

  /** What is wrong with rows of Guardrail_Exceptions. To be asked after all other rows were judged. */
  conditions(): readonly RowCondition[] {
    const idle = this.#standing.filter(({ row }) => !this.#used.has(row.key));
    return [
      ...this.#faults,
      ...idle.map(({ row, exception: { guardrail, subject } }) => ({
        row,
        condition: unused(
          "NothingToSetAside",
          `${rowName(row)} sets nothing aside: no row of its job is refused by ${guardrail} for "${subject}". Write the subject as the refusal names it, or delete the row.`,
        ),
      })),
    ];
  }
}

const keyOf = ({ guardrail, subject }: GuardrailException): string => `${guardrail}|${subject}`;
const refOf = ({ exception_id: id }: GuardrailExceptionRow): RowRef => ({
  table: "Guardrail_Exceptions",
  key: String(id),
});

/** No fault that anything waits for: the job is Ready with it. */
const unused = (reason: string, message: string): ConditionInput => ({
  type: "Unused",
  status: "True",
  reason,
  message,
});

/** Why an exception does not hold; null: it does. */
function faultOf(row: GuardrailExceptionRow, nowMs: number): ConditionInput | null {
  const where = rowName(refOf(row));
  const refuse = (reason: string, text: string): ConditionInput =>
    conditionOf(blocked(reason, `${where}, ${text}`));
  const tainted = judge({ kind: "text", where: "reason", text: `${row.reason}\n${row.subject}` })[0];
  if (tainted !== undefined) return refuse(tainted.reason, `${tainted.message} ${tainted.fix}`);
  const guardrail = findGuardrail(row.guardrail);
  if (guardrail === undefined)
    return refuse("UnknownGuardrail", `guardrail: "${row.guardrail}" is none. See the page of guardrails.`);
  if (!guardrail.exceptable)
    return refuse("NotExceptable", `guardrail: ${guardrail.id} is never set aside. ${guardrail.fix}`);
  if (row.reason.trim() === "") return refuse("NoReason", "reason: it is empty. Say why.");
  const expiry = expiryOf(row.expires_at);
  if (expiry === "unreadable" || expiry === null)
    return refuse(
      "InvalidExpiry",
      `expires_at: "${row.expires_at}" is not an instant. Write it like 2027-01-31T17:00:00Z.`,
    );
  return expiry <= nowMs
    ? unused(
        "ExceptionExpired",
        `${where} has expired at ${row.expires_at}. Write a later instant, or delete it.`,
      )
    : null;
}

/** Why verdicts keep a row out. `field`: of the row; null: the messages name it themselves. */
export function blockedBy(row: RowRef, field: string | null, verdicts: readonly Verdict[]): Refusal | null {
  const [first] = verdicts;
  if (first === undefined) return null;
  const told = [...new Set(verdicts.map(({ message, fix }) => `${message} ${fix}`))].join(" ");
  return blocked(first.reason, `${rowName(row)}, ${field === null ? "" : `${field}: `}${told}`);
}

/** Whether a text of a row, or what a key of it says that it is, must not be in it; nothing else is told of such a row. */
export function refusedTexts(row: RowRef, values: object, guard: Guard): Refusal | null {
  const pieces = Object.entries(values).flatMap(([column, value]) =>
    typeof value === "object" ? piecesOfInputs(value, column) : piecesOfValue(value, column),
  );
  return blockedBy(row, null, guard.judge(pieces).verdicts);
}

/** A placed entry with the exceptions that let it in, which go where it goes. */
export const withExceptions = (
  placed: PlacedEntry,
  exceptions: readonly GuardrailException[],
): readonly PlacedEntry[] => [
  placed,
  ...exceptions.map((exception) => ({
    target: placed.target,
    entry: { ...placed.entry, item: { kind: "exception", exception } as const },
  })),
];
