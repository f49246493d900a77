import { PermissionAssignment } from "@pulumi/databricks/permissionAssignment.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";

/** Lets a group sign in to the workspace, as a user and never as an admin. */
export const workspaceMember = (groupName: string, opts: CustomResourceOptions): PermissionAssignment =>
  // Every change replaces it, and a group is assigned once: the old one has to go first.
  new PermissionAssignment(
    "workspace-member",
    { groupName, permissions: ["USER"] },
    { ...opts, deleteBeforeReplace: true },
  );
