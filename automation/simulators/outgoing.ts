/**
 * What the simulated clouds send into the world. Nothing leaves the machine: a name on the internet leads to
 * where somebody mapped it on loopback, and a name that nobody mapped is not found, as a wrong one would be.
 */
import type { CallContext } from "./resource-type.ts";
import type { Store } from "./store.ts";

export interface HostMapping {
  readonly host: string;
  readonly url: string;
}

export interface OutgoingCall {
  readonly seq: number;
  readonly at: string;
  /** what kind of sender: alert, web activity, webhook activity, lookup */
  readonly purpose: string;
  /** which one */
  readonly about: string;
  readonly method: string;
  readonly host: string;
  /** without its query, which may hold a secret */
  readonly path: string;
  readonly status: number | null;
  readonly fault: string | null;
}

export interface Request {
  readonly purpose: string;
  readonly about: string;
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly timeoutMs: number;
  readonly stopping: AbortSignal;
}

export type Sent =
  | {
      readonly status: "answered";
      readonly code: number;
      readonly headers: Headers;
      readonly text: string;
    }
  | { readonly status: "failed"; readonly fault: string };

/** the newest calls; a trial makes some hundred */
const kept = 10_000;

export function mapHost(store: Store, { host, url }: HostMapping): void {
  store.run(
    "insert into hosts (host, url) values (?, ?) on conflict (host) do update set url = excluded.url",
    host.toLowerCase(),
    url,
  );
}

export const unmapHost = (store: Store, host: string): boolean =>
  store.run("delete from hosts where host = ?", host.toLowerCase()) > 0;

export const listHosts = (store: Store): HostMapping[] =>
  store
    .all("select host, url from hosts order by host")
    .map((row) => ({ host: String(row.host), url: String(row.url) }));

export function listOutgoing(store: Store, since = 0): OutgoingCall[] {
  return store.all("select * from outgoing_calls where seq > ? order by seq", since).map((row) => ({
    seq: Number(row.seq),
    at: String(row.at),
    purpose: String(row.purpose),
    about: String(row.about),
    method: String(row.method),
    host: String(row.host),
    path: String(row.path),
    status: row.status === null ? null : Number(row.status),
    fault: row.fault === null ? null : String(row.fault),
  }));
}

/** Sends one request for real, to where its host is mapped; every one is recorded, sent or not. */
export async function send({ store }: CallContext, request: Request): Promise<Sent> {
  const url = URL.parse(request.url);
  if (!url) return record(store, request, { status: "failed", fault: `'${request.url}' is no URL` });
  const mapped = listHosts(store).find(({ host }) => host === url.hostname.toLowerCase());
  if (!mapped) {
    const fault = `The remote name could not be resolved: '${url.hostname}'`;
    return record(store, request, { status: "failed", fault });
  }
  return record(store, request, await call(request, new URL(url.pathname + url.search, mapped.url), url));
}

async function call(request: Request, to: URL, asked: URL): Promise<Sent> {
  const { method, body, headers, timeoutMs, stopping } = request;
  try {
    const response = await fetch(to, {
      method,
      // what is behind a mapping may want to know by which name it was called
      headers: { ...headers, "x-forwarded-host": asked.host, "x-forwarded-proto": "https" },
      ...(body === undefined ? {} : { body }),
      redirect: "manual",
      signal: AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)]),
    });
    const text = await response.text();
    return { status: "answered", code: response.status, headers: response.headers, text };
  } catch (error) {
    if (stopping.aborted) return { status: "failed", fault: "the simulated clouds are stopping" };
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
    const message = error instanceof Error ? error.message : String(error);
    return { status: "failed", fault: [message, cause].filter(Boolean).join(": ") };
  }
}

function record(store: Store, request: Request, sent: Sent): Sent {
  const url = URL.parse(request.url);
  const [row] = store.all(
    `insert into outgoing_calls (at, purpose, about, method, host, path, status, fault)
     values (?, ?, ?, ?, ?, ?, ?, ?) returning seq`,
    new Date().toISOString(),
    request.purpose,
    request.about,
    request.method,
    url?.hostname ?? "",
    url?.pathname ?? "",
    sent.status === "answered" ? sent.code : null,
    sent.status === "failed" ? sent.fault : null,
  );
  store.run("delete from outgoing_calls where seq <= ?", Number(row?.seq) - kept);
  return sent;
}
