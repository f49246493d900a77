/**
 * Approves the private endpoints of the factory's managed network: Data Factory asks for each, and whoever owns
 * the target has to say yes. The environment's own targets are ours to say it for.
 *
 * A connection shows nothing of who asked but a name, and anybody in any tenant can ask by that name. So the factory's
 * own word is the proof: its endpoint is made and Pending, hence its connection is at the target; and the one
 * connection of that name, in whatever state, is then the factory's.
 */
import { z } from "zod";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { managedEndpoints, managedNetworkName } from "../../program/layout/managed-endpoints.ts";
import { armPlace, factoryId } from "../../program/layout/names.ts";
import type { ArmClient } from "../azure/arm-client.ts";
import { failureOfAnswer } from "./arm-failure.ts";
import type { CloudSteps, MayWrite, StepEnd } from "./cloud-steps.ts";

const connection = z.object({
  id: z.string(),
  name: z.string(),
  properties: z.object({
    privateEndpoint: z.object({ id: z.string() }).nullish(),
    privateLinkServiceConnectionState: z.object({ status: z.string() }),
  }),
});
const connectionList = z.object({ value: z.array(connection), nextLink: z.string().nullish() });
type Connection = z.infer<typeof connection>;

const managedEndpoint = z.object({
  properties: z.object({
    provisioningState: z.string().nullish(),
    connectionState: z.object({ status: z.string().nullish() }).nullish(),
  }),
});

export function approvalSteps(arm: ArmClient): CloudSteps {
  return {
    before: async () => done,
    after: async ({ spec }, _outputs, mayWrite) => {
      if (spec?.kind !== "platform") return done;
      for (const endpoint of managedEndpoints(spec.environment)) {
        const end = await approve({ arm, mayWrite }, spec.environment, endpoint);
        if (end.status !== "done") return end;
      }
      return done;
    },
    undo: async () => {},
  };
}

const done: StepEnd = { status: "done" };

interface Endpoint {
  readonly name: string;
  readonly targetId: string;
}

async function approve(
  { arm, mayWrite }: { readonly arm: ArmClient; readonly mayWrite: MayWrite },
  environment: EnvironmentFacts,
  endpoint: Endpoint,
): Promise<StepEnd> {
  const { name, targetId } = endpoint;
  const factory = factoryId(environment);
  const own = await arm.get(
    `${factory}/managedVirtualNetworks/${managedNetworkName}/managedPrivateEndpoints/${name}`,
  );
  // A person deleted it: the next look at the clouds finds that, and it is made again.
  if (own.status === "missing") return done;
  if (own.status !== "ok") return { status: "failed", failure: failureOfAnswer(own, "looked at") };
  // The factory is asked before the target: what was Pending then is in the list that the target shows now.
  const { provisioningState, connectionState } = managedEndpoint.parse(own.body).properties;
  if (connectionState?.status !== "Pending") return done;
  // What is still being made may not have asked yet, and who has asked by its name is somebody else.
  if (provisioningState !== "Succeeded") return notShown(endpoint);
  const answer = await arm.get(`${targetId}/privateEndpointConnections`);
  if (answer.status !== "ok") return { status: "failed", failure: failureOfAnswer(answer, "looked at") };
  // Data Factory makes the endpoint in a subscription of Microsoft's and names it so.
  const wanted = `${armPlace(factory).name}.${name}`.toLowerCase();
  const { value, nextLink } = connectionList.parse(answer.body);
  const [only, ...more] = value.filter(
    ({ properties }) => properties.privateEndpoint?.id.toLowerCase().split("/").at(-1) === wanted,
  );
  // Targets of ours have a page of them at most; somebody who asks often enough must not push ours to the next.
  if (more.length > 0 || nextLink) return ambiguous(endpoint, wanted);
  if (only === undefined) return notShown(endpoint);
  // The factory hears of an approval some time after it.
  if (statusOf(only) === "Approved") return done;
  // A cut or rejected one of an earlier endpoint is there, and ours is not yet.
  if (statusOf(only) !== "Pending") return notShown(endpoint);
  if (!mayWrite()) return { status: "stopped" };
  const approved = await arm.put(`${targetId}/privateEndpointConnections/${only.name}`, {
    properties: {
      privateLinkServiceConnectionState: { status: "Approved", description: "Approved by Rowgate" },
    },
  });
  return approved.status === "ok"
    ? done
    : { status: "failed", failure: failureOfAnswer(approved, "approved") };
}

const statusOf = ({ properties }: Connection): string => properties.privateLinkServiceConnectionState.status;

const notShown = ({ name, targetId }: Endpoint): StepEnd => ({
  status: "failed",
  failure: {
    class: "transient",
    code: "EndpointNotShown",
    message: `EndpointNotShown: The factory's private endpoint ${name} waits for approval, and ${targetId} does not show yet that it asks; it is tried again.`,
    scope: "stack",
    retryAfterMs: null,
  },
});

const ambiguous = ({ name, targetId }: Endpoint, connectionName: string): StepEnd => ({
  status: "failed",
  failure: {
    class: "permanent",
    code: "EndpointAmbiguous",
    message: `EndpointAmbiguous: ${targetId} has more than one private endpoint connection that can be ${connectionName}, and a name does not prove whose it is. None is approved. Remove those that are not the factory's, rejected and disconnected ones too, then reconcile; where nobody can tell, remove them all, delete the factory's managed private endpoint ${name}, and refresh the stack: it is made again.`,
    scope: "stack",
    retryAfterMs: null,
  },
});
