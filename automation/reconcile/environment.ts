/** What an Environments row says, in the words of specs. */
import type { EnvironmentFacts, WorkspaceFacts } from "../../metadata-schema/desired-state.ts";
import type { EnvironmentRow } from "../../metadata-schema/rows.ts";
import type { OutputValues } from "../../metadata-schema/store.ts";
import { isExistingResource } from "../../program/layout/existing-resources.ts";
import {
  platformStack,
  secretId,
  vaultId,
  vaultNameOfId,
  vaultUri,
  workspaceId,
} from "../../program/layout/names.ts";

/** All facts; program/layout/existing-resources.ts cuts them to what one kind of stack uses. */
export function environmentFacts(row: EnvironmentRow): EnvironmentFacts {
  const named = Object.entries(row.existing_resources).filter(([resource]) => isExistingResource(resource));
  const vault = row.key_vault_id === null ? [] : [["key_vault", row.key_vault_id] as const];
  return {
    name: row.name,
    location: row.location,
    subscriptionId: row.subscription_id,
    tenantId: row.tenant_id,
    resourceGroup: row.resource_group,
    existing: Object.fromEntries([...named, ...vault]),
  };
}

export interface EnvironmentVault {
  readonly id: string;
  readonly name: string;
  readonly uri: string;
  secretId(secretName: string): string;
}

/** The one vault of an environment: taken over, or made by its platform stack. Throws a RangeError on a bad id. */
export function vaultOf(facts: EnvironmentFacts): EnvironmentVault {
  const id = vaultId(facts);
  const name = vaultNameOfId(id);
  return { id, name, uri: vaultUri(name), secretId: (secretName) => secretId(id, secretName) };
}

/** Facts of the workspace; null: the platform stack has not told its address yet. */
export function workspaceFacts(
  environment: EnvironmentFacts,
  outputs: Readonly<Record<string, OutputValues>>,
): WorkspaceFacts | null {
  const host = outputs[platformStack(environment.name)]?.workspace_url;
  return typeof host === "string" ? { host, resourceId: workspaceId(environment) } : null;
}
