import { networkInterface, privateEndpoint, readObject } from "./arm-objects.ts";
import { type Look, nameOf, type Verdict } from "./probe-layer.ts";

const nextSteps: Readonly<Record<string, string>> = {
  Pending: "Approve the connection on the target, or have its owner approve it.",
  Rejected: "Have the target's owner approve it, or delete the endpoint and make it again.",
  Disconnected: "Delete the endpoint and make it again: a disconnected one never comes back.",
};

/** The endpoint is there, and its target lets it in. */
export async function lookAtEndpoint(look: Look): Promise<Verdict> {
  const { endpointId, expectedAddresses } = look.request;
  const read = await readObject(look, endpointId, { kind: "private endpoint", shape: privateEndpoint });
  if (read.status === "unread") return read.verdict;
  const endpoint = read.value;
  const [connection] = [
    ...endpoint.privateLinkServiceConnections,
    ...endpoint.manualPrivateLinkServiceConnections,
  ];
  if (connection === undefined) {
    return {
      status: "failed",
      reason: "NoConnection",
      message: `The private endpoint ${nameOf(endpointId)} leads nowhere. Delete it and make it again.`,
    };
  }
  const { status, description } = connection.privateLinkServiceConnectionState;
  if (status !== "Approved") {
    const said = description ? ` (${description})` : "";
    return {
      status: "failed",
      reason: `Connection${status}`,
      message: `The connection of private endpoint ${nameOf(endpointId)} to ${nameOf(connection.privateLinkServiceId)} is ${status}${said}, so it carries no traffic. ${nextSteps[status] ?? "Look at it in the portal."}`,
    };
  }
  const facts = { targetId: connection.privateLinkServiceId, subnetId: endpoint.subnet.id };
  const addresses = expectedAddresses ?? (await readAddresses(look, endpoint.networkInterfaces));
  if ("verdict" in addresses) return addresses.verdict;
  return { status: "ok", detail: `Approved, at ${addresses.join(", ")}`, found: { ...facts, addresses } };
}

/** The addresses that the endpoint has for this name; one that names no names is for all of them. */
async function readAddresses(
  look: Look,
  interfaces: readonly { readonly id: string }[],
): Promise<readonly string[] | { readonly verdict: Verdict }> {
  const { fqdn } = look.request;
  const addresses: string[] = [];
  for (const { id } of interfaces) {
    const read = await readObject(look, id, { kind: "network interface", shape: networkInterface });
    if (read.status === "unread") return { verdict: read.verdict };
    for (const { privateIPAddress, privateLinkConnectionProperties } of read.value.ipConfigurations) {
      const fqdns = privateLinkConnectionProperties?.fqdns ?? [];
      if (fqdns.length === 0 || fqdns.includes(fqdn)) addresses.push(privateIPAddress);
    }
  }
  return addresses;
}
