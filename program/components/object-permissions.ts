import { Permissions, type PermissionsArgs } from "@pulumi/databricks/permissions.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { AclObjectType, ObjectAclSpec } from "../../metadata-schema/desired-state.ts";

/** The argument that names an object of each type. */
const idArgument = {
  "cluster-policy": "clusterPolicyId",
  "interactive-policy": "clusterPolicyId",
  experiment: "experimentId",
  "instance-pool": "instancePoolId",
  job: "jobId",
  "serving-endpoint": "servingEndpointId",
  warehouse: "sqlEndpointId",
} as const satisfies Record<AclObjectType, keyof PermissionsArgs>;

/** The whole access list of one Databricks object: whoever isn't on it loses access, but for owner and admins. */
export const objectPermissions = (object: ObjectAclSpec, opts: CustomResourceOptions): Permissions =>
  new Permissions(
    object.type,
    {
      [idArgument[object.type]]: object.id,
      accessControls: object.accessControls.map(({ principal, name, level }) => ({
        ...(principal === "group" ? { groupName: name } : { servicePrincipalName: name }),
        permissionLevel: level,
      })),
    },
    opts,
  );
