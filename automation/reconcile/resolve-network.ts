/** Network_Rules rows → network and firewall entries. */
import { type NetworkService, networkServices } from "../../metadata-schema/desired-state.ts";
import { type NetworkRuleRow, type RowRef, rowName } from "../../metadata-schema/rows.ts";
import {
  endpointTarget,
  firewallStack,
  isPrivateEndpointName,
  networkStack,
  platformStack,
} from "../../program/layout/names.ts";
import { judge } from "../../program/policies/judge.ts";
import type { JobContext } from "./job-context.ts";
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
  const { refusal, bad } = refusedPart(rule, row, service);
  if (refusal !== null) return refused(row, refusal, asks, bad);
  return good(row, [...placeEndpoint(rule, row, service, context), ...placeRanges(rule, row, context)]);
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

const serviceOf = (word: string): NetworkService | null =>
  networkServices.find((service) => service === word.toLowerCase().replaceAll(/[\s_-]/g, "")) ?? null;

const endpointAsk = (rule: NetworkRuleRow, endpoint: string, context: JobContext): string =>
  `${context.environmentName}|${serviceOf(rule.service)}|endpoint|${endpoint}`;
const rangeAsk = (rule: NetworkRuleRow, range: string, context: JobContext): string =>
  `${context.environmentName}|${serviceOf(rule.service)}|range|${asCidr(range)}`;
const asCidr = (range: string): string => (range.includes("/") ? range : `${range}/32`);

const unknownService = (row: RowRef, service: string): Refusal =>
  blocked(
    "UnknownService",
    `${rowName(row)}, service: "${service}" is not a service that endpoints are built for. ` +
      `Write one of: ${networkServices.join(", ")}.`,
  );

/** The first fault of the row, and how many of its firewall ranges are at fault. */
function refusedPart(
  rule: NetworkRuleRow,
  row: RowRef,
  service: NetworkService,
): { refusal: Refusal | null; bad: number } {
  const endpoint = rule.private_endpoint;
  const verdicts = rule.firewall_ranges.flatMap((range) =>
    judge({ kind: "firewall-range", range }).slice(0, 1),
  );
  const bad = verdicts.length;
  if (endpoint !== null && !isPrivateEndpointName(endpoint)) {
    const message = `${rowName(row)}, private_endpoint: "${endpoint}" is not a name Azure accepts. Use 2 to 64 letters, digits, ".", "_" or "-".`;
    return { refusal: blocked("InvalidEndpointName", message), bad };
  }
  if (rule.firewall_ranges.length > 0 && service !== "databricks") {
    const message = `${rowName(row)}, firewall_ranges: ${service} is reached through private endpoints only. Remove the ranges.`;
    return { refusal: blocked("FirewallUnavailable", message), bad };
  }
  const [verdict] = verdicts;
  if (verdict === undefined) return { refusal: null, bad };
  const message = `${rowName(row)}, firewall_ranges: ${verdict.message} ${verdict.fix}`;
  return { refusal: blocked(verdict.guardrail, message), bad };
}

function placeEndpoint(
  rule: NetworkRuleRow,
  row: RowRef,
  service: NetworkService,
  context: JobContext,
): readonly PlacedEntry[] {
  const name = rule.private_endpoint;
  if (name === null) return [];
  const { facts } = context;
  const endpoint = { name, ...endpointTarget(facts, service, context.vault.id) };
  return [
    {
      target: {
        stack: networkStack(facts.name, service),
        kind: "network",
        // The endpoint needs the platform's network, which is there once its workspace is.
        base: context.workspace === null ? null : { kind: "network", environment: facts, service },
        references: [{ stack: platformStack(facts.name), output: "workspace_url" }],
      },
      entry: { row, ask: endpointAsk(rule, name, context), item: { kind: "endpoint", endpoint } },
    },
  ];
}

function placeRanges(rule: NetworkRuleRow, row: RowRef, context: JobContext): readonly PlacedEntry[] {
  const { facts, workspace, serviceAddress } = context;
  return rule.firewall_ranges.map((range) => ({
    target: {
      stack: firewallStack(facts.name, "databricks"),
      kind: "firewall",
      base: workspace === null ? null : { kind: "firewall", environment: facts, workspace, serviceAddress },
      references: context.workspaceReferences,
    },
    entry: { row, ask: rangeAsk(rule, range, context), item: { kind: "range", range: asCidr(range) } },
  }));
}
