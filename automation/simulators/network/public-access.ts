/** Whether a service answers on its public address, and in which words it refuses. */
import ipaddr from "ipaddr.js";
import { sameId } from "../azure/virtual-network.ts";
import { ipAccessListToken, workspaceConfToken } from "../databricks/ip-access.ts";
import { at, bodiesAt, isBody, textAt, textsAt } from "../json.ts";
import type { Store } from "../store.ts";
import { inBlock } from "./security-rules.ts";
import type { Service } from "./services.ts";

export interface Caller {
  readonly address: string;
  /** the subnet that it calls from; null: none of the simulated ones */
  readonly subnetId: string | null;
}

/** A service's refusal, after TLS: an HTTP answer, or for SQL the error that ends the login. */
export interface Denial {
  readonly reason: "PublicNetworkAccessDisabled" | "DeniedByFirewall";
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export function publicDenial(store: Store, service: Service, caller: Caller): Denial | undefined {
  if (service.shared) return undefined;
  const { body } = service.target;
  const setting = textAt(body, "publicNetworkAccess") || textAt(body, "properties.publicNetworkAccess");
  // SecuredByPerimeter closes it too
  if (setting !== "" && setting.toLowerCase() !== "enabled") return disabled(service);
  return passesFirewall(store, service, caller) ? undefined : firewalled(service, caller);
}

function passesFirewall(store: Store, service: Service, caller: Caller): boolean {
  const { target, kind } = service;
  switch (kind.name) {
    case "sql":
      return store
        .below("azure", `${target.id}/firewallRules`)
        .some(({ body }) =>
          inRange(caller.address, textAt(body, "startIpAddress"), textAt(body, "endIpAddress")),
        );
    case "databricks":
      return passesAccessLists(store, textAt(target.body, "workspaceUrl").toLowerCase(), caller);
    case "keyvault":
    case "dfs":
    case "blob":
      return passesNetworkRules(service, caller);
    case "factory":
    case "portal":
      return true;
    default:
      return kind.name satisfies never;
  }
}

function passesNetworkRules({ target }: Service, caller: Caller): boolean {
  const rules = at(target.body, "networkRuleSet") ?? at(target.body, "properties.networkAcls");
  if (!isBody(rules) || textAt(rules, "defaultAction").toLowerCase() !== "deny") return true;
  const addresses = bodiesAt(rules, "ipRules").map(
    (rule) => textAt(rule, "value") || textAt(rule, "iPAddressOrRange"),
  );
  const subnets = bodiesAt(rules, "virtualNetworkRules").map(
    (rule) => textAt(rule, "id") || textAt(rule, "virtualNetworkResourceId"),
  );
  return (
    addresses.some((block) => inBlock(block, caller.address)) ||
    subnets.some((id) => caller.subnetId !== null && sameId(id, caller.subnetId))
  );
}

/** A block list outranks an allow list; without any allow list everybody else may come. */
function passesAccessLists(store: Store, host: string, { address }: Caller): boolean {
  const ofHost = (token: string) => store.ofType(token).filter(({ scope }) => sameId(scope, host));
  const inForce = ofHost(workspaceConfToken).some(
    ({ body }) => textAt(body, "customConfig.enableIpAccessLists") === "true",
  );
  if (!inForce) return true;
  const lists = ofHost(ipAccessListToken).filter(({ body }) => body.enabled !== false);
  const named = (listType: string) =>
    lists
      .filter(({ body }) => textAt(body, "listType") === listType)
      .map(({ body }) => textsAt(body, "ipAddresses").some((block) => inBlock(block, address)));
  const allowed = named("ALLOW");
  return !named("BLOCK").includes(true) && (allowed.length === 0 || allowed.includes(true));
}

function inRange(address: string, first: string, last: string): boolean {
  const number = (text: string): number =>
    ipaddr.IPv4.isValid(text)
      ? ipaddr.IPv4.parse(text)
          .toByteArray()
          .reduce((sum, part) => sum * 256 + part, 0)
      : Number.NaN;
  return number(first) <= number(address) && number(address) <= number(last);
}

function disabled({ target, kind }: Service): Denial {
  const reason = "PublicNetworkAccessDisabled";
  switch (kind.name) {
    case "keyvault":
      return {
        reason,
        status: 403,
        code: "Forbidden",
        message: `Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\nVault: ${target.name};location=${textAt(target.body, "location")}`,
      };
    case "dfs":
    case "blob":
      return { reason, ...storageRefusal };
    case "databricks":
      return {
        reason,
        status: 403,
        code: "PERMISSION_DENIED",
        message: `Unauthorized network access to workspace: ${textAt(target.body, "workspaceId")}`,
      };
    case "sql":
      return {
        reason,
        status: 403,
        code: "47073",
        message:
          "The public network interface on this server is not accessible. To connect to this server, use the Private Endpoint from inside your virtual network.",
      };
    case "factory":
    case "portal":
      return {
        reason,
        status: 403,
        code: "PublicNetworkAccessDenied",
        message: `The public network interface of the data factory ${target.name} is not accessible. To connect to it, use the Private Endpoint from inside your virtual network.`,
      };
    default:
      return kind.name satisfies never;
  }
}

function firewalled({ target, kind }: Service, { address }: Caller): Denial {
  const reason = "DeniedByFirewall";
  if (kind.name === "keyvault") {
    const message = `Client address is not authorized and caller is not a trusted service.\r\nClient address: ${address}\r\nVault: ${target.name};location=${textAt(target.body, "location")}`;
    return { reason, status: 403, code: "Forbidden", message };
  }
  if (kind.name === "databricks") {
    const message = `Source IP address: ${address} is blocked by Databricks IP ACL for workspace: ${textAt(target.body, "workspaceId")}`;
    return { reason, status: 403, code: "PERMISSION_DENIED", message };
  }
  if (kind.name === "sql") {
    const message = `Cannot open server '${target.name}' requested by the login. Client with IP address '${address}' is not allowed to access the server.`;
    return { reason, status: 403, code: "40615", message };
  }
  return { reason, ...storageRefusal };
}

const storageRefusal = {
  status: 403,
  code: "AuthorizationFailure",
  message: "This request is not authorized to perform this operation.",
} as const;
