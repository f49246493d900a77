import { all } from "@pulumi/pulumi";
import type { NetworkSpec } from "../../metadata-schema/desired-state.ts";
import { PrivateLink } from "../components/private-link.ts";
import { azureProvider } from "../components/providers.ts";
import { browserAuthentication } from "../layout/names.ts";
import type { PromisedOutputs } from "../outputs.ts";

/** The private endpoints of one service. */
export function network(spec: NetworkSpec): PromisedOutputs<"network"> {
  const { environment, service } = spec;
  const providers = [azureProvider(environment)];
  const facts: Record<string, PrivateLink["facts"]> = {};
  let last: PrivateLink | null = null;
  // Databricks takes the endpoint of its sign-in page only once a workspace has one.
  const inOrder = spec.endpoints.toSorted(
    (a, b) => Number(a.groupId === browserAuthentication) - Number(b.groupId === browserAuthentication),
  );
  for (const endpoint of inOrder) {
    // A workspace refuses a second endpoint while it is busy with one (state Updating): one after the other.
    const dependsOn: PrivateLink[] = service === "databricks" && last !== null ? [last] : [];
    last = new PrivateLink(endpoint.name, { environment, service, endpoint }, { providers, dependsOn });
    facts[endpoint.name] = last.facts;
  }
  return { private_endpoints: all(facts) };
}
