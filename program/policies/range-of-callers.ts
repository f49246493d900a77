import { parseRange } from "./ip-range.ts";
import { guardrail } from "./pieces.ts";

/** Ranges that no caller on the internet has, 0.0.0.0 above all: some Azure firewalls read it as "all of Azure". */
const neverCallers: readonly string[] = ["unspecified", "loopback", "linkLocal", "multicast", "broadcast"];
/** Nobody on the internet has these either, but callers on a private path do. */
const privateRanges: readonly string[] = ["private", "carrierGradeNat"];
/** The least that an exception may not open either: a network of that size has no one owner. */
const shortestEver = 8;

export const rangeOfCallers = guardrail(
  {
    id: "range-of-callers",
    invariant: "I3",
    title: "A firewall never opens for everybody, nor for addresses that nobody calls from",
    reason: "NotCallers",
    reference: "CKV_AZURE_11, Azure.SQL.AllowAzureAccess",
    fix: "Write the callers' public range.",
  },
  (piece) => {
    if (piece.kind !== "firewall-range") return null;
    const parsed = parseRange(piece.range);
    if (parsed === null) return null;
    const { address, prefix } = parsed;
    if (prefix < shortestEver) return { message: `${piece.range} lets nearly everybody in.` };
    if (neverCallers.includes(address.range()) || address.octets[0] === 0)
      return { message: `${piece.range} is not a range that callers have.` };
    if (piece.publicOnly && privateRanges.includes(address.range()))
      return { message: `${piece.range} is not public, and this firewall takes public addresses only.` };
    return null;
  },
);
