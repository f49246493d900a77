import { all, type Output } from "@pulumi/pulumi";
import type { RuntimesSpec } from "../../metadata-schema/desired-state.ts";
import { azurePlaces } from "../components/azure-places.ts";
import { integrationRuntime } from "../components/integration-runtime.ts";

import { factoryId } from "../layout/names.ts";
import type { IntegrationRuntimeOutput, PromisedOutputs } from "../outputs.ts";

/** The integration runtimes that rows ask for. */
export function runtimes(spec: RuntimesSpec): PromisedOutputs<"runtimes"> {
  const { environment } = spec;
  const { provider } = azurePlaces(environment)(factoryId(environment));
  const made: Record<string, Output<IntegrationRuntimeOutput>> = {};
  for (const runtime of spec.runtimes) {
    const { id } = integrationRuntime(environment, runtime, { provider });
    made[runtime.name] = id.apply((known) => ({ id: known, type: runtime.type }));
  }
  return { integration_runtimes: all(made) };
}
