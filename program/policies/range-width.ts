import { parseRange } from "./ip-range.ts";
import { exceptableGuardrail } from "./pieces.ts";

/** A /24 is one office or one NAT block; wider ranges hold strangers. */
const shortestPrefix = 24;

export const rangeWidth = exceptableGuardrail(
  {
    id: "range-width",
    invariant: "I3",
    title: "A firewall opens for narrow IPv4 ranges only",
    reason: "RangeTooWide",
    reference: "CKV_AZURE_11, CKV2_AZURE_34, Azure.SQL.FirewallIPRange",
    fix: `Write the ranges that the callers really have, each a /${shortestPrefix} or narrower.`,
  },
  (piece) => {
    if (piece.kind !== "firewall-range") return null;
    const parsed = parseRange(piece.range);
    if (parsed === null || parsed.prefix >= shortestPrefix) return null;
    return { subject: piece.range, message: `${piece.range} is wider than a /${shortestPrefix}.` };
  },
);
