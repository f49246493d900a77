/** The log of what the engine asked of the clouds, and totals of it: proof that nothing was done twice. */
import type { Store } from "./store.ts";

export interface CallEntry {
  readonly call: "create" | "read" | "update" | "delete";
  readonly type: string;
  /** Pulumi name of the resource */
  readonly name: string;
  readonly id: string;
  readonly stack: string;
  readonly result: "ok" | "failed";
  readonly message: string | null;
}

export interface LoggedCall extends CallEntry {
  readonly seq: number;
  readonly at: string;
}

/** How often a call on a type ended one way, since the store was made. */
export interface CallTotal extends Pick<CallEntry, "type" | "call" | "result"> {
  readonly total: number;
}

// some 30 MB; a roll-out of 300 jobs makes about 5,000 entries
export const newestKept = 100_000;

export function logCall(store: Store, entry: CallEntry): void {
  store.transaction(() => {
    const [row] = store.all(
      `insert into calls (at, call, type, name, id, stack, result, message)
       values (?, ?, ?, ?, ?, ?, ?, ?) returning seq`,
      new Date().toISOString(),
      entry.call,
      entry.type,
      entry.name,
      entry.id,
      entry.stack,
      entry.result,
      entry.message,
    );
    store.run("delete from calls where seq <= ?", Number(row?.seq) - newestKept);
    store.run(
      `insert into call_totals (type, call, result, total) values (?, ?, ?, 1)
       on conflict (type, call, result) do update set total = total + 1`,
      entry.type,
      entry.call,
      entry.result,
    );
  });
}

/** Calls after `since`, oldest first. */
export function listCalls(store: Store, since = 0): LoggedCall[] {
  return store.all("select * from calls where seq > ? order by seq", since).map((row) => ({
    seq: Number(row.seq),
    at: String(row.at),
    call: String(row.call) as CallEntry["call"],
    type: String(row.type),
    name: String(row.name),
    id: String(row.id),
    stack: String(row.stack),
    result: String(row.result) as CallEntry["result"],
    message: row.message === null ? null : String(row.message),
  }));
}

export function listCallTotals(store: Store): CallTotal[] {
  return store.all("select * from call_totals order by type, call, result").map((row) => ({
    type: String(row.type),
    call: String(row.call) as CallEntry["call"],
    result: String(row.result) as CallEntry["result"],
    total: Number(row.total),
  }));
}
