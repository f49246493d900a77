/**
 * Who reaches what in the simulated clouds: a pure question to the store.
 *
 * A connection goes up layer by layer, and the first that refuses it is the answer: `tcp` (nobody answers, or
 * a rule drops it), `tls` (whoever is there has no such name), `service` (the service itself says no).
 */

import { formatAddress, parseCidr } from "../azure/ipv4.ts";
import { networkInterfaceToken, privateEndpointToken } from "../azure/private-endpoint.ts";
import { sameId, subnetPrefixes, subnetToken } from "../azure/virtual-network.ts";
import { type Body, bodiesAt, textAt } from "../json.ts";
import type { CloudObject, Store } from "../store.ts";
import { type Denial, publicDenial } from "./public-access.ts";
import { judge, type Party } from "./security-rules.ts";
import { connectionOf, namesOf, type Service, servicesOf, targetIdOf } from "./services.ts";
import { networkOf, type Vantage } from "./vantage.ts";

export interface Journey {
  readonly from: Vantage;
  readonly address: string;
  readonly port: number;
  /** name that TLS asks for; undefined: only TCP is of interest */
  readonly serverName?: string;
}

export type Reach =
  | { readonly status: "open"; readonly path: "private" | "public"; readonly service: Service | undefined }
  | {
      readonly status: "refused";
      readonly layer: "tcp" | "tls" | "service";
      readonly reason: string;
      readonly message: string;
      /** in the words of the service, when it is the one that refuses */
      readonly denial?: Denial;
    };

/** @param callerAddress what the internet's side calls from */
export function reach(store: Store, callerAddress: string, journey: Journey): Reach {
  const { from, address } = journey;
  const services = servicesOf(store);
  const caller =
    from.kind === "subnet" ? insider(store, from.id) : { address: callerAddress, subnet: undefined };
  if (from.kind === "subnet" && caller.subnet === undefined) {
    return dropped("NoSuchSubnet", `The subnet ${from.id} does not exist.`);
  }
  const nic = caller.subnet && interfaceAt(store, networkOf(caller.subnet.id), address);
  if (nic && caller.subnet)
    return throughEndpoint({ store, services, journey }, caller.subnet, caller.address, nic);
  return throughInternet({ store, services, journey }, caller);
}

interface Question {
  readonly store: Store;
  readonly services: readonly Service[];
  readonly journey: Journey;
}

interface Caller {
  readonly address: string;
  readonly subnet: CloudObject | undefined;
}

const dropped = (reason: string, message: string): Reach => ({
  status: "refused",
  layer: "tcp",
  reason,
  message,
});

/** Somebody in a subnet has its last address: endpoints are given the first ones. */
function insider(store: Store, subnetId: string): Caller {
  const subnet = store.get("azure", subnetId);
  const range = subnet?.type === subnetToken ? parseCidr(subnetPrefixes(subnet.body)[0] ?? "") : undefined;
  return range && subnet
    ? { address: formatAddress(range.last - 1), subnet }
    : { address: "", subnet: undefined };
}

/** Addresses repeat between networks: only interfaces of the caller's own count. */
function interfaceAt(store: Store, networkId: string, address: string): CloudObject | undefined {
  return store
    .ofType(networkInterfaceToken)
    .find(({ body }) =>
      bodiesAt(body, "ipConfigurations").some(
        (configuration) =>
          textAt(configuration, "privateIPAddress") === address &&
          sameId(networkOf(textAt(configuration, "subnet.id")), networkId),
      ),
    );
}

function throughEndpoint(question: Question, from: CloudObject, source: string, nic: CloudObject): Reach {
  const { store, services, journey } = question;
  const endpoint = store.get("azure", textAt(nic.body, "privateEndpoint.id"));
  if (endpoint?.type !== privateEndpointToken) {
    return dropped("NobodyThere", `The interface ${nic.name} belongs to no private endpoint.`);
  }
  const connection = connectionOf(store, endpoint);
  const state = textAt(connection?.body, "privateLinkServiceConnectionState.status") || "Disconnected";
  if (state !== "Approved") {
    return dropped(`Endpoint${state}`, `The connection of private endpoint ${endpoint.name} is ${state}.`);
  }
  const passes = passesGroups(question, from, source, endpoint);
  if (passes) return passes;
  const names = namesOf(endpoint);
  const led = services.filter(({ fqdn }) => names.includes(fqdn));
  if (!led.some(({ kind }) => kind.port === journey.port)) {
    return dropped("NoListener", `${targetIdOf(endpoint)} does not listen on port ${journey.port}.`);
  }
  return named(question, led, "private");
}

/** Rules of the caller's subnet, and of the endpoint's where its policies are in force. */
function passesGroups(
  question: Question,
  from: CloudObject,
  source: string,
  endpoint: CloudObject,
): Reach | undefined {
  const { store, journey } = question;
  const tags = ["VirtualNetwork"];
  const parties = { source: { address: source, tags }, destination: { address: journey.address, tags } };
  const target = store.get("azure", textAt(endpoint.body, "subnet.id"));
  const guarded = /^(Enabled|NetworkSecurityGroupEnabled)$/i.test(
    textAt(target?.body, "privateEndpointNetworkPolicies"),
  );
  return (
    refusedBy(store, from, { direction: "Outbound", ...parties, port: journey.port }) ??
    (guarded && target
      ? refusedBy(store, target, { direction: "Inbound", ...parties, port: journey.port })
      : undefined)
  );
}

function refusedBy(
  store: Store,
  subnet: CloudObject,
  passage: Parameters<typeof judge>[1],
): Reach | undefined {
  const { allowed, rule } = judge(groupOf(store, subnet), passage);
  if (allowed) return undefined;
  return dropped(
    "DeniedByRule",
    `The rule ${rule} of the security group of subnet ${subnet.name} drops ${passage.direction.toLowerCase()} TCP to ${passage.destination.address}:${passage.port}.`,
  );
}

const groupOf = (store: Store, subnet: CloudObject): Body | undefined =>
  store.get("azure", textAt(subnet.body, "networkSecurityGroup.id"))?.body;

function throughInternet(question: Question, caller: Caller): Reach {
  const { store, services, journey } = question;
  const there = services.filter(({ publicAddress }) => publicAddress === journey.address);
  const listening = there.filter(({ kind }) => kind.port === journey.port);
  if (listening.length === 0) {
    return dropped(
      "NobodyThere",
      `Nothing answers at ${journey.address}:${journey.port} from ${place(caller)}.`,
    );
  }
  const stopped =
    caller.subnet && leavesSubnet(store, caller.subnet, caller.address, { journey, there: listening });
  if (stopped) return stopped;
  const found = named(question, listening, "public");
  if (found.status === "refused" || !found.service) return found;
  const denial = publicDenial(store, found.service, {
    address: caller.address,
    subnetId: caller.subnet?.id ?? null,
  });
  if (!denial) return found;
  return { status: "refused", layer: "service", reason: denial.reason, message: denial.message, denial };
}

const place = ({ subnet }: Caller): string => (subnet ? `subnet ${subnet.name}` : "the internet");

/** Without default outbound access, a subnet needs a NAT gateway to reach any public address. */
function leavesSubnet(
  store: Store,
  subnet: CloudObject,
  source: string,
  { journey, there }: { journey: Journey; there: readonly Service[] },
): Reach | undefined {
  if (subnet.body.defaultOutboundAccess === false && !textAt(subnet.body, "natGateway.id")) {
    return dropped("NoOutboundAccess", `The subnet ${subnet.name} has no way to the internet.`);
  }
  const destination: Party = {
    address: journey.address,
    tags: [
      "Internet",
      "AzureCloud",
      ...there.flatMap(({ kind, target }) => [kind.tag, `${kind.tag}.${regionOf(target)}`]),
    ],
  };
  const party = { address: source, tags: ["VirtualNetwork"] };
  return refusedBy(store, subnet, { direction: "Outbound", source: party, destination, port: journey.port });
}

const regionOf = (target: CloudObject): string =>
  textAt(target.body, "location").toLowerCase().replaceAll(" ", "");

/** Whether one of the services behind an address has the name that TLS asks for. */
function named({ journey }: Question, there: readonly Service[], path: "private" | "public"): Reach {
  const asked = journey.serverName?.toLowerCase();
  if (asked === undefined) return { status: "open", path, service: undefined };
  const service = there.find(({ fqdn }) => fqdn === asked);
  if (service) return { status: "open", path, service };
  return {
    status: "refused",
    layer: "tls",
    reason: "WrongServerName",
    message: `${journey.address} does not answer to ${asked}.`,
  };
}
