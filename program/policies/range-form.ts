import { networkOf, parseRange } from "./ip-range.ts";
import { guardrail } from "./pieces.ts";

export const rangeForm = guardrail(
  {
    id: "range-form",
    invariant: "I3",
    title: "A firewall entry is one IPv4 address or one network, and says which",
    reason: "UnclearRange",
    reference: "Azure.SQL.FirewallIPRange",
    fix: "Write an address such as 203.0.113.7 or a range such as 203.0.113.0/24.",
  },
  (piece) => {
    if (piece.kind !== "firewall-range") return null;
    const { range } = piece;
    const parsed = parseRange(range);
    if (parsed === null) return { message: `"${range}" is not an IPv4 address or range.` };
    const network = networkOf(parsed);
    const address = parsed.address.toString();
    if (network === address || parsed.prefix === 0) return null;
    return {
      message: `${range} has host bits set: it is not clear whether one address or its network is meant.`,
      fix: `Write ${network}/${parsed.prefix} for the network or ${address} for the address.`,
    };
  },
);
