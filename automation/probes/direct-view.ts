/**
 * The network where the service itself runs. It looks from one place only: what it sees counts as seen from any
 * subnet, and of the internet's side it sees nothing.
 */
import { connect as connectTcp } from "node:net";
import type { Connection, NetworkView } from "./network-view.ts";
import { resolveName } from "./resolve-name.ts";

export function createDirectNetworkView(): NetworkView {
  return {
    resolve: async (fqdn, from, signal) =>
      from.kind === "subnet"
        ? resolveName(fqdn, null, signal)
        : { status: "unavailable", message: "the service looks from inside the network only" },
    connect: (address, port, _from, signal) => openSocket(address, port, signal),
    authorities: async () => null,
  };
}

function openSocket(address: string, port: number, signal: AbortSignal): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: address, port });
    const abort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    socket.once("connect", () => {
      signal.removeEventListener("abort", abort);
      resolve({ status: "connected", socket });
    });
    // stays: a connection that breaks later must not end the process
    socket.on("error", (fault) => {
      signal.removeEventListener("abort", abort);
      resolve({ status: "refused", message: fault.message });
    });
  });
}
