/** The append-only log of what the engine asked of the clouds: proof that nothing was done twice. */
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

export function logCall(store: Store, entry: CallEntry): void {
  store.run(
    "insert into calls (at, call, type, name, id, stack, result, message) values (?, ?, ?, ?, ?, ?, ?, ?)",
    new Date().toISOString(),
    entry.call,
    entry.type,
    entry.name,
    entry.id,
    entry.stack,
    entry.result,
    entry.message,
  );
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
