/** Cuts an environment's VNet into its subnets. */
import ipaddr from "ipaddr.js";
import type { SubnetRole } from "./names.ts";

export type AddressPlan =
  | { readonly status: "planned"; readonly subnets: Readonly<Record<SubnetRole, string>> }
  | { readonly status: "refused"; readonly reason: string };

/**
 * Longest prefix that can still be planned. A /22 gives each Databricks subnet a /24: every node takes one
 * address in each, so about 250 nodes. Microsoft asks for at least a /26 ("Deploy Azure Databricks in your
 * Azure virtual network").
 */
const smallestNetworkPrefix = 22;
/** As wide as a VNet with a Databricks workspace may be, from the same page. */
const widestNetworkPrefix = 16;
/** 251 usable addresses, Azure keeps five: endpoints take one each, so a wider subnet would stay empty. */
const endpointSubnetPrefix = 24;

const cidrPattern = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})\/(?:0|[1-9]\d?)$/;

const refused = (reason: string): AddressPlan => ({ status: "refused", reason });
const toNumber = (octets: readonly number[]): number => octets.reduce((sum, octet) => sum * 256 + octet, 0);
const toCidr = (address: number, prefix: number): string =>
  `${[24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".")}/${prefix}`;

/**
 * Plans the subnets of a VNet: the first quarter for private endpoints (a /24 of it at most), the third
 * for Databricks hosts, the fourth for Databricks containers. The second quarter stays free to grow into;
 * a subnet can't be moved once something lives in it, so the cut must never change.
 *
 * @param addressSpace IPv4 CIDR of the VNet, without host bits, from /16 to /22
 * @returns the CIDR of each subnet, or why the network can't be cut and what to write instead
 */
export function planAddresses(addressSpace: string): AddressPlan {
  const network = cidrPattern.test(addressSpace) && ipaddr.IPv4.isValidCIDR(addressSpace);
  if (!network) return refused(`"${addressSpace}" is not an IPv4 network; write one such as 10.20.0.0/16`);
  const [address, prefix] = ipaddr.IPv4.parseCIDR(addressSpace);
  const start = ipaddr.IPv4.networkAddressFromCIDR(addressSpace);
  if (start.toString() !== address.toString()) {
    return refused(`${addressSpace} has host bits set; write ${start.toString()}/${prefix}`);
  }
  if (prefix > smallestNetworkPrefix) {
    return refused(
      `${addressSpace} is too small for the environment's subnets; write a /${smallestNetworkPrefix} or wider`,
    );
  }
  if (prefix < widestNetworkPrefix) {
    return refused(
      `${addressSpace} is wider than Databricks takes; write a /${widestNetworkPrefix} or narrower`,
    );
  }
  const quarter = 2 ** (32 - prefix - 2);
  const base = toNumber(start.octets);
  return {
    status: "planned",
    subnets: {
      "private-endpoints": toCidr(base, Math.max(prefix + 2, endpointSubnetPrefix)),
      "databricks-host": toCidr(base + 2 * quarter, prefix + 2),
      "databricks-container": toCidr(base + 3 * quarter, prefix + 2),
    },
  };
}

/** The first and the last address of an IPv4 range or single address; null: it is neither. */
export function rangeEnds(range: string): { readonly first: string; readonly last: string } | null {
  const cidr = range.includes("/") ? range : `${range}/32`;
  if (!cidrPattern.test(cidr) || !ipaddr.IPv4.isValidCIDR(cidr)) return null;
  return {
    first: ipaddr.IPv4.networkAddressFromCIDR(cidr).toString(),
    last: ipaddr.IPv4.broadcastAddressFromCIDR(cidr).toString(),
  };
}
