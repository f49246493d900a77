/**
 * The simulated network as one running thing, found by one port:
 * - `CONNECT address:port` with the header `rowgate-from` joins a connection to whoever is there for somebody
 *   at that place. What Azure's network would drop gets no answer at all, until the client gives up.
 * - `GET /vantage?from=` tells the DNS port of a place, and the certificate that its services' are signed by.
 * A place is `internet` or the ARM id of a subnet. Each has a DNS server of its own: DNS has no room to say
 * who asks.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { subnetToken } from "../azure/virtual-network.ts";
import type { CallContext } from "../resource-type.ts";
import { createAuthority } from "./certificates.ts";
import { type DnsServer, startDnsServer } from "./dns-server.ts";
import { startListeners } from "./listeners.ts";
import { resolveName } from "./names.ts";
import { type Journey, type Reach, reach } from "./reach.ts";
import { networkOf, parseVantage, type Vantage } from "./vantage.ts";

export interface Network {
  readonly port: number;
  stop(): Promise<void>;
}

export interface NetworkOptions {
  readonly context: CallContext;
  touch(): void;
}

/** what the internet's side calls from when the seed says nothing: a documentation address, like the seed's */
const defaultCaller = "203.0.113.1";
/** longer than any client waits for a connection */
const silenceMs = 60_000;

export async function startNetwork({ context, touch }: NetworkOptions): Promise<Network> {
  const { store, tenant } = context;
  const authority = await createAuthority();
  const reachable = (journey: Journey) => reach(store, tenant.callerAddress ?? defaultCaller, journey);
  const listeners = await startListeners({ authority, reach: reachable });
  const dns = new DnsServers((vantage, name) => {
    touch();
    return resolveName(store, vantage, name);
  });
  const factsOf = async (vantage: Vantage) => ({
    dnsPort: await dns.portFor(vantage),
    listenerPorts: listeners.ports,
    certificateAuthority: authority.pem,
  });
  const server = createServer((request, response) => {
    touch();
    const query = new URLSearchParams(request.url?.split("?")[1]);
    tellVantage(vantageOf(context, query.get("from")), response, factsOf).catch(() => response.destroy());
  });
  server.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    touch();
    const journey = journeyOf(context, request);
    // the HTTP server's own sockets are TCP ones, and a client speaks only once it is let in
    if (journey && socket instanceof Socket && head.length === 0) {
      join(socket, reachable(journey), () => listeners.accept(socket, journey));
    } else socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  const sockets = trackSockets(server);
  const port = await listen(server);
  return {
    port,
    stop: async () => {
      await dns.stop();
      listeners.stop();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function join(socket: Socket, found: Reach, accept: () => void): void {
  if (found.status === "open") socket.write("HTTP/1.1 200 Connection established\r\n\r\n", accept);
  else socket.setTimeout(silenceMs, () => socket.destroy());
}

function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  return sockets;
}

/** One server a network: all its subnets see the same names. */
class DnsServers {
  readonly #servers = new Map<string, Promise<DnsServer>>();
  readonly #resolve: (vantage: Vantage, name: string) => ReturnType<typeof resolveName>;

  constructor(resolve: (vantage: Vantage, name: string) => ReturnType<typeof resolveName>) {
    this.#resolve = resolve;
  }

  async portFor(vantage: Vantage): Promise<number> {
    const key = vantage.kind === "internet" ? "internet" : networkOf(vantage.id).toLowerCase();
    const known = this.#servers.get(key) ?? startDnsServer((name) => this.#resolve(vantage, name));
    this.#servers.set(key, known);
    return (await known).port;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers.values()) (await server).stop();
  }
}

/** Undefined: no such place, so nobody can be there. */
function vantageOf({ store }: CallContext, text: string | null): Vantage | undefined {
  const vantage = parseVantage(text ?? "");
  if (vantage?.kind !== "subnet") return vantage;
  return store.get("azure", vantage.id)?.type === subnetToken ? vantage : undefined;
}

function journeyOf(context: CallContext, request: IncomingMessage): Journey | undefined {
  const from = vantageOf(context, String(request.headers["rowgate-from"] ?? ""));
  const [, address = "", port = ""] = /^([\d.]+):(\d+)$/.exec(request.url ?? "") ?? [];
  return from && address ? { from, address, port: Number(port) } : undefined;
}

async function tellVantage(
  from: Vantage | undefined,
  response: ServerResponse,
  facts: (vantage: Vantage) => Promise<object>,
): Promise<void> {
  const [status, body] = from
    ? [200, await facts(from)]
    : [404, { error: { code: "NoSuchPlace", message: "from is neither internet nor the id of a subnet." } }];
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(body));
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}
