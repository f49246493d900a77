/**
 * Faults that a test or a person asks for: from the n-th matching call on, `times` calls in a row are struck.
 * Counted in the store before the call is touched, so that a restart neither repeats nor forgets one.
 */
import type { Store } from "./store.ts";

/**
 * error: refused · throttle: refused with 429 · hang: no answer until the fault is cleared or its seconds are
 * over, then carried out · drop: the caller's connection is cut · lag: strikes no call; what is new is not
 * found for so many seconds, by reads, lookups or functions
 */
export const faultKinds = ["error", "throttle", "hang", "drop", "lag"] as const;
export type FaultKind = (typeof faultKinds)[number];

/** `lookup` is a GET of the Graph, ARM and Databricks slices. */
export const faultCalls = ["check", "create", "read", "update", "delete", "invoke", "lookup"] as const;
export type FaultCall = (typeof faultCalls)[number];

/** Instead of a type or a call: all of them. A check never leaves the real provider, so `any` is not for it. */
export const any = "any";

export interface FaultRequest {
  /** type token, token of a function, package (`databricks`), or `any` */
  readonly type: string;
  readonly call: FaultCall | typeof any;
  readonly kind: FaultKind;
  /** counted from now: 1 is the next call */
  readonly nth: number;
  readonly times: number | "forever";
  /** null: what the cloud says by itself */
  readonly code: string | null;
  readonly message: string | null;
  /** of a throttle */
  readonly retryAfterSeconds: number | null;
  /** of a hang (null: until it is cleared), and of a lag */
  readonly seconds: number | null;
  /** true: the cloud does the work before the fault strikes */
  readonly afterCommit: boolean;
}

export interface Fault extends FaultRequest {
  readonly faultId: number;
  /** matching calls so far */
  readonly seen: number;
  readonly remaining: number | "forever";
}

export function addFault(store: Store, fault: FaultRequest): Fault {
  const [row] = store.all(
    `insert into faults (type, call, kind, nth, times, code, message, retry_after_seconds, seconds, after_commit)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning *`,
    fault.type,
    fault.call,
    fault.kind,
    fault.nth,
    fault.times === "forever" ? null : fault.times,
    fault.code,
    fault.message,
    fault.retryAfterSeconds,
    fault.seconds,
    fault.afterCommit ? 1 : 0,
  );
  return toFault(row ?? {});
}

export function listFaults(store: Store): Fault[] {
  return store.all("select * from faults order by fault_id").map(toFault);
}

/** Removes one fault, or all; says how many. */
export function clearFaults(store: Store, faultId?: number): number {
  return faultId === undefined
    ? store.run("delete from faults")
    : store.run("delete from faults where fault_id = ?", faultId);
}

/** Counts this call against every fault that it matches; returns the oldest that is due. */
export function countCall(store: Store, type: string, call: FaultCall): Fault | undefined {
  const rows = store.all(
    `update faults set seen = seen + 1
     where kind <> 'lag' and type in (?, ?, '${any}') and (call = ? or (call = '${any}' and ? <> 'check')) returning *`,
    type,
    packageOf(type),
    call,
    call,
  );
  return rows
    .map(toFault)
    .toSorted((one, other) => one.faultId - other.faultId)
    .find(isDue);
}

/** Types (or packages, or `any`) whose new objects such a call does not find, and for how long. */
export function lagsOf(store: Store, call: FaultCall): { readonly type: string; readonly seconds: number }[] {
  return store
    .all(`select type, seconds from faults where kind = 'lag' and call in (?, '${any}')`, call)
    .map(({ type, seconds }) => ({ type: String(type), seconds: Number(seconds) }));
}

/** `databricks` of `databricks:index/job:Job`. */
export const packageOf = (token: string): string => token.split(":")[0] ?? token;

const isDue = ({ seen, nth, times }: Fault): boolean =>
  seen >= nth && (times === "forever" || seen < nth + times);

function toFault(row: Record<string, unknown>): Fault {
  const nth = Number(row.nth);
  const times = row.times === null ? "forever" : Number(row.times);
  const seen = Number(row.seen);
  const textOrNull = (value: unknown): string | null => (value === null ? null : String(value));
  const numberOrNull = (value: unknown): number | null => (value === null ? null : Number(value));
  return {
    faultId: Number(row.fault_id),
    type: String(row.type),
    call: String(row.call) as Fault["call"],
    kind: String(row.kind) as FaultKind,
    nth,
    times,
    code: textOrNull(row.code),
    message: textOrNull(row.message),
    retryAfterSeconds: numberOrNull(row.retry_after_seconds),
    seconds: numberOrNull(row.seconds),
    afterCommit: row.after_commit === 1,
    seen,
    remaining: times === "forever" ? times : Math.max(0, Math.min(times, nth + times - 1 - seen)),
  };
}
