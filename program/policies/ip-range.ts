/** IPv4 ranges as people write them. */
import ipaddr from "ipaddr.js";

export interface IpRange {
  readonly address: ipaddr.IPv4;
  readonly prefix: number;
}

/** null: it is not an IPv4 address or range. */
export function parseRange(range: string): IpRange | null {
  const [address, prefix, ...rest] = range.split("/");
  // Four decimal parts without leading zeros: "010.0.0.1" would be octal to some readers and not to others.
  if (address === undefined || rest.length > 0 || !ipaddr.IPv4.isValidFourPartDecimal(address)) return null;
  if (prefix !== undefined && !/^(?:\d|[12]\d|3[0-2])$/.test(prefix)) return null;
  return { address: ipaddr.IPv4.parse(address), prefix: prefix === undefined ? 32 : Number(prefix) };
}

/** Its first address. */
export const networkOf = ({ address, prefix }: IpRange): string =>
  ipaddr.IPv4.networkAddressFromCIDR(`${address.toString()}/${prefix}`).toString();

/** All of it is of addresses that nobody on the internet has. */
export function isPrivateRange(range: string): boolean {
  const parsed = parseRange(range);
  if (parsed === null) return false;
  const last = ipaddr.IPv4.broadcastAddressFromCIDR(`${parsed.address.toString()}/${parsed.prefix}`);
  const ends = [ipaddr.IPv4.parse(networkOf(parsed)), last];
  return ends.every((end) => ["private", "carrierGradeNat"].includes(end.range()));
}

const numberOf = (address: string): number =>
  ipaddr.IPv4.parse(address).octets.reduce((sum, octet) => sum * 256 + octet, 0);

/**
 * The CIDR from one address to another, as Azure SQL writes ranges; if there is none, both ends with a dash,
 * which is no range for any guardrail.
 */
export function rangeBetween(first: string, last: string): string {
  const ends = [first, last];
  if (ends.every((end) => ipaddr.IPv4.isValidFourPartDecimal(end))) {
    const size = numberOf(last) - numberOf(first) + 1;
    const bits = Math.log2(size);
    if (size >= 1 && Number.isInteger(bits) && numberOf(first) % size === 0) return `${first}/${32 - bits}`;
  }
  return `${first}-${last}`;
}
