/** HTTP of the simulated clouds: slices of Microsoft Graph, ARM and Databricks for lookups, and `/sandbox` for people. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { armError, CloudError } from "./cloud-error.ts";
import { refusalOf } from "./fault-words.ts";
import { countCall } from "./faults.ts";
import { activityRoutes } from "./http/activity-routes.ts";
import { armRoutes } from "./http/arm.ts";
import { type ArmRequest, throughArm } from "./http/arm-gate.ts";
import { connectionRoutes } from "./http/connection-routes.ts";
import { databricksRoutes } from "./http/databricks.ts";
import { databricksPrefix } from "./http/databricks-route.ts";
import { factoryRoutes } from "./http/factory.ts";
import { graphRoutes } from "./http/graph.ts";
import { hostRoutes } from "./http/hosts.ts";
import { inventoryRoutes } from "./http/inventory.ts";
import { monitorRoutes } from "./http/monitor.ts";
import { permissionRoutes } from "./http/permission-routes.ts";
import { pipelineRunRoutes } from "./http/pipeline-runs.ts";
import type { Answer, CloudRoute, HttpCall, Route } from "./http/route.ts";
import { sandboxRoutes } from "./http/sandbox.ts";
import type { Json } from "./json.ts";
import { throughLag } from "./lag.ts";
import type { CallContext } from "./resource-type.ts";
import { NoAnswer, strike } from "./strike.ts";

export interface HttpOptions {
  readonly context: CallContext;
  touch(): void;
  stop(reason: string): void;
  readonly networkPort: number;
}

export interface HttpServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** enough for any property document; a larger body is a mistake */
const maxBodyBytes = 1_000_000;

export async function startHttpServer(options: HttpOptions): Promise<HttpServer> {
  const routes = [
    ...sandboxRoutes(options.stop, options.networkPort),
    ...hostRoutes,
    ...databricksRoutes,
    ...graphRoutes,
    ...inventoryRoutes,
    ...activityRoutes,
    ...connectionRoutes,
    ...permissionRoutes,
    ...factoryRoutes,
    ...pipelineRunRoutes,
    ...monitorRoutes,
    ...armRoutes,
  ];
  const server = createServer((request, response) => {
    options.touch();
    answer(options.context, routes, request).then(
      (result) => send(response, result),
      (error: unknown) =>
        error instanceof NoAnswer
          ? request.socket.destroy()
          : send(response, answerOf(error, request.url ?? "")),
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
      headers: request.headers,
    };
    return route.lookup ? lookUp(route, call, request) : route.handle(call);
  }
  throw armError(404, "NotFound", `No route ${method} ${url.pathname}.`);
}

/** A call of the Graph, ARM and Databricks slices, which faults may strike. */
async function lookUp(route: CloudRoute, call: HttpCall, request: IncomingMessage): Promise<Answer> {
  const type = route.lookup;
  const { store, hangs, tenant } = call.context;
  const work = () =>
    type === "azure-native" ? throughArm(route, call, asked(request)) : lookedUp(route, call);
  const fault = countCall(store, type, "lookup");
  if (!fault) return work();
  const gone = new AbortController();
  request.socket.once("close", () => gone.abort());
  return strike(fault, hangs, {
    work,
    refusal: () => refusalOf(fault, { call: "lookup", type, tenant }),
    // lookups are not in the log of calls
    failed: () => {},
    cut: () => request.socket.destroy(),
    gone: gone.signal,
  });
}

const lookedUp = (route: CloudRoute, call: HttpCall): Answer =>
  throughLag(call.context, "lookup", () => route.handle(call));

const asked = (request: IncomingMessage): ArmRequest => {
  const correlation = request.headers["x-ms-correlation-request-id"];
  return {
    method: request.method ?? "GET",
    path: decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname),
    correlationId: typeof correlation === "string" ? correlation : crypto.randomUUID(),
  };
};

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

/** Databricks says a refusal otherwise than Graph and ARM. */
function answerOf(error: unknown, target: string): Answer {
  const isDatabricks = target.startsWith(databricksPrefix);
  if (error instanceof CloudError) {
    const { status, code, detail, retryAfterSeconds } = error;
    const headers = retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) };
    const body = isDatabricks ? { error_code: code, message: detail } : { error: { code, message: detail } };
    return { status, headers, body };
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
