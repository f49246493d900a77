import { Vault } from "@pulumi/azure-native/keyvault/vault.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { vaultId, vaultNameOfId } from "../layout/names.ts";
import { environmentTags } from "./tags.ts";

/** The environment's own vault. Its name is taken for 90 days after a deletion: purge protection can't be undone. */
export const keyVault = (environment: EnvironmentFacts, opts: CustomResourceOptions): Vault =>
  new Vault(
    "key-vault",
    {
      resourceGroupName: environment.resourceGroup,
      location: environment.location,
      vaultName: vaultNameOfId(vaultId(environment)),
      properties: {
        tenantId: environment.tenantId,
        sku: { family: "A", name: "standard" },
        // Access by role, so that it can be given for one secret (Azure.KeyVault.RBAC).
        enableRbacAuthorization: true,
        // CKV_AZURE_42, CKV_AZURE_110
        enableSoftDelete: true,
        softDeleteRetentionInDays: 90,
        enablePurgeProtection: true,
        // CKV_AZURE_189, CKV_AZURE_109: reachable by private endpoint only; nobody is let past the rules.
        publicNetworkAccess: "disabled",
        networkAcls: { bypass: "None", defaultAction: "Deny" },
      },
      tags: environmentTags(environment),
    },
    opts,
  );
