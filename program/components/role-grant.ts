import { RoleAssignment } from "@pulumi/azure-native/authorization/roleAssignment.js";
import { type CustomResourceOptions, type Input, output } from "@pulumi/pulumi";
import { armPlace, roleAssignmentName, roleDefinitionId } from "../layout/names.ts";

export interface RoleGrantArgs {
  /** ARM id of what the role is held on; a resource taken over may be in another subscription than the rest */
  readonly scope: string;
  /** GUID of the Azure role */
  readonly roleId: string;
  readonly principalId: Input<string>;
  /** always said: left out, azure-native says "User" */
  readonly principalType: "Group" | "ServicePrincipal";
}

/** One Azure role of one principal on one scope. */
export const roleGrant = (name: string, args: RoleGrantArgs, opts: CustomResourceOptions): RoleAssignment =>
  new RoleAssignment(
    name,
    {
      roleAssignmentName: output(args.principalId).apply((principalId) =>
        roleAssignmentName(args.scope, principalId, args.roleId),
      ),
      scope: args.scope,
      // Roles of our own exist only in the subscription of what they are held on.
      roleDefinitionId: roleDefinitionId(armPlace(args.scope).subscriptionId, args.roleId),
      principalId: args.principalId,
      principalType: args.principalType,
    },
    // Azure refuses any change of an assignment (RoleAssignmentUpdateNotPermitted); azure-native knows only of
    // scope and principal. A triple can be assigned once, so the old assignment has to go first.
    { ...opts, replaceOnChanges: ["roleDefinitionId", "principalType"], deleteBeforeReplace: true },
  );
