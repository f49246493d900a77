/** Mounts the route table; the only file that imports express. */
import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Express, type Request, type Response } from "express";
import { ServiceError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { CallObserver, ObservedCall } from "../observe/call-observer.ts";
import { parseTraceparent, traceIdOfRequest } from "../observe/trace-ids.ts";
import { errorResponse } from "./error-response.ts";
import type { Call, Reply } from "./handler.ts";
import { type Route, routes } from "./routes.ts";
import type { Services } from "./services.ts";

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** `port` 0 takes any free one. Listens on the loopback address alone, until there is sign-in. */
export async function openHttpServer(options: {
  readonly port: number;
  readonly services: Services;
  readonly calls: CallObserver;
  readonly log: Logger;
}): Promise<HttpServer> {
  const server = createServer(createApp(options));
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const taken = "code" in cause && cause.code === "EADDRINUSE";
      const message = taken
        ? `Port ${port} is taken by another process. Choose another one with PORT.`
        : `Port ${port} cannot be listened on: ${cause.message}.`;
      reject(new ServiceError({ code: "PortUnavailable", status: 500, message, cause }));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
}

interface AppOptions {
  readonly services: Services;
  readonly calls: CallObserver;
  readonly log: Logger;
}

function createApp({ services, calls, log }: AppOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use((request, response, next) => {
    const observed = observedCall(request);
    response.locals.observed = observed;
    watchAnswer(request, response, calls);
    response.set({
      "X-Request-Id": observed.requestId,
      "X-Rowgate-Cloud": services.cloud,
      "X-Content-Type-Options": "nosniff",
      "Cache-Control": "no-store",
    });
    next();
  });
  app.use((request, _response, next) => {
    refuseForeignCaller(request);
    next();
  });
  // Whichever of these reads a body first, the next leaves it alone.
  for (const { method, path, bodyLimit: limit } of routes)
    if (limit !== undefined) app[method](path, express.json({ limit }));
  app.use(express.json({ limit: bodyLimit }));
  for (const route of routes) app[route.method](route.path, mounted(route, services));
  app.use((request: Request) => {
    throw new ServiceError({
      code: "RouteNotFound",
      status: 404,
      message: `There is no ${request.method} ${request.path}. The README lists the routes.`,
    });
  });
  // Express knows an error handler by its four parameters.
  app.use((fault: unknown, request: Request, response: Response, _next: () => void) => {
    const { requestId, traceId } = observedOf(response);
    const { status, body } = errorResponse(fault, requestId);
    if (status >= 500) log.error({ err: fault, requestId, traceId, path: request.path }, "request failed");
    if (response.headersSent) response.end();
    else response.status(status).json(body);
  });
  return app;
}

/** Who calls, and in which trace: what the caller says of it counts where it has the right shape. */
function observedCall(request: Request): ObservedCall {
  const asked = request.get("x-request-id") ?? "";
  const requestId = /^[\w.:-]{1,100}$/.test(asked) ? asked : randomUUID();
  const parent = parseTraceparent(request.get("traceparent"));
  return {
    requestId,
    traceId: parent?.traceId ?? traceIdOfRequest(requestId),
    parentSpanId: parent?.spanId ?? null,
  };
}

const observedOf = (response: Response): ObservedCall => response.locals.observed;

function watchAnswer({ method }: Request, response: Response, calls: CallObserver): void {
  const startedAtMs = Date.now();
  response.once("close", () =>
    calls.callAnswered({
      ...observedOf(response),
      method,
      route: response.locals.route ?? null,
      status: response.statusCode,
      startedAtMs,
      endedAtMs: Date.now(),
    }),
  );
}

// Some ten thousand rows as JSON; more than that is a load for the database's own tools.
const bodyLimit = "8mb";

const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);
const hostOf = (text: string): string => text.replace(/:\d+$/, "").toLowerCase();

/**
 * There is no sign-in yet, so a page of some other site in this machine's browser must not be able to use the
 * service: neither under a name of its own that leads here, nor by sending a form.
 */
function refuseForeignCaller(request: Request): void {
  const { host, origin } = request.headers;
  const site = request.headers["sec-fetch-site"];
  const isForeignHost = !loopback.has(hostOf(host ?? ""));
  const isForeignOrigin = origin !== undefined && !loopback.has(hostOf(origin.replace(/^https?:\/\//, "")));
  const isForeignSite = site !== undefined && site !== "same-origin" && site !== "none";
  const writes = request.method !== "GET" && request.method !== "HEAD";
  if (!isForeignHost && !(writes && (isForeignOrigin || isForeignSite))) return;
  throw new ServiceError({
    code: "ForeignCaller",
    status: 403,
    message:
      "The service answers this machine only. Call it as 127.0.0.1 or localhost, and not from another site's page.",
  });
}

const mounted = (route: Route, services: Services) => async (request: Request, response: Response) => {
  response.locals.route = route.path;
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const call: Call = {
    parameters: Object.fromEntries(
      Object.entries(request.params).map(([name, value]) => [name, String(value)]),
    ),
    query: request.query,
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, value?.toString()]),
    ),
    body: request.body,
    observed: observedOf(response),
    signal: gone.signal,
  };
  await answer(response, await route.handler(call, services));
};

async function answer(response: Response, reply: Reply): Promise<void> {
  if (reply.kind === "text") {
    // Express would add a charset to the type, which a reader of metrics may not know.
    response.writeHead(200, { "Content-Type": reply.contentType });
    response.end(reply.text);
    return;
  }
  if (reply.kind === "json") {
    response
      .status(reply.status)
      .set(reply.headers ?? {})
      .json(reply.body);
    return;
  }
  response.writeHead(200, { "Content-Type": "text/event-stream", Connection: "keep-alive" });
  response.flushHeaders();
  for await (const { id, event, data } of reply.events) {
    response.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
  response.end();
}
