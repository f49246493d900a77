import { FederatedIdentityCredential } from "@pulumi/azure-native/managedidentity/federatedIdentityCredential.js";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import type { Provider } from "@pulumi/azure-native/provider.js";
import { ServicePrincipal } from "@pulumi/databricks/servicePrincipal.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import { workloadIdentityName } from "../layout/names.ts";
import { runAsRight } from "./run-as-right.ts";
import { jobTags } from "./tags.ts";

/** What Entra ID asks of a token from outside before it is exchanged for one of its own. */
const exchangeAudience = "api://AzureADTokenExchange";

/**
 * Who a job is: an identity without any credential to store, known to Databricks. Whoever may stand for it from
 * outside, such as a build, shows a token of its own issuer.
 */
export class WorkloadIdentity extends ComponentResource {
  readonly identity: UserAssignedIdentity;
  readonly servicePrincipal: ServicePrincipal;
  /** what must be there before anything runs as this identity */
  readonly ready: readonly Resource[];

  constructor(
    name: string,
    { spec, azure }: { readonly spec: JobSpec; readonly azure: Provider },
    opts: ComponentResourceOptions,
  ) {
    super("rowgate:components:WorkloadIdentity", name, {}, opts);
    const { environment, jobId, federation, accountId } = spec;
    const resourceName = workloadIdentityName(jobId);
    this.identity = new UserAssignedIdentity(
      "identity",
      {
        resourceGroupName: environment.resourceGroup,
        location: environment.location,
        resourceName,
        tags: jobTags(spec),
      },
      { parent: this },
    );
    if (federation !== null) {
      new FederatedIdentityCredential(
        "federation",
        {
          resourceGroupName: environment.resourceGroup,
          resourceName,
          federatedIdentityCredentialResourceName: "external",
          issuer: federation.issuer,
          subject: federation.subject,
          audiences: [exchangeAudience],
        },
        { parent: this, dependsOn: [this.identity] },
      );
    }
    this.servicePrincipal = new ServicePrincipal(
      "service-principal",
      { applicationId: this.identity.clientId, displayName: resourceName },
      { parent: this },
    );
    const { applicationId } = this.servicePrincipal;
    this.ready =
      accountId === null
        ? [this.servicePrincipal]
        : [runAsRight(accountId, applicationId, azure, { parent: this, dependsOn: [this.servicePrincipal] })];
    this.registerOutputs();
  }
}
