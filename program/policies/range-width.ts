import ipaddr from "ipaddr.js";
import { guardrail } from "./pieces.ts";

/** A /24 is one office or one NAT block; wider ranges hold strangers. */
const shortestPrefix = 24;
/** Ranges that no caller on the internet has, 0.0.0.0 above all: some Azure firewalls read it as "all of Azure". */
const neverCallers: readonly string[] = ["unspecified", "loopback", "linkLocal", "multicast", "broadcast"];

type Fault = { readonly message: string; readonly fix: string };

function parse(range: string): { address: ipaddr.IPv4; prefix: number } | null {
  const [address, prefix, ...rest] = range.split("/");
  // Four decimal parts without leading zeros: "010.0.0.1" would be octal to some readers and not to others.
  if (address === undefined || rest.length > 0 || !ipaddr.IPv4.isValidFourPartDecimal(address)) return null;
  if (prefix !== undefined && !/^(?:\d|[12]\d|3[0-2])$/.test(prefix)) return null;
  return { address: ipaddr.IPv4.parse(address), prefix: prefix === undefined ? 32 : Number(prefix) };
}

function faultOf(range: string): Fault | null {
  const parsed = parse(range);
  if (parsed === null) {
    return {
      message: `"${range}" is not an IPv4 address or range.`,
      fix: "Write an address such as 203.0.113.7 or a range such as 203.0.113.0/24.",
    };
  }
  const { address, prefix } = parsed;
  if (prefix < shortestPrefix) {
    return {
      message: `${range} is wider than a /${shortestPrefix}.`,
      fix: `Write the ranges that the callers really have, each a /${shortestPrefix} or narrower.`,
    };
  }
  if (neverCallers.includes(address.range()) || address.octets[0] === 0) {
    return { message: `${range} is not a range that callers have.`, fix: "Write the callers' public range." };
  }
  const network = ipaddr.IPv4.networkAddressFromCIDR(`${address.toString()}/${prefix}`).toString();
  if (network === address.toString()) return null;
  return {
    message: `${range} has host bits set: it is not clear whether one address or its network is meant.`,
    fix: `Write ${network}/${prefix} for the network or ${address.toString()} for the address.`,
  };
}

export const rangeWidth = guardrail(
  {
    id: "range-width",
    title: "A firewall opens for narrow IPv4 ranges only",
    reference: "CKV_AZURE_11, CKV2_AZURE_34, Azure.SQL.FirewallIPRange",
  },
  (piece) => (piece.kind === "firewall-range" ? faultOf(piece.range) : null),
);
