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
  readonly headers?: Readonly<Record<string, string>>;
  /** runs once the answer is sent */
  afterSend?(): void;
}

export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: RegExp;
  /** package whose cloud is asked: faults of `lookup` strike it; absent: none does */
  readonly lookup?: "azuread" | "azure-native";
  handle(call: HttpCall): Answer;
}
