import { Directory } from "@pulumi/databricks/directory.js";
import { DisableLegacyAccessSetting } from "@pulumi/databricks/disableLegacyAccessSetting.js";
import { ServicePrincipal } from "@pulumi/databricks/servicePrincipal.js";
import { SqlEndpoint } from "@pulumi/databricks/sqlEndpoint.js";
import { StorageCredential } from "@pulumi/databricks/storageCredential.js";
import { WorkspaceConf } from "@pulumi/databricks/workspaceConf.js";
import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import {
  accessConnectorId,
  factoryIdentityName,
  storageCredentialName,
  warehouseName,
  workspaceFolder,
} from "../layout/names.ts";
import { environmentTags } from "./tags.ts";

/** Minutes without a query after which the warehouse stops, and costs nothing; Databricks takes 10 at least. */
const warehouseIdleMinutes = 10;

/** What the environment has inside its workspace, for all jobs. */
export class WorkspaceSetup extends ComponentResource {
  readonly warehouseId: Output<string>;
  readonly storageCredential: Output<string>;

  /** @param args.factoryClientId application id of the identity that pipelines sign in as */
  constructor(
    name: string,
    args: { readonly environment: EnvironmentFacts; readonly factoryClientId: string },
    opts: ComponentResourceOptions,
  ) {
    super("rowgate:components:WorkspaceSetup", name, {}, opts);
    const { environment } = args;
    // The settings of a workspace that was there before are its owner's.
    if (environment.existing.workspace === undefined) this.#close();
    // What jobs' monitors keep beside their tables goes with it.
    new Directory(
      "folder",
      { path: workspaceFolder(environment), deleteRecursive: true },
      { parent: this, deleteBeforeReplace: true },
    );
    const credential = new StorageCredential(
      "storage-credential",
      {
        name: storageCredentialName(environment),
        azureManagedIdentity: { accessConnectorId: accessConnectorId(environment) },
        // Workspaces of other environments share the metastore; this one alone may use it.
        isolationMode: "ISOLATION_MODE_ISOLATED",
        comment: `Data of environment ${environment.name}`,
      },
      { parent: this },
    );
    new ServicePrincipal(
      "factory-principal",
      { applicationId: args.factoryClientId, displayName: factoryIdentityName(environment) },
      { parent: this },
    );
    this.storageCredential = credential.name;
    this.warehouseId = this.#warehouse(environment).id;
    this.registerOutputs();
  }

  /** The ways in that go past Unity Catalog and Entra ID: legacy access, and tokens that outlive a sign-in. */
  #close(): void {
    new DisableLegacyAccessSetting(
      "no-legacy-access",
      { disableLegacyAccess: { value: true } },
      { parent: this },
    );
    new WorkspaceConf(
      "no-personal-tokens",
      { customConfig: { enableTokensConfig: "false" } },
      { parent: this },
    );
  }

  #warehouse(environment: EnvironmentFacts): SqlEndpoint {
    const customTags = Object.entries(environmentTags(environment)).map(([key, value]) => ({ key, value }));
    return new SqlEndpoint(
      "warehouse",
      {
        name: warehouseName(environment),
        clusterSize: "2X-Small",
        maxNumClusters: 1,
        autoStopMins: warehouseIdleMinutes,
        // Serverless machines are outside the network, where the lake does not answer.
        enableServerlessCompute: false,
        warehouseType: "PRO",
        // Its machines start with the first query, not with a run of this stack.
        noWait: true,
        tags: { customTags },
      },
      { parent: this },
    );
  }
}
