import type { WorkspaceSpec } from "../../metadata-schema/desired-state.ts";
import { databricksProvider } from "../components/providers.ts";
import { WorkspaceSetup } from "../components/workspace-setup.ts";
import type { PromisedOutputs } from "../outputs.ts";

/**
 * What an environment has inside its workspace. Not the platform's: a workspace without a public side answers only
 * once it has a private endpoint, which comes after the platform.
 */
export function workspace(spec: WorkspaceSpec): PromisedOutputs<"workspace"> {
  const provider = databricksProvider(spec.environment, spec.workspace);
  const setup = new WorkspaceSetup("workspace-setup", spec, { providers: [provider] });
  return { warehouse_id: setup.warehouseId, storage_credential: setup.storageCredential };
}
