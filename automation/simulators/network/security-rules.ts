/** Network security groups: whether one lets a TCP connection through. */
import ipaddr from "ipaddr.js";
import { type Body, bodiesAt, textAt, textsAt } from "../json.ts";

/** One end of a connection: its address, and the service tags that the address counts among. */
export interface Party {
  readonly address: string;
  readonly tags: readonly string[];
}

export interface Passage {
  readonly direction: "Inbound" | "Outbound";
  readonly source: Party;
  readonly destination: Party;
  readonly port: number;
}

interface Verdict {
  readonly allowed: boolean;
  /** name of the rule that decided */
  readonly rule: string;
}

/** The rules in their order, then Azure's own, which every group has. No group: everything passes. */
export function judge(group: Body | undefined, passage: Passage): Verdict {
  if (!group) return { allowed: true, rule: "" };
  const rules = bodiesAt(group, "securityRules")
    .filter((rule) => textAt(rule, "direction").toLowerCase() === passage.direction.toLowerCase())
    .toSorted((a, b) => Number(a.priority) - Number(b.priority));
  const rule = rules.find((each) => covers(each, passage));
  if (rule) {
    return { allowed: textAt(rule, "access").toLowerCase() === "allow", rule: textAt(rule, "name") };
  }
  return byDefault(passage);
}

function byDefault({ direction, source, destination }: Passage): Verdict {
  const inside = (party: Party): boolean => party.tags.includes("VirtualNetwork");
  if (inside(source) && inside(destination)) {
    return { allowed: true, rule: `AllowVnet${direction === "Inbound" ? "InBound" : "OutBound"}` };
  }
  if (direction === "Outbound" && !inside(destination))
    return { allowed: true, rule: "AllowInternetOutBound" };
  return { allowed: false, rule: `DenyAll${direction === "Inbound" ? "InBound" : "OutBound"}` };
}

function covers(rule: Body, { source, destination, port }: Passage): boolean {
  const protocol = textAt(rule, "protocol").toLowerCase();
  return (
    (protocol === "tcp" || protocol === "*") &&
    oneOrMany(rule, "destinationPortRange").some((range) => inPorts(range, port)) &&
    oneOrMany(rule, "sourceAddressPrefix", "sourceAddressPrefixes").some((prefix) => holds(prefix, source)) &&
    oneOrMany(rule, "destinationAddressPrefix", "destinationAddressPrefixes").some((prefix) =>
      holds(prefix, destination),
    )
  );
}

function oneOrMany(rule: Body, one: string, many = `${one}s`): string[] {
  const single = textAt(rule, one);
  return single === "" ? textsAt(rule, many) : [single];
}

function inPorts(range: string, port: number): boolean {
  if (range === "*") return true;
  const [first = "", last = first] = range.split("-");
  return Number(first) <= port && port <= Number(last);
}

function holds(prefix: string, party: Party): boolean {
  if (prefix === "*" || prefix.toLowerCase() === "any") return true;
  return (
    party.tags.some((tag) => tag.toLowerCase() === prefix.toLowerCase()) || inBlock(prefix, party.address)
  );
}

/** Whether an address or CIDR block holds an address. */
export function inBlock(block: string, address: string): boolean {
  const cidr = block.includes("/") ? block : `${block}/32`;
  if (!ipaddr.IPv4.isValidCIDR(cidr) || !ipaddr.IPv4.isValid(address)) return false;
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(cidr));
}
