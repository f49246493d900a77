/** Where somebody looks at the simulated network from. */
export type Vantage = { readonly kind: "internet" } | { readonly kind: "subnet"; readonly id: string };

export const internet: Vantage = { kind: "internet" };

const subnetId = /^\/subscriptions\/[^/]+\/resourceGroups\/.+\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i;

/** `internet`, or the ARM id of a subnet; undefined when the text is neither. */
export function parseVantage(text: string): Vantage | undefined {
  if (text === "internet") return internet;
  return subnetId.test(text) ? { kind: "subnet", id: text } : undefined;
}

/** ARM id of the network that a subnet lies in. */
export const networkOf = (id: string): string => id.replace(/\/subnets\/[^/]+$/i, "");
