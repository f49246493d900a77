/**
 * The services' side of the simulated network: TLS for every name that the store knows, and one answer.
 *
 * There is one listener a port that Azure's services listen on, and the name that TLS asks for picks the
 * certificate. Whoever connects to it directly comes from the internet; the proxy hands over the others.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { CertificateAuthority } from "./certificates.ts";
import type { Journey, Reach } from "./reach.ts";
import { publicAddressOf } from "./services.ts";
import { internet } from "./vantage.ts";

export interface Listeners {
  /** loopback port that stands for each port of a service */
  readonly ports: Readonly<Record<"443" | "1433", number>>;
  /** takes over a connection that came to an address of the simulated network */
  accept(socket: Socket, journey: Journey): void;
  stop(): void;
}

export interface ListenerOptions {
  readonly authority: CertificateAuthority;
  readonly reach: (journey: Journey) => Reach;
}

const sqlPort = 1433;
/** time for a client that connected and says nothing */
const silentMs = 15_000;

export async function startListeners(options: ListenerOptions): Promise<Listeners> {
  const sockets = new Set<Socket>();
  const journeys = new WeakMap<object, Journey>();
  const http = createHttpServer((request, response) =>
    answer(options, journeys.get(request.socket), request, response),
  );
  const secure = (socket: Socket, port: number, journeyTo: (serverName: string) => Journey): void => {
    track(sockets, socket);
    const tls = new TLSSocket(socket, {
      isServer: true,
      ALPNProtocols: [port === sqlPort ? "tds/8.0" : "http/1.1"],
      SNICallback: (name, done) => {
        journeys.set(tls, journeyTo(name));
        present(options, journeyTo(name)).then(
          (context) => done(null, context),
          (error: Error) => done(error),
        );
      },
    });
    tls.on("error", () => tls.destroy());
    tls.setTimeout(silentMs, () => tls.destroy());
    // SQL's own protocol is not spoken: it ends with the first message. What a login would be told is `reach`'s.
    if (port === sqlPort) tls.once("data", () => tls.end());
    else http.emit("connection", tls);
  };
  const listen = (port: number) =>
    openPort((socket) =>
      secure(socket, port, (serverName) => ({
        from: internet,
        address: publicAddressOf(serverName),
        port,
        serverName,
      })),
    );
  const [web, sql] = await Promise.all([listen(443), listen(sqlPort)]);
  return {
    ports: { "443": web.port, "1433": sql.port },
    accept: (socket, journey) => secure(socket, journey.port, (serverName) => ({ ...journey, serverName })),
    stop: () => {
      web.close();
      sql.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function openPort(take: (socket: Socket) => void): Promise<{ port: number; close(): void }> {
  const server = createServer(take);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
  socket.on("error", () => socket.destroy());
}

/** Only a name that answers at this address has a certificate; a refusal by the service itself comes later. */
async function present({ authority, reach }: ListenerOptions, journey: Journey): Promise<SecureContext> {
  const found = reach(journey);
  if (found.status === "refused" && found.layer !== "service") throw new Error(found.message);
  return authority.contextFor(journey.serverName ?? "");
}

function answer(
  { reach }: ListenerOptions,
  journey: Journey | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  request.resume();
  const found = journey && reach(journey);
  // what let the connection in is gone: it dies, as a connection does
  if (!found || (found.status === "refused" && found.layer !== "service")) {
    request.socket.destroy();
    return;
  }
  const { status, code, message } =
    found.status === "refused" && found.denial
      ? found.denial
      : { status: 401, code: "Unauthorized", message: "Sign in first: the request has no token." };
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    connection: "close",
  });
  response.end(JSON.stringify({ error: { code, message } }));
}
