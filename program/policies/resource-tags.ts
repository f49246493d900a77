import type { Piece } from "./pieces.ts";
import { at, isLater, notReadable, type ResourceInputs, text } from "./read-props.ts";

/** azure-native's types that this program makes and that take tags; what is inside of them takes none. */
const tagged: ReadonlySet<string> = new Set(
  [
    "resources:ResourceGroup",
    "network:VirtualNetwork",
    "network:NetworkSecurityGroup",
    "network:NatGateway",
    "network:PublicIPAddress",
    "network:PrivateEndpoint",
    "privatedns:PrivateZone",
    "privatedns:VirtualNetworkLink",
    "keyvault:Vault",
    "storage:StorageAccount",
    "sql:Server",
    "sql:Database",
    "databricks:Workspace",
    "databricks:AccessConnector",
    "datafactory:Factory",
    "operationalinsights:Workspace",
    "managedidentity:UserAssignedIdentity",
    "monitor:ActionGroup",
    "monitor:ActivityLogAlert",
    "monitor:DataCollectionEndpoint",
    "monitor:DataCollectionRule",
    "monitor:MetricAlert",
    "monitor:ScheduledQueryRule",
  ].map((type) => `azure-native:${type}`),
);

export function tagPieces({ type, name, props }: ResourceInputs): Piece[] {
  if (!tagged.has(type)) return [];
  const { tags } = props;
  const isMap = typeof tags === "object" && tags !== null && !isLater(tags);
  const names = isMap ? Object.keys(tags).filter((tag) => text(at(tags, tag)) !== notReadable) : [];
  return [{ kind: "tags", name, tags: names }];
}
