/** The network as a probe sees it: the same questions on Azure and in the sandbox. */
import type { Duplex } from "node:stream";

/** Where a probe looks from: the internet, or a subnet by its ARM id. */
export type Vantage = { readonly kind: "internet" } | { readonly kind: "subnet"; readonly id: string };

export type Resolution =
  | { readonly status: "answered"; readonly addresses: readonly string[] }
  /** the server says that there is no such name, or no address under it */
  | { readonly status: "missing" }
  | { readonly status: "unavailable"; readonly message: string };

export type Connection =
  | { readonly status: "connected"; readonly socket: Duplex }
  | { readonly status: "refused"; readonly message: string };

export interface NetworkView {
  resolve(fqdn: string, from: Vantage, signal: AbortSignal): Promise<Resolution>;
  /** Rejects when the signal aborts first. Whoever gets a socket destroys it. */
  connect(address: string, port: number, from: Vantage, signal: AbortSignal): Promise<Connection>;
  /** certificates to trust, PEM; null: those that Node trusts */
  authorities(from: Vantage, signal: AbortSignal): Promise<string | null>;
}
