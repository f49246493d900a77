/** What a handler gets and gives; no express types, so that a test can call it. */
import type { ObservedCall } from "../observe/call-observer.ts";
import type { Services } from "./services.ts";

export interface Call {
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** names in lower case */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** JSON, where the caller sent some; not checked yet */
  readonly body: unknown;
  /** what tells this call from others, in log and traces */
  readonly observed: ObservedCall;
  /** aborts when the caller goes away */
  readonly signal: AbortSignal;
}

export interface ServerEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

export type Reply =
  | {
      readonly kind: "json";
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: "text"; readonly contentType: string; readonly text: string }
  | { readonly kind: "events"; readonly events: AsyncIterable<ServerEvent> };

export type Handler = (call: Call, services: Services) => Promise<Reply>;

export const json = (status: number, body: unknown, headers?: Readonly<Record<string, string>>): Reply => ({
  kind: "json",
  status,
  body,
  ...(headers === undefined ? {} : { headers }),
});
