/**
 * Faults that a test or a person asks for: the n-th call of a kind on a type fails, `times` times in a row.
 * Counted in the store, so that a restart neither repeats nor forgets one.
 */
import { armError, type CloudError, plainError } from "./cloud-error.ts";
import type { Store } from "./store.ts";

export const faultCalls = ["check", "create", "read", "update", "delete"] as const;
export type FaultCall = (typeof faultCalls)[number];

export interface FaultRequest {
  readonly type: string;
  readonly call: FaultCall;
  /** counted from now: 1 is the next call */
  readonly nth: number;
  readonly times: number;
  readonly code: string;
  readonly message: string;
  /** true: the cloud does the work and the answer is lost on the way back */
  readonly afterCommit: boolean;
}

export interface Fault extends FaultRequest {
  readonly faultId: number;
  /** matching calls so far */
  readonly seen: number;
  readonly remaining: number;
}

export function addFault(store: Store, fault: FaultRequest): Fault {
  const [row] = store.all(
    `insert into faults (type, call, nth, times, code, message, after_commit) values (?, ?, ?, ?, ?, ?, ?)
     returning *`,
    fault.type,
    fault.call,
    fault.nth,
    fault.times,
    fault.code,
    fault.message,
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

/** Counts this call against every fault that it matches; returns the first that is due. */
export function countCall(store: Store, type: string, call: FaultCall): Fault | undefined {
  const rows = store.all(
    "update faults set seen = seen + 1 where type = ? and call = ? returning *",
    type,
    call,
  );
  return rows.map(toFault).find((fault) => fault.seen >= fault.nth && fault.seen < fault.nth + fault.times);
}

export function faultError(fault: Fault): CloudError {
  if (fault.afterCommit) {
    return plainError(503, "ConnectionLost", `connection lost: ${fault.message}`);
  }
  const status = /^\d{3}$/.test(fault.code) ? Number(fault.code) : statusOfCode(fault.code);
  return armError(status, fault.code, fault.message);
}

const statusOfCode = (code: string): number =>
  /TooManyRequests|Throttl|Retryable/i.test(code) ? 429 : /Conflict|Exists/i.test(code) ? 409 : 500;

function toFault(row: Record<string, unknown>): Fault {
  const nth = Number(row.nth);
  const times = Number(row.times);
  const seen = Number(row.seen);
  return {
    faultId: Number(row.fault_id),
    type: String(row.type),
    call: String(row.call) as FaultCall,
    nth,
    times,
    code: String(row.code),
    message: String(row.message),
    afterCommit: row.after_commit === 1,
    seen,
    remaining: Math.max(0, Math.min(times, nth + times - 1 - seen)),
  };
}
