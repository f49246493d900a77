import { IntegrationRuntime } from "@pulumi/azure-native/datafactory/integrationRuntime.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { EnvironmentFacts, IntegrationRuntimeSpec } from "../../metadata-schema/desired-state.ts";
import { managedNetworkName } from "../layout/managed-endpoints.ts";
import { armPlace, factoryId } from "../layout/names.ts";

/**
 * One integration runtime of the environment's factory. The key that registers a machine with a self-hosted one
 * is fetched where that machine is set up: asked for here, it would be in the state.
 */
export const integrationRuntime = (
  environment: EnvironmentFacts,
  runtime: IntegrationRuntimeSpec,
  opts: CustomResourceOptions,
): IntegrationRuntime => {
  const factory = armPlace(factoryId(environment));
  return new IntegrationRuntime(
    `runtime-${runtime.name}`,
    {
      resourceGroupName: factory.resourceGroup,
      factoryName: factory.name,
      integrationRuntimeName: runtime.name,
      properties: propertiesOf(runtime),
    },
    // A runtime does not move in or out of the managed network; its successor has its name.
    { ...opts, replaceOnChanges: ["properties.type"], deleteBeforeReplace: true },
  );
};

function propertiesOf(runtime: IntegrationRuntimeSpec) {
  const about = runtime.description === null ? {} : { description: runtime.description };
  switch (runtime.type) {
    case "managed":
      return {
        ...about,
        type: "Managed" as const,
        managedVirtualNetwork: { referenceName: managedNetworkName, type: "ManagedVirtualNetworkReference" },
        computeProperties: {
          // A managed network is in its factory's region, and so is every runtime in it.
          location: "AutoResolve",
          dataFlowProperties: {
            computeType: "General",
            coreCount: runtime.coreCount,
            timeToLive: runtime.timeToLiveMinutes,
            // Machines stay until their time is over, for the next data flow.
            cleanup: false,
          },
        },
      };
    case "self-hosted":
      return { ...about, type: "SelfHosted" as const };
    default:
      return runtime.type satisfies never;
  }
}
