/** What an Environments row says, in the words of specs. */
import type { EnvironmentFacts, VaultChoice, WorkspaceFacts } from "../../metadata-schema/desired-state.ts";
import type { EnvironmentRow } from "../../metadata-schema/rows.ts";
import type { OutputValues } from "../../metadata-schema/store.ts";
import {
  ownVaultId,
  ownVaultName,
  platformStack,
  secretId,
  vaultNameOfId,
  vaultUri,
  workspaceId,
} from "../../program/layout/names.ts";

export const environmentFacts = (row: EnvironmentRow): EnvironmentFacts => ({
  name: row.name,
  location: row.location,
  subscriptionId: row.subscription_id,
  tenantId: row.tenant_id,
  resourceGroup: row.resource_group,
});

export interface EnvironmentVault {
  readonly choice: VaultChoice;
  readonly id: string;
  readonly name: string;
  readonly uri: string;
  secretId(secretName: string): string;
}

/** The one vault of an environment: referenced by id, or made by its platform stack. Throws a RangeError on a bad id. */
export function vaultOf(row: EnvironmentRow): EnvironmentVault {
  const facts = environmentFacts(row);
  const referenced = row.key_vault_id;
  const id = referenced ?? ownVaultId(facts);
  const name = referenced === null ? ownVaultName(facts) : vaultNameOfId(referenced);
  return {
    choice: referenced === null ? { mode: "own", name } : { mode: "referenced", id },
    id,
    name,
    uri: vaultUri(name),
    secretId: (secretName) => secretId(id, secretName),
  };
}

/** Facts of the workspace; null: the platform stack has not told its address yet. */
export function workspaceFacts(
  environment: EnvironmentFacts,
  outputs: Readonly<Record<string, OutputValues>>,
): WorkspaceFacts | null {
  const host = outputs[platformStack(environment.name)]?.workspace_url;
  return typeof host === "string" ? { host, resourceId: workspaceId(environment) } : null;
}
