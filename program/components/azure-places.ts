import type { Provider } from "@pulumi/azure-native/provider.js";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { type ArmPlace, armPlace } from "../layout/names.ts";
import { azureProvider } from "./providers.ts";

export interface AzurePlace extends ArmPlace {
  /** of the subscription that the resource is in */
  readonly provider: Provider;
}

/**
 * Where resources are made. What an environment takes over may be in another subscription than the rest of it, and
 * so are its children: each subscription has a provider of its own, made when it is first needed.
 */
export function azurePlaces(environment: EnvironmentFacts): (armId: string) => AzurePlace {
  const home = environment.subscriptionId.toLowerCase();
  const providers = new Map<string, Provider>();
  const providerOf = (subscriptionId: string): Provider => {
    const name = subscriptionId.toLowerCase();
    const provider =
      providers.get(name) ??
      (name === home
        ? azureProvider(environment)
        : azureProvider({ ...environment, subscriptionId: name }, `azure-${name}`));
    providers.set(name, provider);
    return provider;
  };
  return (armId) => {
    const place = armPlace(armId);
    return { ...place, provider: providerOf(place.subscriptionId) };
  };
}
