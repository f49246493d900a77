import { all } from "@pulumi/pulumi";
import type { AccessSpec } from "../../metadata-schema/desired-state.ts";
import { azureProvider, databricksProvider } from "../components/providers.ts";
import { roleGrant } from "../components/role-grant.ts";
import { unityGrant } from "../components/unity-grant.ts";
import { workspaceMember } from "../components/workspace-member.ts";
import { roleAssignmentName } from "../layout/names.ts";
import type { PromisedOutputs } from "../outputs.ts";

/** All that one principal holds where a cloud grants to one principal at a time. */
export function access(spec: AccessSpec): PromisedOutputs<"access"> {
  const { environment, principal } = spec;
  // Only what is used: a provider that is made is also asked for credentials.
  const inAzure = spec.roleAssignments.length === 0 ? {} : { provider: azureProvider(environment) };
  const usesDatabricks = spec.unityGrants.length > 0 || spec.workspaceMember;
  const inDatabricks = usesDatabricks ? { provider: databricksProvider(environment, spec.workspace) } : {};
  const principalId = principal.objectId;
  const assignments = spec.roleAssignments.map(({ scope, roleId }) =>
    roleGrant(
      roleAssignmentName(scope, principalId, roleId),
      { scope, roleId, principalId, principalType: principal.type },
      inAzure,
    ),
  );
  if (spec.workspaceMember) workspaceMember(principal.displayName, inDatabricks);
  const grants = spec.unityGrants.map((grant) => unityGrant(grant, principal.displayName, inDatabricks));
  return {
    role_assignment_ids: all(assignments.map(({ id }) => id)),
    unity_grant_ids: all(grants.map(({ id }) => id)),
  };
}
