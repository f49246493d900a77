import type * as grpc from "@grpc/grpc-js";

/** Turns a synchronous handler into a gRPC one: its throw becomes the call's error. */
export type Wrap = <Request, Response>(
  handle: (request: Request, peer: string) => Response,
) => grpc.handleUnaryCall<Request, Response>;
