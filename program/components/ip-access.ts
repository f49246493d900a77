import { IpAccessList } from "@pulumi/databricks/ipAccessList.js";
import { WorkspaceConf } from "@pulumi/databricks/workspaceConf.js";
import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";
import type { FirewallSpec } from "../../metadata-schema/desired-state.ts";

/** Who may call the public side of a workspace: the ALLOW list, and the switch that makes Databricks obey it. */
export class IpAccess extends ComponentResource {
  readonly listId: Output<string>;
  readonly ranges: readonly string[];

  constructor(
    name: string,
    spec: Extract<FirewallSpec, { service: "databricks" }>,
    opts: ComponentResourceOptions,
  ) {
    super("rowgate:components:IpAccess", name, {}, opts);
    this.ranges = [...new Set([spec.serviceAddress, ...spec.ranges])];
    const list = new IpAccessList(
      "ip-access-list",
      {
        label: `rowgate-${spec.environment.name}`,
        listType: "ALLOW",
        ipAddresses: [...this.ranges],
        enabled: true,
      },
      { parent: this },
    );
    // After the list, and so deleted before it: switched on without a list, it would shut everybody out.
    new WorkspaceConf(
      "ip-access-switch",
      { customConfig: { enableIpAccessLists: "true" } },
      { parent: this, dependsOn: [list] },
    );
    this.listId = list.id;
    this.registerOutputs();
  }
}
