/**
 * The port that engines connect to. The sockets are ours, not the gRPC library's, so that one of them can be
 * cut under a call: the engine then sees what it sees when a provider dies.
 */
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { ConnectionInjector } from "@grpc/grpc-js";

export interface Listener {
  readonly port: number;
  /** cuts the connection of a peer, as `getPeer()` of a call names it */
  cut(peer: string): void;
  /** takes no further connection, and cuts those that are left */
  close(): void;
}

export async function listen(
  injector: ConnectionInjector,
  closed: (peer: string) => void,
): Promise<Listener> {
  const sockets = new Map<string, Socket>();
  const server = createServer((socket) => {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    sockets.set(peer, socket);
    socket.once("close", () => {
      sockets.delete(peer);
      closed(peer);
    });
    socket.setNoDelay(true);
    injector.injectConnection(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    cut: (peer) => sockets.get(peer)?.destroy(),
    close: () => {
      server.close();
      for (const socket of sockets.values()) socket.destroy();
    },
  };
}
