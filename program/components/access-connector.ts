import { AccessConnector } from "@pulumi/azure-native/databricks/accessConnector.js";
import { type CustomResourceOptions, type Output, RunError } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { accessConnectorId, armPlace } from "../layout/names.ts";
import { environmentTags } from "./tags.ts";

/** Who Unity Catalog is for the lake. One that exists is only read: it has to have an identity of its own. */
export const accessConnector = (
  environment: EnvironmentFacts,
  opts: CustomResourceOptions,
): AccessConnector =>
  environment.existing.access_connector === undefined
    ? new AccessConnector(
        "access-connector",
        {
          resourceGroupName: environment.resourceGroup,
          location: environment.location,
          connectorName: armPlace(accessConnectorId(environment)).name,
          identity: { type: "SystemAssigned" },
          tags: environmentTags(environment),
        },
        opts,
      )
    : AccessConnector.get("access-connector", accessConnectorId(environment), {
        ...(opts.provider ? { provider: opts.provider } : {}),
      });

/** Object id of the connector's own identity; it gets its role on each job's container, from the job's stack. */
export const connectorPrincipal = (
  environment: EnvironmentFacts,
  connector: AccessConnector,
): Output<string> =>
  connector.identity.apply((identity) => {
    if (identity?.principalId) return identity.principalId;
    throw new RunError(
      `Access connector ${accessConnectorId(environment)} has no system-assigned identity. Switch it on.`,
    );
  });
