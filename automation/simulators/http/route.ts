/** A route of the simulated clouds' HTTP side, as data. */
import type { Json } from "../json.ts";
import type { CallContext } from "../resource-type.ts";

export interface HttpCall {
  readonly context: CallContext;
  /** what the path's groups matched, decoded */
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Json | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  /** runs once the answer is sent */
  afterSend?(): void;
}

export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: RegExp;
  handle(call: HttpCall): Answer;
}
