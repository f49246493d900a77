/** DNS, TCP and TLS: the private path, as whoever uses it goes it. */
import ipaddr from "ipaddr.js";
import { type Look, nameOf, type Verdict } from "./probe-layer.ts";
import { openTls } from "./tls.ts";

/** The name leads to this very endpoint, seen from inside. */
export async function lookAtName(look: Look): Promise<Verdict> {
  const { request, from, found, signal } = look;
  const { fqdn, service } = request;
  const answer = await from.view.resolve(fqdn, inside(look), signal);
  if (answer.status === "unavailable") {
    return {
      status: "failed",
      reason: "DnsUnavailable",
      message: `DNS does not answer for ${fqdn}: ${answer.message}. Check the DNS servers of the network.`,
    };
  }
  if (answer.status === "missing") {
    return {
      status: "failed",
      reason: "DnsRecordMissing",
      message: `${fqdn} does not exist for ${place(look)}: the private DNS zone of ${service} is linked to the network and lacks its record. Add the zone to the DNS zone group of private endpoint ${nameOf(request.endpointId)}.`,
    };
  }
  const wrong = answer.addresses.find((address) => !found.addresses.includes(address));
  if (wrong === undefined && answer.addresses.length > 0) {
    return { status: "ok", detail: `${fqdn} is ${answer.addresses.join(", ")}` };
  }
  const shown = answer.addresses.join(", ");
  if (wrong !== undefined && !isPrivate(wrong)) {
    return {
      status: "failed",
      reason: "DnsPublicAnswer",
      message: `${fqdn} is the public address ${shown} for ${place(look)}: the private DNS zone of ${service} is not linked to the network. Link it.`,
    };
  }
  return {
    status: "failed",
    reason: "DnsWrongAddress",
    message: `${fqdn} is ${shown || "no address"} for ${place(look)}, and private endpoint ${nameOf(request.endpointId)} has ${found.addresses.join(", ")}: the record in the private DNS zone of ${service} is wrong. Make the endpoint's DNS zone group again, which writes it.`,
  };
}

/** The endpoint lets a connection through. Only called when DNS answers its addresses. */
export async function lookAtTcp(look: Look): Promise<Verdict> {
  const { request, from, found, signal } = look;
  const [address = ""] = found.addresses;
  const connection = await from.view.connect(address, request.port, inside(look), signal);
  if (connection.status === "connected") {
    return {
      status: "ok",
      detail: `${address}:${request.port} connects`,
      found: { socket: connection.socket },
    };
  }
  return { status: "failed", reason: "TcpRefused", message: tcpFault(look, connection.message) };
}

export function tcpFault(look: Omit<Look, "signal">, fault: string): string {
  const { request, found } = look;
  return `${found.addresses[0]}:${request.port} (${request.fqdn}) does not connect from ${place(look)}: ${fault}. Check the security rules of both subnets.`;
}

/** Whoever answers has a valid certificate for the name. */
export async function lookAtTls(look: Look): Promise<Verdict> {
  const { request, from, found, signal } = look;
  const { fqdn, service } = request;
  if (found.socket === null) throw new Error("TLS is looked at once TCP connects");
  const authorities = await from.view.authorities(inside(look), signal);
  const opened = await openTls(found.socket, { fqdn, service, authorities }, signal);
  if (opened.status === "open") {
    opened.socket.destroy();
    return { status: "ok", detail: `the certificate is valid for ${fqdn}` };
  }
  const misnamed = opened.code === "ERR_TLS_CERT_ALTNAME_INVALID";
  return {
    status: "failed",
    reason: misnamed ? "CertificateNameMismatch" : "TlsFailed",
    message: `TLS to ${fqdn} at ${found.addresses[0]} fails: ${opened.message}. Check that private endpoint ${nameOf(request.endpointId)} leads to the right target, and that nothing on the way opens TLS.`,
  };
}

const inside = ({ request, found }: Omit<Look, "signal">) =>
  ({ kind: "subnet", id: request.fromSubnetId ?? found.subnetId }) as const;

const place = (look: Omit<Look, "signal">): string => `subnet ${nameOf(inside(look).id)}`;

const isPrivate = (address: string): boolean =>
  ipaddr.isValid(address) &&
  ["private", "carrierGradeNat", "uniqueLocal"].includes(ipaddr.parse(address).range());
