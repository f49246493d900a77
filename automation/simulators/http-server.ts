/** HTTP of the simulated clouds: slices of Microsoft Graph and ARM for lookups, and `/sandbox` for people. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { armError, CloudError } from "./cloud-error.ts";
import { refusalOf } from "./fault-words.ts";
import { countCall } from "./faults.ts";
import { armRoutes } from "./http/arm.ts";
import { graphRoutes } from "./http/graph.ts";
import type { Answer, HttpCall, Route } from "./http/route.ts";
import { sandboxRoutes } from "./http/sandbox.ts";
import type { Json } from "./json.ts";
import type { CallContext } from "./resource-type.ts";
import { NoAnswer, strike } from "./strike.ts";

export interface HttpOptions {
  readonly context: CallContext;
  touch(): void;
  stop(reason: string): void;
}

export interface HttpServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** enough for any property document; a larger body is a mistake */
const maxBodyBytes = 1_000_000;

export async function startHttpServer(options: HttpOptions): Promise<HttpServer> {
  const routes = [...sandboxRoutes(options.stop), ...graphRoutes, ...armRoutes];
  const server = createServer((request, response) => {
    options.touch();
    answer(options.context, routes, request).then(
      (result) => send(response, result),
      (error: unknown) =>
        error instanceof NoAnswer ? request.socket.destroy() : send(response, answerOf(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, stop: () => stopServer(server) };
}

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    // somebody's keep-alive connection must not hold the process
    setTimeout(() => server.closeAllConnections(), 500).unref();
  });
}

async function answer(
  context: CallContext,
  routes: readonly Route[],
  request: IncomingMessage,
): Promise<Answer> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const method = request.method ?? "GET";
  for (const route of routes) {
    const match = route.method === method ? route.path.exec(url.pathname) : null;
    if (!match) continue;
    const call: HttpCall = {
      context,
      params: match.slice(1).map((part) => decodeURIComponent(part ?? "")),
      query: url.searchParams,
      body: await readBody(request),
    };
    return route.lookup ? lookUp(route, route.lookup, call, request) : route.handle(call);
  }
  throw armError(404, "NotFound", `No route ${method} ${url.pathname}.`);
}

/** A call of the Graph and ARM slices, which faults may strike. */
async function lookUp(route: Route, type: string, call: HttpCall, request: IncomingMessage): Promise<Answer> {
  const { store, hangs, tenant } = call.context;
  const fault = countCall(store, type, "lookup");
  if (!fault) return route.handle(call);
  const gone = new AbortController();
  request.socket.once("close", () => gone.abort());
  return strike(fault, hangs, {
    work: () => route.handle(call),
    refusal: () => refusalOf(fault, { call: "lookup", type, tenant }),
    // lookups are not in the log of calls
    failed: () => {},
    cut: () => request.socket.destroy(),
    gone: gone.signal,
  });
}

async function readBody(request: IncomingMessage): Promise<Json | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw armError(413, "TooLarge", "The body is too large.");
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw armError(400, "InvalidJson", "The body is not JSON.");
  }
}

function answerOf(error: unknown): Answer {
  if (error instanceof CloudError) {
    const { status, code, detail, retryAfterSeconds } = error;
    const headers = retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) };
    return { status, headers, body: { error: { code, message: detail } } };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { status: 500, body: { error: { code: "InternalServerError", message } } };
}

function send(response: ServerResponse, result: Answer): void {
  response.writeHead(result.status, {
    "content-type": "application/json; charset=utf-8",
    ...result.headers,
  });
  response.end(result.body === undefined ? "" : JSON.stringify(result.body));
  result.afterSend?.();
}
