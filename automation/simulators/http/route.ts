/** A route of the simulated clouds' HTTP side, as data. */
import type { IncomingHttpHeaders } from "node:http";
import type { Json } from "../json.ts";
import type { CallContext } from "../resource-type.ts";

export interface HttpCall {
  readonly context: CallContext;
  /** what the path's groups matched, decoded */
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Json | undefined;
  readonly headers: IncomingHttpHeaders;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** runs once the answer is sent */
  afterSend?(): void;
}

interface AnyRoute {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: RegExp;
}

/** A route of a cloud: what it changes is one transaction, so its answer comes at once. */
export interface CloudRoute extends AnyRoute {
  /** package whose cloud is asked: faults of `lookup` strike it */
  readonly lookup: "azuread" | "azure-native" | "databricks";
  /** a POST that changes nothing */
  readonly isRead?: true;
  handle(call: HttpCall): Answer;
}

/** A route for people, which no fault strikes. */
export interface SandboxRoute extends AnyRoute {
  readonly lookup?: undefined;
  handle(call: HttpCall): Answer | Promise<Answer>;
}

export type Route = CloudRoute | SandboxRoute;
