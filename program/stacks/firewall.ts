import { all } from "@pulumi/pulumi";
import type { FirewallSpec } from "../../metadata-schema/desired-state.ts";
import { azurePlaces } from "../components/azure-places.ts";
import { IpAccess } from "../components/ip-access.ts";
import { databricksProvider } from "../components/providers.ts";
import { sqlFirewallRule } from "../components/sql-firewall.ts";
import { sqlServerId } from "../layout/names.ts";
import type { PromisedOutputs } from "../outputs.ts";

/** Who may call the public side of one service. */
export function firewall(spec: FirewallSpec): PromisedOutputs<"firewall"> {
  const { environment } = spec;
  switch (spec.service) {
    case "databricks": {
      const providers = [databricksProvider(environment, spec.workspace)];
      const rules = new IpAccess("ip-access", spec, { providers });
      return { ip_access_list_id: rules.listId, firewall_rule_ids: [], allowed_ranges: rules.ranges };
    }
    case "sql": {
      const ranges = [...new Set(spec.ranges)];
      // Without ranges nothing is made, and nobody is asked for credentials.
      const opts =
        ranges.length === 0 ? {} : { provider: azurePlaces(environment)(sqlServerId(environment)).provider };
      const rules = ranges.map((range) => sqlFirewallRule(environment, range, opts));
      return {
        ip_access_list_id: null,
        firewall_rule_ids: all(rules.map(({ id }) => id)),
        allowed_ranges: ranges,
      };
    }
    default:
      return spec satisfies never;
  }
}
