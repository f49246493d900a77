/** What the factory reaches from its managed network. Each owner of a target has to approve it. */
import type { EnvironmentFacts, PrivateEndpointSpec } from "../../metadata-schema/desired-state.ts";
import { lakeId, metadataDatabaseId, vaultId } from "./names.ts";

/** The only name that Data Factory takes for it. */
export const managedNetworkName = "default";

export const managedEndpoints = (environment: EnvironmentFacts): readonly PrivateEndpointSpec[] => [
  { name: "mpe-lake-dfs", targetId: lakeId(environment), groupId: "dfs" },
  { name: "mpe-lake-blob", targetId: lakeId(environment), groupId: "blob" },
  { name: "mpe-key-vault", targetId: vaultId(environment), groupId: "vault" },
  // The server of the database that pipelines ask, which can be another than the environment's own.
  {
    name: "mpe-sql",
    targetId: metadataDatabaseId(environment).replace(/\/databases\/[^/]+$/i, ""),
    groupId: "sqlServer",
  },
];
