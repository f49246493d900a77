/**
 * Calls to Azure Resource Manager that Pulumi does not make for us. What ARM answers is a value, so that
 * whoever calls chooses between waiting, trying again and telling; nothing is tried again here.
 */
import { messageOf } from "../errors.ts";
import { apiVersionOf } from "./api-versions.ts";

export type ArmAnswer =
  | {
      readonly status: "ok";
      readonly httpStatus: number;
      /** parsed JSON; null when there is none */
      readonly body: unknown;
      /** where a long-running operation is followed; null when the call is over */
      readonly operationUrl: string | null;
    }
  | { readonly status: "missing"; readonly message: string }
  | { readonly status: "throttled"; readonly retryAfterSeconds: number | null; readonly message: string }
  /** ARM understood, and will not: the same call gets the same answer */
  | {
      readonly status: "refused";
      readonly httpStatus: number;
      readonly code: string;
      readonly message: string;
    }
  /** no answer, or one that says nothing about the thing asked for */
  | { readonly status: "unavailable"; readonly message: string };

export interface ArmCallOptions {
  readonly apiVersion?: string;
  /** besides the version, e.g. `{ $filter: "atScope()" }` */
  readonly query?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface ArmClient {
  get(id: string, options?: ArmCallOptions): Promise<ArmAnswer>;
  put(id: string, body: unknown, options?: ArmCallOptions): Promise<ArmAnswer>;
  /** @param action ARM id with the action's name after it */
  post(action: string, body?: unknown, options?: ArmCallOptions): Promise<ArmAnswer>;
}

export interface ArmClientOptions {
  /** base URL; asked each time, for the simulated clouds may come back on another port */
  readonly url: () => Promise<string>;
  /** bearer token; absent in the sandbox, which needs none */
  readonly token?: () => Promise<string>;
  readonly timeoutMs?: number;
}

export const azureArmUrl = "https://management.azure.com";
const usualTimeoutMs = 10_000;

export function createArmClient(options: ArmClientOptions): ArmClient {
  const send = (method: string, id: string, call: ArmCallOptions & { readonly body?: unknown } = {}) =>
    ask(options, { method, id, ...call });
  return {
    get: (id, call) => send("GET", id, call),
    put: (id, body, call) => send("PUT", id, { ...call, body }),
    post: (action, body, call) => send("POST", action, { ...call, body }),
  };
}

interface Call extends ArmCallOptions {
  readonly method: string;
  readonly id: string;
  readonly body?: unknown;
}

async function ask(options: ArmClientOptions, call: Call): Promise<ArmAnswer> {
  const apiVersion = call.apiVersion ?? apiVersionOf(call.id);
  if (apiVersion === undefined) {
    throw new Error(`No API version is known for ${call.id}; say which one with the call.`);
  }
  const query = new URLSearchParams({ "api-version": apiVersion, ...call.query });
  const timeout = AbortSignal.timeout(options.timeoutMs ?? usualTimeoutMs);
  const signal = call.signal ? AbortSignal.any([timeout, call.signal]) : timeout;
  try {
    const token = await options.token?.();
    const response = await fetch(`${await options.url()}${encodeURI(call.id)}?${query}`, {
      method: call.method,
      signal,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(call.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
    return read(call.id, response, await response.text());
  } catch (fault) {
    return { status: "unavailable", message: `Azure Resource Manager did not answer: ${messageOf(fault)}` };
  }
}

function read(id: string, response: Response, text: string): ArmAnswer {
  const { status: httpStatus, headers, ok } = response;
  const body = parse(text);
  if (ok) {
    const operationUrl = headers.get("azure-asyncoperation") ?? headers.get("location");
    return { status: "ok", httpStatus, body, operationUrl };
  }
  const { code, detail } = errorOf(body);
  const answered = ["Azure Resource Manager answered", httpStatus, ...(code === "" ? [] : [code]), "for", id];
  const message = `${answered.join(" ")}${detail === "" ? "" : `: ${detail}`}`;
  if (httpStatus === 404) return { status: "missing", message };
  if (httpStatus === 429) {
    return { status: "throttled", retryAfterSeconds: secondsOf(headers.get("retry-after")), message };
  }
  if (httpStatus >= 500) return { status: "unavailable", message };
  return { status: "refused", httpStatus, code, message };
}

function parse(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** ARM's `{ error: { code, message } }`, from anything. */
function errorOf(body: unknown): { code: string; detail: string } {
  const error = field(body, "error");
  const text = (key: string): string => {
    const value = field(error, key);
    return typeof value === "string" ? value : "";
  };
  return { code: text("code"), detail: text("message") };
}

const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;

/** Retry-After is seconds, or a date. */
function secondsOf(header: string | null): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
