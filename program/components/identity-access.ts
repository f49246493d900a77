import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Resource,
  RunError,
} from "@pulumi/pulumi";
import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import { grantableRoles } from "../layout/azure-roles.ts";
import {
  collectionRuleId,
  containerId,
  externalLocationName,
  isSecretName,
  secretId,
  vaultNameOfId,
} from "../layout/names.ts";
import { roleGrant } from "./role-grant.ts";
import { type GrantOn, unityGrant } from "./unity-grant.ts";

/** One grant on each securable: a second one for the same principal would take the first one's privileges away. */
function unityGrants({ environment, jobId, catalog, schema, model, ownsModel }: JobSpec): readonly GrantOn[] {
  const grants = new Map<string, GrantOn>();
  const add = (securable: GrantOn["securable"], name: string, ...privileges: readonly string[]) => {
    const key = `${securable} ${name}`;
    const all = new Set([...(grants.get(key)?.privileges ?? []), ...privileges]);
    grants.set(key, { securable, name, privileges: [...all].sort() });
  };
  add("catalog", catalog, "USE_CATALOG");
  // It makes tables of its own there and reads them as their owner; those of others no row opens to it.
  add("schema", `${catalog}.${schema}`, "USE_SCHEMA", "CREATE_TABLE");
  if (!ownsModel) {
    const [modelCatalog = "", modelSchema = ""] = model.split(".");
    add("catalog", modelCatalog, "USE_CATALOG");
    add("schema", `${modelCatalog}.${modelSchema}`, "USE_SCHEMA");
    add("model", model, "EXECUTE");
  }
  add("external-location", externalLocationName(environment, jobId), "READ_FILES", "WRITE_FILES");
  return [...grants.values()];
}

/** Azure scopes of the identity, with the role that it has on each. */
function roleScopes({ environment, jobId, secrets }: JobSpec) {
  const ofSecrets = secrets.map(({ vaultId, secretName }) => {
    if (!isSecretName(secretName)) {
      throw new RunError(
        `"${secretName}" can't name a secret: a name has 1 to 127 letters, digits and hyphens.`,
      );
    }
    return {
      name: `secret-${vaultNameOfId(vaultId)}-${secretName}`,
      scope: secretId(vaultId, secretName),
      roleId: grantableRoles.keyVaultSecretsUser.id,
    };
  });
  return [
    ...ofSecrets,
    {
      name: "container",
      scope: containerId(environment, jobId),
      roleId: grantableRoles.blobDataContributor.id,
    },
    { name: "metrics", scope: collectionRuleId(environment), roleId: grantableRoles.metricsPublisher.id },
  ];
}

export interface IdentityAccessArgs {
  readonly spec: JobSpec;
  /** object id in Entra ID */
  readonly principalId: Input<string>;
  /** what Databricks knows the identity by */
  readonly applicationId: Input<string>;
  /** the container and its external location: nobody can be let at what is not there */
  readonly container: Resource;
}

/**
 * What a job's identity may do: read the secrets of its rows, use its own container, report metrics, make
 * tables in the environment's schema. It holds all that itself, since membership of a managed identity in a group is
 * cached for up to a day.
 */
export class IdentityAccess extends ComponentResource {
  constructor(name: string, args: IdentityAccessArgs, opts: ComponentResourceOptions) {
    super("rowgate:components:IdentityAccess", name, {}, opts);
    const { spec, principalId, applicationId, container } = args;
    const options = { parent: this, dependsOn: [container] };
    for (const { name: grantName, scope, roleId } of roleScopes(spec)) {
      roleGrant(grantName, { scope, roleId, principalId, principalType: "ServicePrincipal" }, options);
    }
    for (const grant of unityGrants(spec)) unityGrant(grant, applicationId, options);
    this.registerOutputs();
  }
}
