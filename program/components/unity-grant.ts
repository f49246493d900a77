import { Grant, type GrantArgs } from "@pulumi/databricks/grant.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { UnityGrantSpec } from "../../metadata-schema/desired-state.ts";

function securableArgs({ securable, name }: UnityGrantSpec): Pick<GrantArgs, "catalog" | "schema" | "model"> {
  switch (securable) {
    case "catalog":
      return { catalog: name };
    case "schema":
      return { schema: name };
    case "model":
      return { model: name };
    default:
      return securable satisfies never;
  }
}

/**
 * All that one principal holds on one securable: what isn't in it is revoked, other principals are untouched.
 * @param principal display name of a group: Unity Catalog knows no object ids
 */
export const unityGrant = (grant: UnityGrantSpec, principal: string, opts: CustomResourceOptions): Grant =>
  new Grant(
    `${grant.securable}-${grant.name}`,
    { ...securableArgs(grant), principal, privileges: [...grant.privileges] },
    opts,
  );
