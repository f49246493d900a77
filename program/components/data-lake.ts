import { BlobServiceProperties } from "@pulumi/azure-native/storage/blobServiceProperties.js";
import { StorageAccount } from "@pulumi/azure-native/storage/storageAccount.js";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { accessConnectorId, armPlace, lakeId } from "../layout/names.ts";
import { environmentTags } from "./tags.ts";

/** Days for which deleted files and containers can be had back; Azure takes 1 to 365. */
const softDeleteDays = 14;

/** What can't be changed once the account exists; azure-native itself only knows of name, location and HNS. */
const fixedAtCreation = ["kind", "encryption.requireInfrastructureEncryption"];

/** The environment's own lake. Data comes and goes by private endpoint, for those who hold a role on it. */
export class DataLake extends ComponentResource {
  constructor(name: string, environment: EnvironmentFacts, opts: ComponentResourceOptions) {
    super("rowgate:components:DataLake", name, {}, opts);
    const place = {
      resourceGroupName: environment.resourceGroup,
      accountName: armPlace(lakeId(environment)).name,
    };
    const account = new StorageAccount(
      "lake",
      {
        ...place,
        location: environment.location,
        kind: "StorageV2",
        // Copies in three zones, and none in another region: data stays where the row says.
        sku: { name: "Standard_ZRS" },
        isHnsEnabled: true,
        // Nothing but Entra ID opens it: no keys, no signed links, no local users (CKV2_AZURE_40, CKV_AZURE_244).
        allowSharedKeyAccess: false,
        defaultToOAuthAuthentication: true,
        isLocalUserEnabled: false,
        isSftpEnabled: false,
        // CKV_AZURE_190, CKV2_AZURE_47; and no copies to accounts of other tenants
        allowBlobPublicAccess: false,
        allowCrossTenantReplication: false,
        allowedCopyScope: "AAD",
        // CKV_AZURE_44, CKV_AZURE_3
        minimumTlsVersion: "TLS1_2",
        enableHttpsTrafficOnly: true,
        encryption: {
          keySource: "Microsoft.Storage",
          requireInfrastructureEncryption: true,
          services: {
            blob: { enabled: true, keyType: "Account" },
            file: { enabled: true, keyType: "Account" },
          },
        },
        // CKV_AZURE_59, CKV_AZURE_35
        publicNetworkAccess: "Disabled",
        // Always given: left out after it was once there, azure-native would send "Allow". Unity Catalog comes from
        // outside the network when it checks an external location, so its connector is let in, and no other service.
        networkRuleSet: {
          defaultAction: "Deny",
          bypass: "None",
          ipRules: [],
          virtualNetworkRules: [],
          resourceAccessRules: [
            { tenantId: environment.tenantId, resourceId: accessConnectorId(environment) },
          ],
        },
        tags: environmentTags(environment),
      },
      { parent: this, replaceOnChanges: fixedAtCreation, deleteBeforeReplace: true },
    );
    new BlobServiceProperties(
      "lake-soft-delete",
      {
        ...place,
        blobServicesName: "default",
        deleteRetentionPolicy: { enabled: true, days: softDeleteDays },
        containerDeleteRetentionPolicy: { enabled: true, days: softDeleteDays },
      },
      { parent: this, dependsOn: [account] },
    );
    this.registerOutputs();
  }
}
