import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import { ServicePrincipal } from "@pulumi/databricks/servicePrincipal.js";
import { ComponentResource, type ComponentResourceOptions, RunError } from "@pulumi/pulumi";
import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import { grantableRoles } from "../layout/azure-roles.ts";
import { isSecretName, secretId, vaultNameOfId, workloadIdentityName } from "../layout/names.ts";
import { roleGrant } from "./role-grant.ts";
import { jobTags } from "./tags.ts";

/**
 * Who a job is: an identity without any credential to store, known to Databricks, that may read exactly the
 * secrets its rows name. It holds its roles itself, since membership of a managed identity in a group is
 * cached for up to a day.
 */
export class WorkloadIdentity extends ComponentResource {
  readonly identity: UserAssignedIdentity;
  readonly servicePrincipal: ServicePrincipal;

  constructor(name: string, spec: JobSpec, opts: ComponentResourceOptions) {
    super("rowgate:components:WorkloadIdentity", name, {}, opts);
    const { environment, jobId } = spec;
    this.identity = new UserAssignedIdentity(
      "identity",
      {
        resourceGroupName: environment.resourceGroup,
        location: environment.location,
        resourceName: workloadIdentityName(jobId),
        tags: jobTags(spec),
      },
      { parent: this },
    );
    this.servicePrincipal = new ServicePrincipal(
      "service-principal",
      { applicationId: this.identity.clientId, displayName: workloadIdentityName(jobId) },
      { parent: this },
    );
    for (const { vaultId, secretName } of spec.secrets) {
      if (!isSecretName(secretName)) {
        throw new RunError(
          `"${secretName}" can't name a secret: a name has 1 to 127 letters, digits and hyphens.`,
        );
      }
      roleGrant(
        `secret-${vaultNameOfId(vaultId)}-${secretName}`,
        {
          subscriptionId: environment.subscriptionId,
          scope: secretId(vaultId, secretName),
          roleId: grantableRoles.keyVaultSecretsUser.id,
          principalId: this.identity.principalId,
          principalType: "ServicePrincipal",
        },
        { parent: this },
      );
    }
    this.registerOutputs();
  }
}
