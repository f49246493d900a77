/** Network_Rules rows → network and firewall entries. */
import type { StackBase } from "../../metadata-schema/contributions.ts";
import {
  type FirewallService,
  firewallServices,
  type NetworkService,
  networkServices,
} from "../../metadata-schema/desired-state.ts";
import { type NetworkRuleRow, type RowRef, rowName } from "../../metadata-schema/rows.ts";
import {
  browserAuthentication,
  endpointTarget,
  firewallStack,
  isPrivateEndpointName,
  networkStack,
  privateDnsZoneName,
} from "../../program/layout/names.ts";
import type { Piece } from "../../program/policies/pieces.ts";
import { blockedBy, type Judged, withExceptions } from "./guard.ts";
import { type JobContext, platformOutput } from "./job-context.ts";
import {
  type Asks,
  blocked,
  good,
  type PlacedEntry,
  type Refusal,
  type RowOutcome,
  refused,
} from "./outcome.ts";

export function resolveNetworkRule(rule: NetworkRuleRow, context: JobContext): RowOutcome {
  const row: RowRef = { table: "Network_Rules", key: String(rule.rule_id) };
  const service = serviceOf(rule.service);
  const asks = networkAsks(rule, context.environmentName);
  if (service === null) return refused(row, unknownService(row, rule.service), asks);
  const ranges = rule.firewall_ranges.map((range) => ({
    range,
    ...context.guard.judge([{ kind: "firewall-range", range, publicOnly: false }]),
  }));
  const refusal =
    refusedPart(rule, row, { service, ranges, context }) ?? refusedAccess(rule, row, service, context);
  const bad = ranges.filter(({ verdicts }) => verdicts.length > 0).length;
  if (refusal !== null) return refused(row, refusal, asks, bad);
  return good(row, [
    ...placeEndpoint(rule, row, service, context),
    ...placeRanges(ranges, { rule, row, service, context }),
  ]);
}

/** What a rule asks for now; a service or an environment (null) that nobody knows is not held against an entry. */
export function networkAsks(rule: NetworkRuleRow, environment: string | null): Asks {
  const service = serviceOf(rule.service);
  const words = new Set([
    ...(rule.private_endpoint === null ? [] : [`endpoint|${rule.private_endpoint}`]),
    ...rule.firewall_ranges.map((range) => `range|${asCidr(range)}`),
  ]);
  return ({ ask }) => {
    const [askedEnvironment, askedService, ...rest] = ask.split("|");
    return (
      (environment === null || askedEnvironment === environment) &&
      (service === null || askedService === service) &&
      words.has(rest.join("|"))
    );
  };
}

/** Other words for services, as people write them. */
const aliases: Readonly<Record<string, NetworkService>> = {
  azuredatabricks: "databricks",
  databricksauth: "databricks",
  adls: "dfs",
  datalake: "dfs",
  lake: "dfs",
  storage: "blob",
  azuresql: "sql",
  sqldatabase: "sql",
  vault: "keyvault",
  datafactory: "factory",
  adf: "factory",
};
const plainWord = (word: string): string => word.toLowerCase().replaceAll(/[\s_-]/g, "");
const serviceOf = (word: string): NetworkService | null =>
  networkServices.find((service) => service === plainWord(word)) ?? aliases[plainWord(word)] ?? null;
/** The sign-in page of Databricks: another endpoint of the same service. */
const isBrowserAuthentication = (word: string): boolean => plainWord(word) === "databricksauth";
const hasFirewall = (service: NetworkService): service is FirewallService =>
  (firewallServices as readonly string[]).includes(service);

const endpointAsk = (rule: NetworkRuleRow, endpoint: string, context: JobContext): string =>
  `${context.environmentName}|${serviceOf(rule.service)}|endpoint|${endpoint}`;
const rangeAsk = (rule: NetworkRuleRow, range: string, context: JobContext): string =>
  `${context.environmentName}|${serviceOf(rule.service)}|range|${asCidr(range)}`;
const asCidr = (range: string): string => (range.includes("/") ? range : `${range}/32`);

const unknownService = (row: RowRef, service: string): Refusal =>
  blocked(
    "UnknownService",
    `${rowName(row)}, service: "${service}" is not a service that endpoints are built for. ` +
      `Write one of: ${networkServices.join(", ")}, databricks-auth.`,
  );

type JudgedRange = Judged & { readonly range: string };

/** The first fault of the row. */
function refusedPart(
  rule: NetworkRuleRow,
  row: RowRef,
  {
    service,
    ranges,
    context,
  }: {
    readonly service: NetworkService;
    readonly ranges: readonly JudgedRange[];
    readonly context: JobContext;
  },
): Refusal | null {
  const endpoint = rule.private_endpoint;
  if (endpoint !== null && !isPrivateEndpointName(endpoint)) {
    const message = `${rowName(row)}, private_endpoint: "${endpoint}" is not a name Azure accepts. Use 2 to 64 letters, digits, ".", "_" or "-".`;
    return blocked("InvalidEndpointName", message);
  }
  if (rule.firewall_ranges.length > 0 && !hasFirewall(service)) {
    const message = `${rowName(row)}, firewall_ranges: ${service} is reached through private endpoints only. Remove the ranges.`;
    return blocked("FirewallUnavailable", message);
  }
  if (
    rule.firewall_ranges.length > 0 &&
    service === "sql" &&
    context.facts.existing.sql_server === undefined
  ) {
    // Azure: DenyPublicEndpointEnabled
    const message = `${rowName(row)}, firewall_ranges: the public side of the environment's own SQL server is off, so it takes no ranges. Remove them; an endpoint is the way in.`;
    return blocked("FirewallUnavailable", message);
  }
  const [first] = ranges.flatMap(({ verdicts }) => verdicts);
  return first === undefined ? null : blockedBy(row, "firewall_ranges", [first]);
}

/** A service is reached by endpoint: this row's, or another one's of the job. */
function refusedAccess(
  rule: NetworkRuleRow,
  row: RowRef,
  service: NetworkService,
  context: JobContext,
): Refusal | null {
  const endpoints = context.endpoints.filter((each) => serviceOf(each.service) === service).length;
  const access: Piece[] = context.hidesEndpoints ? [] : [{ kind: "service-access", service, endpoints }];
  const refusal = blockedBy(row, "private_endpoint", context.guard.judge(access).verdicts);
  if (refusal !== null || rule.private_endpoint === null) return refusal;
  const name = rule.private_endpoint;
  const groupId = groupIdOf(rule, service, context);
  const endpoint: Piece = { kind: "private-endpoint", name, groupId, zone: privateDnsZoneName(service) };
  return blockedBy(row, "private_endpoint", context.guard.judge([endpoint]).verdicts);
}

const groupIdOf = (rule: NetworkRuleRow, service: NetworkService, { facts }: JobContext): string =>
  isBrowserAuthentication(rule.service) ? browserAuthentication : endpointTarget(facts, service).groupId;

function placeEndpoint(
  rule: NetworkRuleRow,
  row: RowRef,
  service: NetworkService,
  context: JobContext,
): readonly PlacedEntry[] {
  const name = rule.private_endpoint;
  if (name === null) return [];
  const { facts, workspace } = context;
  const { targetId } = endpointTarget(facts, service);
  const endpoint = { name, targetId, groupId: groupIdOf(rule, service, context) };
  return [
    {
      target: {
        stack: networkStack(facts.name, service),
        kind: "network",
        // The endpoint needs the platform's network and its target, which are there once its workspace is.
        base:
          workspace === null ? null : { kind: "network", environment: context.factsFor("network"), service },
        references: [platformOutput(context, "workspace_url")],
      },
      entry: { row, ask: endpointAsk(rule, name, context), item: { kind: "endpoint", endpoint } },
    },
  ];
}

interface Placing {
  readonly rule: NetworkRuleRow;
  readonly row: RowRef;
  readonly service: NetworkService;
  readonly context: JobContext;
}

function placeRanges(
  ranges: readonly JudgedRange[],
  { rule, row, service, context }: Placing,
): readonly PlacedEntry[] {
  if (!hasFirewall(service)) return [];
  const { facts } = context;
  return ranges.flatMap(({ range, exceptions }) => {
    const placed: PlacedEntry = {
      target: {
        stack: firewallStack(facts.name, service),
        kind: "firewall",
        base: firewallBase(service, context),
        references: [platformOutput(context, "workspace_url")],
      },
      entry: { row, ask: rangeAsk(rule, range, context), item: { kind: "range", range: asCidr(range) } },
    };
    return withExceptions(placed, exceptions);
  });
}

function firewallBase(service: FirewallService, context: JobContext): StackBase | null {
  const { workspace, serviceAddress } = context;
  const environment = context.factsFor("firewall");
  if (workspace === null) return null;
  return service === "databricks"
    ? { kind: "firewall", environment, service, workspace, serviceAddress }
    : { kind: "firewall", environment, service };
}
