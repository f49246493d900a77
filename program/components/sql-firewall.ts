import { FirewallRule } from "@pulumi/azure-native/sql/firewallRule.js";
import { type CustomResourceOptions, RunError } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { rangeEnds } from "../layout/address-plan.ts";
import { armPlace, sqlFirewallRuleName, sqlServerId } from "../layout/names.ts";

/**
 * One range of callers of the public side of an SQL server that existed before. Azure takes none where that side
 * is off, as it is on an environment's own.
 */
export const sqlFirewallRule = (
  environment: EnvironmentFacts,
  range: string,
  opts: CustomResourceOptions,
): FirewallRule => {
  const ends = rangeEnds(range);
  if (ends === null) throw new RunError(`"${range}" is not an IPv4 range; write one such as 203.0.113.0/24.`);
  const server = armPlace(sqlServerId(environment));
  return new FirewallRule(
    sqlFirewallRuleName(range),
    {
      resourceGroupName: server.resourceGroup,
      serverName: server.name,
      firewallRuleName: sqlFirewallRuleName(range),
      startIpAddress: ends.first,
      endIpAddress: ends.last,
    },
    opts,
  );
};
