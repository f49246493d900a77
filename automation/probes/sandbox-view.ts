/** The network of the simulated clouds: their DNS server, and their proxy in place of direct connections. */
import { request as httpRequest } from "node:http";
import { z } from "zod";
import { messageOf } from "../errors.ts";
import type { Connection, NetworkView, Vantage } from "./network-view.ts";
import { resolveName } from "./resolve-name.ts";

export interface SandboxNetworkViewOptions {
  /** base URL of the simulated clouds' HTTP side; asked each time, for they may come back on other ports */
  readonly url: () => Promise<string>;
}

const health = z.object({ networkPort: z.int() });
const vantageFacts = z.object({ dnsPort: z.int(), certificateAuthority: z.string() });

export function createSandboxNetworkView({ url }: SandboxNetworkViewOptions): NetworkView {
  const networkPort = async (signal: AbortSignal): Promise<number> =>
    health.parse(await getJson(`${await url()}/health`, signal)).networkPort;
  const factsOf = async (from: Vantage, signal: AbortSignal) => {
    const port = await networkPort(signal);
    const query = `from=${encodeURIComponent(placeOf(from))}`;
    return vantageFacts.parse(await getJson(`http://127.0.0.1:${port}/vantage?${query}`, signal));
  };
  return {
    resolve: async (fqdn, from, signal) => {
      try {
        const { dnsPort } = await factsOf(from, signal);
        return await resolveName(fqdn, [`127.0.0.1:${dnsPort}`], signal);
      } catch (fault) {
        return { status: "unavailable", message: messageOf(fault) };
      }
    },
    connect: async (address, port, from, signal) =>
      throughProxy(await networkPort(signal), { address, port, from }, signal),
    authorities: async (from, signal) => (await factsOf(from, signal)).certificateAuthority,
  };
}

const placeOf = (from: Vantage): string => (from.kind === "internet" ? "internet" : from.id);

async function getJson(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal });
  if (response.ok) return response.json();
  throw new Error(`The simulated clouds answered ${response.status} at ${url}: ${await response.text()}`);
}

function throughProxy(
  proxyPort: number,
  to: { readonly address: string; readonly port: number; readonly from: Vantage },
  signal: AbortSignal,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: "127.0.0.1",
      port: proxyPort,
      method: "CONNECT",
      path: `${to.address}:${to.port}`,
      headers: { "rowgate-from": placeOf(to.from) },
      agent: false,
    });
    // A signal of the request itself would end the joined socket too, once the deadline of TCP has passed.
    const abort = () => {
      request.destroy();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    const settle = (answer: Connection) => {
      signal.removeEventListener("abort", abort);
      resolve(answer);
    };
    request.once("connect", (response, socket) => {
      // a connection that breaks later must not end the process
      socket.on("error", () => {});
      if (response.statusCode === 200) return settle({ status: "connected", socket });
      socket.destroy();
      settle({ status: "refused", message: `the simulated network answered ${response.statusCode}` });
    });
    request.on("error", (fault) => settle({ status: "refused", message: fault.message }));
    request.end();
  });
}
