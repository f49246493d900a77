/** Turns a handler into a gRPC one, struck by whatever faults were asked for. */
import * as grpc from "@grpc/grpc-js";
import { refusalOf } from "./fault-words.ts";
import { countCall, type FaultCall } from "./faults.ts";
import type { CallContext } from "./resource-type.ts";
import { NoAnswer, strike } from "./strike.ts";

/** What a fault may strike. */
export interface Target {
  readonly call: FaultCall;
  /** token of the type or function */
  readonly type: string;
  /** told when the call is refused or cut before any work */
  failed?(message: string): void;
}

/** A handler's throw becomes its call's error. No target: no fault strikes. */
export type Wrap = <Request, Response>(
  handle: (request: Request, peer: string, gone: AbortSignal) => Response | Promise<Response>,
  targetOf?: (request: Request, peer: string) => Target | undefined,
) => grpc.handleUnaryCall<Request, Response>;

export interface WrapOptions {
  /** context of the calls of one connection */
  at(peer: string): CallContext;
  /** cuts a connection */
  cut(peer: string): void;
  /** aborts when the engine cancels what a connection has under way */
  cancelled(peer: string): AbortSignal;
  /** a call came */
  touch(): void;
}

export const wrapWith = (options: WrapOptions): Wrap => {
  return (handle, targetOf) => (call, callback) => {
    options.touch();
    const refuse = (error: unknown): void => {
      const message = error instanceof Error ? error.message : String(error);
      // UNKNOWN is what a Go provider's plain error arrives as
      const code = error instanceof NoAnswer ? grpc.status.UNAVAILABLE : grpc.status.UNKNOWN;
      callback({ code, details: message, message });
    };
    try {
      const peer = call.getPeer();
      const left = goneSignal(call);
      const gone = AbortSignal.any([left, options.cancelled(peer)]);
      const work = () => handle(call.request, peer, gone);
      const answer = (result: ReturnType<typeof work>): void => {
        if (result instanceof Promise) result.then((response) => callback(null, response), refuse);
        else callback(null, result);
      };
      const target = targetOf?.(call.request, peer);
      if (!target) return answer(work());
      const ctx = options.at(peer);
      const fault = countCall(ctx.store, target.type, target.call);
      if (!fault) return answer(work());
      strike(fault, ctx.hangs, {
        work,
        refusal: () => refusalOf(fault, { ...target, tenant: ctx.tenant }),
        failed: (message) => target.failed?.(message),
        cut: () => options.cut(peer),
        gone: left,
      }).then((response) => callback(null, response), refuse);
    } catch (error) {
      refuse(error);
    }
  };
};

function goneSignal(call: grpc.ServerUnaryCall<unknown, unknown>): AbortSignal {
  const gone = new AbortController();
  call.once("cancelled", () => gone.abort());
  return gone.signal;
}
