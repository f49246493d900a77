import { Permissions, type PermissionsArgs } from "@pulumi/databricks/permissions.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { AclSpec } from "../../metadata-schema/desired-state.ts";

function objectArgs({ type, id }: AclSpec["object"]): Pick<PermissionsArgs, "jobId" | "clusterPolicyId"> {
  switch (type) {
    case "job":
      return { jobId: id };
    case "cluster-policy":
      return { clusterPolicyId: id };
    default:
      return type satisfies never;
  }
}

/** The whole access list of one Databricks object: whoever isn't on it loses access, but for owner and admins. */
export const objectPermissions = (spec: AclSpec, opts: CustomResourceOptions): Permissions =>
  new Permissions(
    "permissions",
    {
      ...objectArgs(spec.object),
      accessControls: spec.accessControls.map(({ groupName, level }) => ({
        groupName,
        permissionLevel: level,
      })),
    },
    opts,
  );
