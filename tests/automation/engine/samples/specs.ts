/** Stacks to fail with. */
import type { AccessSpec, PlatformSpec } from "../../../../metadata-schema/desired-state.ts";
import { accessStack, platformStack, workspaceId } from "../../../../program/layout/names.ts";
import { groupId, vaultId } from "../../../support/small-rows.ts";
import { facts, platformSpec } from "../../../support/small-specs.ts";

/** A platform of its own: azure-native, and azuread where it owns a group. */
export const platform = (name: string, group: string | null = null): PlatformSpec => ({
  ...platformSpec,
  stack: platformStack(name),
  environment: { ...facts, name, resourceGroup: `rg-ml-${name}` },
  ownGroup: group === null ? null : { displayName: group, memberObjectIds: [] },
});

/** Built before all else: access stacks grant in its workspace. */
export const shared = platform("eastus");

const keyVaultSecretsUser = {
  roleId: "4633458b-17de-408a-b874-0445c86b69e6",
  roleName: "Key Vault Secrets User",
};
const principal = { type: "Group", objectId: groupId("ds_team"), displayName: "ds_team" } as const;

/** An access stack with a grant on each model (databricks). */
export const grant = (
  host: string,
  name: string,
  models: readonly string[] = ["ml.models.credit_risk"],
): AccessSpec => ({
  kind: "access",
  stack: accessStack("eastus", `${principal.objectId}-${name}`),
  environment: shared.environment,
  workspace: { host, resourceId: workspaceId(shared.environment) },
  principal,
  workspaceMember: false,
  roleAssignments: [],
  unityGrants: models.map((model) => ({ securable: "model", name: model, privileges: ["EXECUTE"] })),
});

/** An access stack with one role assignment (azure-native), on a vault unless told otherwise. */
export const role = (host: string, name: string, scope: string = vaultId): AccessSpec => ({
  ...grant(host, name),
  roleAssignments: [{ scope, ...keyVaultSecretsUser }],
  unityGrants: [],
});
