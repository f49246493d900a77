/**
 * What a name resolves to, from inside a network or from the internet, as Azure's resolver answers it.
 *
 * A linked private zone answers for all its names: one that it lacks does not exist, unless the link says
 * NxDomainRedirect. A service with a private endpoint is an alias of its private name, everywhere.
 */
import { networkLinkToken, privateZoneToken, recordSetToken } from "../azure/private-dns.ts";
import { sameId } from "../azure/virtual-network.ts";
import { bodiesAt, textAt } from "../json.ts";
import type { CloudObject, Store } from "../store.ts";
import { connectionOf, namesOf, type Service, servicesOf } from "./services.ts";
import { networkOf, type Vantage } from "./vantage.ts";

export interface NameRecord {
  readonly name: string;
  readonly type: "A" | "CNAME";
  readonly data: string;
}

export interface NameAnswer {
  readonly exists: boolean;
  /** aliases first, then the addresses that they end at */
  readonly records: readonly NameRecord[];
}

export function resolveName(store: Store, from: Vantage, asked: string): NameAnswer {
  const first = asked.toLowerCase().replace(/\.$/, "");
  const services = servicesOf(store);
  const alias = services.find(({ fqdn }) => fqdn === first);
  const aliases: NameRecord[] = [];
  let name = first;
  const inZone = privateAnswer(store, from, name);
  if (inZone) return inZone;
  if (alias && isConnected(store, alias)) {
    aliases.push({ name, type: "CNAME", data: alias.privateName });
    name = alias.privateName;
    const answer = privateAnswer(store, from, name);
    if (answer) return { exists: answer.exists, records: [...aliases, ...answer.records] };
  }
  const service = alias ?? services.find(({ privateName }) => privateName === name);
  if (!service) return { exists: false, records: [] };
  return { exists: true, records: [...aliases, { name, type: "A", data: service.publicAddress }] };
}

/** The answer of a zone that is linked to the network; undefined: the public answer holds. */
function privateAnswer(store: Store, from: Vantage, name: string): NameAnswer | undefined {
  if (from.kind === "internet") return undefined;
  const linked = linkedZone(store, networkOf(from.id), name);
  if (!linked) return undefined;
  const { zone, link } = linked;
  const label = name.slice(0, Math.max(0, name.length - zone.name.length - 1)) || "@";
  const record = store.below("azure", zone.id).find((each) => isRecord(each, label));
  const addresses = bodiesAt(record?.body, "aRecords").map((each) => textAt(each, "ipv4Address"));
  if (addresses.length > 0) {
    return { exists: true, records: addresses.map((data) => ({ name, type: "A" as const, data })) };
  }
  const redirects = textAt(link.body, "resolutionPolicy") === "NxDomainRedirect";
  return redirects ? undefined : { exists: false, records: [] };
}

const isRecord = (object: CloudObject, label: string): boolean =>
  object.type === recordSetToken && sameId(object.id.split("/").at(-1) ?? "", label);

/** Of the zones that are linked to a network and hold a name, the one with the longest domain. */
function linkedZone(store: Store, networkId: string, name: string) {
  const zones = store.ofType(privateZoneToken);
  return store
    .ofType(networkLinkToken)
    .filter((link) => sameId(textAt(link.body, "virtualNetwork.id"), networkId))
    .flatMap((link) => {
      const zoneId = link.id.replace(/\/virtualNetworkLinks\/[^/]+$/i, "");
      const zone = zones.find(({ id }) => sameId(id, zoneId));
      return zone ? [{ link, zone }] : [];
    })
    .filter(({ zone }) => sameId(name, zone.name) || name.endsWith(`.${zone.name.toLowerCase()}`))
    .toSorted((a, b) => b.zone.name.length - a.zone.name.length)[0];
}

/** Azure makes the alias with the first private endpoint connection of the target. */
const isConnected = (store: Store, service: Service): boolean =>
  store
    .ofType("azure-native:network:PrivateEndpoint")
    .some(
      (endpoint) => namesOf(endpoint).includes(service.fqdn) && connectionOf(store, endpoint) !== undefined,
    );
