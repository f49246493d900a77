import { Database } from "@pulumi/azure-native/sql/database.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { armPlace, metadataDatabaseId, sqlServerId } from "../layout/names.ts";
import { environmentTags } from "./tags.ts";

/** The database where pipelines look their outputs up; encrypted at rest by Azure's default. */
export const metadataDatabase = (environment: EnvironmentFacts, opts: CustomResourceOptions): Database => {
  const server = armPlace(sqlServerId(environment));
  return new Database(
    "metadata-database",
    {
      resourceGroupName: server.resourceGroup,
      serverName: server.name,
      databaseName: armPlace(metadataDatabaseId(environment)).name,
      location: environment.location,
      // The service asks it every second, so one that sleeps when nobody asks would never sleep.
      sku: { name: "S1", tier: "Standard" },
      tags: environmentTags(environment),
    },
    opts,
  );
};
