import type { Duplex } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import type { ProbedService } from "./probe-layer.ts";

export type TlsAnswer =
  | { readonly status: "open"; readonly socket: TLSSocket }
  | { readonly status: "failed"; readonly code: string; readonly message: string };

/** TLS over a connection that is there already. A socket that fails is destroyed. */
export function openTls(
  socket: Duplex,
  to: { readonly fqdn: string; readonly service: ProbedService; readonly authorities: string | null },
  signal: AbortSignal,
): Promise<TlsAnswer> {
  return new Promise((resolve) => {
    const tls = connect({
      socket,
      servername: to.fqdn,
      // SQL speaks TLS before its own protocol only to who asks for TDS 8.0
      ALPNProtocols: [to.service === "sql" ? "tds/8.0" : "http/1.1"],
      ...(to.authorities === null ? {} : { ca: to.authorities }),
    });
    const fail = (fault: Error & { code?: string }) => {
      tls.destroy();
      resolve({ status: "failed", code: fault.code ?? "", message: fault.message });
    };
    const abort = () => fail(new Error("no answer in time"));
    signal.addEventListener("abort", abort, { once: true });
    // stays: an error after the handshake has no other listener
    tls.on("error", fail);
    tls.once("close", () => fail(new Error("the connection was cut during the handshake")));
    tls.once("secureConnect", () => {
      signal.removeEventListener("abort", abort);
      resolve({ status: "open", socket: tls });
    });
  });
}
