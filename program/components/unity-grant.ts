import { Grant, type GrantArgs } from "@pulumi/databricks/grant.js";
import type { CustomResourceOptions, Input } from "@pulumi/pulumi";
import type { UnityGrantSpec } from "../../metadata-schema/desired-state.ts";

/** What rows can grant on, and what a job's own identity holds beside it. */
const securableArguments = {
  catalog: "catalog",
  schema: "schema",
  model: "model",
  table: "table",
  "external-location": "externalLocation",
} as const satisfies Record<string, keyof GrantArgs>;

export interface GrantOn extends Omit<UnityGrantSpec, "securable"> {
  readonly securable: keyof typeof securableArguments;
}

/**
 * All that one principal holds on one securable: what isn't in it is revoked, other principals are untouched.
 * @param principal display name of a group or application id of a service principal: Unity Catalog knows no object ids
 */
export const unityGrant = (grant: GrantOn, principal: Input<string>, opts: CustomResourceOptions): Grant =>
  new Grant(
    `${grant.securable}-${grant.name}`,
    { [securableArguments[grant.securable]]: grant.name, principal, privileges: [...grant.privileges] },
    opts,
  );
