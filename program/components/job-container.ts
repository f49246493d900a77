import { BlobContainer } from "@pulumi/azure-native/storage/blobContainer.js";
import { EncryptionScope } from "@pulumi/azure-native/storage/encryptionScope.js";
import { ExternalLocation } from "@pulumi/databricks/externalLocation.js";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import { grantableRoles } from "../layout/azure-roles.ts";
import {
  containerId,
  containerName,
  containerUrl,
  externalLocationName,
  storageCredentialName,
} from "../layout/names.ts";
import type { AzurePlace } from "./azure-places.ts";
import { roleGrant } from "./role-grant.ts";

/**
 * Where a job's data lies: a container of its own in the environment's lake, encrypted with a key of its own, and
 * its name in Unity Catalog.
 */
export class JobContainer extends ComponentResource {
  readonly location: ExternalLocation;

  constructor(
    name: string,
    { spec, lake }: { readonly spec: JobSpec; readonly lake: AzurePlace },
    opts: ComponentResourceOptions,
  ) {
    super("rowgate:components:JobContainer", name, {}, opts);
    const { environment, jobId } = spec;
    const inLake = { resourceGroupName: lake.resourceGroup, accountName: lake.name };
    const ofLake = { parent: this, provider: lake.provider };
    const encryptionScopeName = containerName(jobId);
    const scope = new EncryptionScope(
      "encryption-scope",
      {
        ...inLake,
        encryptionScopeName,
        source: "Microsoft.Storage",
        state: "Enabled",
        requireInfrastructureEncryption: true,
      },
      ofLake,
    );
    const container = new BlobContainer(
      "container",
      {
        ...inLake,
        containerName: containerName(jobId),
        publicAccess: "None",
        defaultEncryptionScope: encryptionScopeName,
        // No writer may choose another key.
        denyEncryptionScopeOverride: true,
      },
      { ...ofLake, dependsOn: [scope] },
    );
    // Unity Catalog decides who reads which file, so it has to reach all of them.
    const way = roleGrant(
      "unity-catalog-on-container",
      {
        scope: containerId(environment, jobId),
        roleId: grantableRoles.blobDataContributor.id,
        principalId: spec.connectorPrincipalId,
        principalType: "ServicePrincipal",
      },
      { ...ofLake, dependsOn: [container] },
    );
    this.location = new ExternalLocation(
      "external-location",
      {
        name: externalLocationName(environment, jobId),
        url: containerUrl(environment, jobId),
        credentialName: storageCredentialName(environment),
        // A metastore may serve several environments: this one's data is for its own workspace.
        isolationMode: "ISOLATION_MODE_ISOLATED",
        comment: `Data of job ${jobId}`,
      },
      // Two locations can't lie in the same place: the old one has to go first.
      { parent: this, dependsOn: [container, way], deleteBeforeReplace: true },
    );
    this.registerOutputs();
  }
}
