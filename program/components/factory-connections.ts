import { Dataset } from "@pulumi/azure-native/datafactory/dataset.js";
import { LinkedService, type LinkedServiceArgs } from "@pulumi/azure-native/datafactory/linkedService.js";
import { ComponentResource, type ComponentResourceOptions, type Input, interpolate } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import {
  armPlace,
  factoryCredentialName,
  factoryId,
  lakeHost,
  linkedServices,
  managedRuntimeName,
  metadataDatabaseId,
  metadataDatasetName,
  sqlHost,
  vaultId,
  vaultNameOfId,
  vaultUri,
  workspaceId,
} from "../layout/names.ts";
import { factoryAnnotations } from "./tags.ts";

/** Signs in as the factory's identity; nothing here has a key or a password. */
const credential = { referenceName: factoryCredentialName, type: "CredentialReference" };
/** From the managed network: the factory's built-in runtime would call from public addresses. */
const connectVia = { referenceName: managedRuntimeName, type: "IntegrationRuntimeReference" };

/** What every pipeline of the factory may use. They refer to the credential and the runtime by name, so those come first. */
export class FactoryConnections extends ComponentResource {
  readonly #environment: EnvironmentFacts;

  /** @param args.workspaceHost without a scheme */
  constructor(
    name: string,
    args: { readonly environment: EnvironmentFacts; readonly workspaceHost: Input<string> },
    opts: ComponentResourceOptions,
  ) {
    super("rowgate:components:FactoryConnections", name, {}, opts);
    const { environment } = args;
    this.#environment = environment;
    const annotations = factoryAnnotations(environment);
    this.#linkedService(linkedServices.lake, {
      type: "AzureBlobFS",
      url: `https://${lakeHost(environment, "dfs")}`,
      credential,
      connectVia,
      annotations,
    });
    // No runtime: the one of the service whose secret is asked for is used.
    this.#linkedService(linkedServices.keyVault, {
      type: "AzureKeyVault",
      baseUrl: `${vaultUri(vaultNameOfId(vaultId(environment)))}/`,
      credential,
      annotations,
    });
    this.#linkedService(linkedServices.databricks, {
      type: "AzureDatabricks",
      domain: interpolate`https://${args.workspaceHost}`,
      authentication: "MSI",
      workspaceResourceId: workspaceId(environment),
      credential,
      connectVia,
      annotations,
    });
    const metadata = this.#linkedService(linkedServices.metadata, {
      type: "AzureSqlDatabase",
      server: sqlHost(metadataDatabaseId(environment)),
      database: armPlace(metadataDatabaseId(environment)).name,
      encrypt: "mandatory",
      trustServerCertificate: false,
      authenticationType: "UserAssignedManagedIdentity",
      credential,
      connectVia,
      annotations,
    });
    new Dataset(
      "dataset-metadata",
      {
        ...this.#inFactory(),
        datasetName: metadataDatasetName,
        // No table: each lookup brings its query.
        properties: {
          type: "AzureSqlTable",
          linkedServiceName: { referenceName: linkedServices.metadata, type: "LinkedServiceReference" },
          annotations,
        },
      },
      { parent: this, dependsOn: [metadata] },
    );
    this.registerOutputs();
  }

  #inFactory() {
    const factory = armPlace(factoryId(this.#environment));
    return { resourceGroupName: factory.resourceGroup, factoryName: factory.name };
  }

  #linkedService(name: string, properties: LinkedServiceArgs["properties"]): LinkedService {
    return new LinkedService(
      name,
      { ...this.#inFactory(), linkedServiceName: name, properties },
      // Azure refuses another type under the same name.
      { parent: this, replaceOnChanges: ["properties.type"], deleteBeforeReplace: true },
    );
  }
}
