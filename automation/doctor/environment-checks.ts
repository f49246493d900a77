/** What an environment's place in Azure has to have, besides rights. */
import { z } from "zod";
import { networkServices } from "../../metadata-schema/desired-state.ts";
import {
  armPlace,
  lakeId,
  privateDnsZoneId,
  privateDnsZoneName,
  sqlServerId,
  vaultId,
  virtualNetworkId,
  workspaceId,
} from "../../program/layout/names.ts";
import type { CloudAccess } from "../azure/cloud-access.ts";
import { messageOf } from "../errors.ts";
import { resourceProviders } from "../privilege/bootstrap-plan.ts";
import { type Area, type Finding, sandboxOnly } from "./finding.ts";
import type { EnvironmentCheck } from "./right-checks.ts";

const providersVersion = "2021-04-01";
const subscriptionVersion = "2022-12-01";

/** What the program makes in a region, by the provider that has to offer it there. */
const kinds: Readonly<Partial<Record<string, readonly string[]>>> = {
  "Microsoft.DataFactory": ["factories"],
  "Microsoft.Databricks": ["workspaces", "accessConnectors"],
  "Microsoft.Insights": ["dataCollectionRules", "scheduledQueryRules"],
  "Microsoft.KeyVault": ["vaults"],
  "Microsoft.ManagedIdentity": ["userAssignedIdentities"],
  "Microsoft.Network": ["virtualNetworks", "privateEndpoints", "natGateways"],
  "Microsoft.OperationalInsights": ["workspaces"],
  "Microsoft.Sql": ["servers"],
  "Microsoft.Storage": ["storageAccounts"],
};

const provider = z.object({
  registrationState: z.string(),
  resourceTypes: z.array(z.object({ resourceType: z.string(), locations: z.array(z.string()).default([]) })),
});

export async function placeFindings(check: EnvironmentCheck): Promise<readonly Finding[]> {
  const { area, cloud } = check;
  if (cloud === "sandbox")
    return ["subscription", "resource providers and region", "names that must be free in all of Azure"].map(
      (name) => area.unchecked(name, sandboxOnly),
    );
  return [
    await subscriptionFinding(check),
    ...(await Promise.all(resourceProviders.map((namespace) => providerFinding(check, namespace)))).flat(),
    ...(await Promise.all(globalNames(check).map((name) => nameFinding(check, name)))),
  ];
}

async function subscriptionFinding({ area, arm, facts }: EnvironmentCheck): Promise<Finding> {
  const { subscriptionId } = facts.environment;
  const answer = await arm.get(`/subscriptions/${subscriptionId}`, { apiVersion: subscriptionVersion });
  return answer.status === "ok"
    ? area.ok("subscription", `${subscriptionId} is visible`)
    : area.fault(
        "subscription",
        answer.message,
        "Check subscription_id, and that the service has a role in it: `npx rowgate bootstrap`.",
      );
}

async function providerFinding(
  { area, arm, facts }: EnvironmentCheck,
  namespace: string,
): Promise<readonly Finding[]> {
  const { subscriptionId, location } = facts.environment;
  const check = `resource provider ${namespace}`;
  const answer = await arm.get(`/subscriptions/${subscriptionId}/providers/${namespace}`, {
    apiVersion: providersVersion,
  });
  if (answer.status !== "ok") return [area.unchecked(check, answer.message)];
  const { registrationState, resourceTypes } = provider.parse(answer.body);
  const isOffered = ({ locations }: (typeof resourceTypes)[number]): boolean =>
    locations.some((each) => compact(each) === compact(location));
  const missing = (kinds[namespace] ?? []).filter(
    (kind) =>
      !resourceTypes.some(
        (type) => type.resourceType.toLowerCase() === kind.toLowerCase() && isOffered(type),
      ),
  );
  return [
    registrationState === "Registered"
      ? area.ok(check, "registered")
      : area.fault(
          check,
          `is ${registrationState}`,
          `Run \`az provider register --namespace ${namespace} --subscription ${subscriptionId}\`.`,
        ),
    ...(missing.length === 0
      ? []
      : [
          area.fault(
            `region ${location}`,
            `${namespace} has no ${missing.join(", ")} there`,
            "Choose another region for the environment.",
          ),
        ]),
  ];
}

/** `East US` and `eastus` are one region. */
const compact = (location: string): string => location.toLowerCase().replaceAll(" ", "");

interface GlobalName {
  readonly id: string;
  readonly namespace: string;
  /** as the check asks for it */
  readonly type: string;
  readonly apiVersion: string;
}

/** Names of what the first run makes that somebody else in the world could have. */
function globalNames({ facts }: EnvironmentCheck): readonly GlobalName[] {
  const { environment } = facts;
  const { existing } = environment;
  const all: readonly (GlobalName & { readonly taken: boolean })[] = [
    {
      id: vaultId(environment),
      namespace: "Microsoft.KeyVault",
      type: "Microsoft.KeyVault/vaults",
      apiVersion: "2023-07-01",
      taken: existing.key_vault !== undefined,
    },
    {
      id: lakeId(environment),
      namespace: "Microsoft.Storage",
      type: "Microsoft.Storage/storageAccounts",
      apiVersion: "2024-01-01",
      taken: existing.lake !== undefined,
    },
    {
      id: sqlServerId(environment),
      namespace: "Microsoft.Sql",
      type: "Microsoft.Sql/servers",
      apiVersion: "2023-08-01",
      taken: existing.sql_server !== undefined,
    },
  ];
  return all.filter(({ taken }) => !taken);
}

const availability = z.object({
  /** of Storage and Key Vault */
  nameAvailable: z.boolean().optional(),
  /** of SQL */
  available: z.boolean().optional(),
  message: z.string().nullish(),
});

async function nameFinding(
  { area, arm, facts }: EnvironmentCheck,
  { id, namespace, type, apiVersion }: GlobalName,
): Promise<Finding> {
  const { name } = armPlace(id);
  const check = `name ${name}`;
  if ((await arm.get(id)).status === "ok") return area.ok(check, "the environment has it already");
  const action = `/subscriptions/${facts.environment.subscriptionId}/providers/${namespace}/checkNameAvailability`;
  const answer = await arm.post(action, { name, type }, { apiVersion });
  // It is the subscription's to allow, and the service has no role there.
  if (answer.status !== "ok") return area.unchecked(check, answer.message);
  const { nameAvailable, available, message } = availability.parse(answer.body);
  return (nameAvailable ?? available) === true
    ? area.ok(check, "is free")
    : area.fault(
        check,
        message ?? "is taken",
        "A vault of that name may be soft-deleted: recover or purge it, or give the environment another name.",
      );
}

const linkPage = z.object({
  value: z.array(z.object({ properties: z.object({ virtualNetwork: z.object({ id: z.string() }) }) })),
});

/** Zones that are taken over lead nowhere unless they are linked to the environment's network. */
export async function zoneFindings(check: EnvironmentCheck): Promise<readonly Finding[]> {
  const { area, arm, facts, cloud } = check;
  const { environment } = facts;
  if (environment.existing.private_dns_zones === undefined) return [];
  const network = virtualNetworkId(environment).toLowerCase();
  return Promise.all(
    networkServices.map(async (service) => {
      const name = `DNS zone ${privateDnsZoneName(service)}`;
      const id = privateDnsZoneId(environment, service);
      const zone = await arm.get(id);
      if (zone.status === "missing")
        return area.fault(
          name,
          `there is no ${id}`,
          "Make it there, and link it to the environment's network.",
        );
      if (zone.status !== "ok") return area.fault(name, zone.message, "Run `npx rowgate bootstrap`.");
      if (cloud === "sandbox") return area.unchecked(name, `is there; of its links, ${sandboxOnly}`);
      const links = await arm.get(`${id}/virtualNetworkLinks`);
      if (links.status !== "ok") return area.unchecked(name, links.message);
      const isLinked = linkPage
        .parse(links.body)
        .value.some(({ properties }) => properties.virtualNetwork.id.toLowerCase() === network);
      return isLinked
        ? area.ok(name, `is linked to ${armPlace(virtualNetworkId(environment)).name}`)
        : area.fault(
            name,
            `is not linked to ${virtualNetworkId(environment)}`,
            "Link it, or names of private endpoints have no address there.",
          );
    }),
  );
}

const workspaceBody = z.object({ properties: z.object({ workspaceUrl: z.string() }) });
const me = z.object({ groups: z.array(z.object({ display: z.string().optional() })).default([]) });

export async function workspaceFinding(
  { area, facts, cloud }: EnvironmentCheck,
  clouds: CloudAccess,
): Promise<Finding> {
  const check = "workspace admin";
  if (cloud === "sandbox") return area.unchecked(check, sandboxOnly);
  const answer = await clouds.arm.get(workspaceId(facts.environment));
  if (answer.status === "missing")
    return area.unchecked(check, "the first run makes the workspace, and is its admin by that");
  if (answer.status !== "ok") return area.unchecked(check, answer.message);
  const host = workspaceBody.parse(answer.body).properties.workspaceUrl;
  try {
    const { status, body } = await clouds.databricks(host).get("/api/2.0/preview/scim/v2/Me");
    const fix = "Make the service an admin of the workspace: `npx rowgate bootstrap` says how.";
    if (status !== 200) return area.fault(check, `${host} answered ${status}`, fix);
    const isAdmin = me.parse(body).groups.some(({ display }) => display === "admins");
    return isAdmin ? area.ok(check, host) : area.fault(check, `the service is no admin of ${host}`, fix);
  } catch (fault) {
    return area.fault(
      check,
      `${host} does not answer: ${messageOf(fault)}`,
      "Run doctor from where the service runs: the workspace answers private addresses only.",
    );
  }
}

/** Azure's alerts and pipelines call it; they are outside this machine, which is all that the service answers. */
export function serviceUrlFinding(area: Area, serviceUrl: string | null): Finding {
  const check = "service_url";
  if (serviceUrl === null)
    return area.unchecked(
      check,
      "is not set: fired alerts are told to nobody, and pipelines read outputs by SQL only",
    );
  const url = URL.canParse(serviceUrl) ? new URL(serviceUrl) : null;
  const fix = "Give it as https://HOST, reachable from Azure, or leave it out.";
  if (url === null) return area.fault(check, `${serviceUrl} is no address`, fix);
  if (url.username !== "" || url.password !== "") return area.fault(check, "holds a name or a password", fix);
  if (url.protocol !== "https:") return area.fault(check, `${serviceUrl} is not https`, fix);
  if (/^(localhost|127\.|\[::1\])/.test(url.hostname))
    return area.fault(check, `${serviceUrl} is this machine's own address`, fix);
  return area.unchecked(
    check,
    `${serviceUrl} needs a proxy on this machine that answers at this address and calls http://127.0.0.1:PORT with Host: 127.0.0.1`,
  );
}
