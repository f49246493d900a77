/**
 * A stack's state as the engine keeps it (deployment, version 3; seen with engine 3.259.0), and the changes
 * that are made to it outside of a run. Pure.
 *
 * A grafted resource is one that was put in with its id and without a look at the cloud. It bears a mark that
 * the engine clears itself when it refreshes the resource: so a mark that is still there means that the look
 * is still due, whoever died in between.
 */
import { hasUnknown, isProperties, type Properties } from "../../program/adoption/rules.ts";

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly custom?: boolean;
  readonly id?: string;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
  readonly parent?: string;
  /** `<urn>::<id>` of the provider resource */
  readonly provider?: string;
  readonly dependencies?: readonly string[];
  /** replaced by another of the same URN, and to be deleted */
  readonly delete?: boolean;
  /** deleted in its cloud already, and about to be made again */
  readonly pendingReplacement?: boolean;
  readonly initErrors?: readonly string[];
}

export interface PendingOperation {
  readonly resource: StateResource;
  readonly type: string;
}

export interface Deployment {
  readonly manifest?: { readonly time?: string };
  readonly resources?: readonly StateResource[];
  readonly pending_operations?: readonly PendingOperation[];
}

export type Checkpoint =
  /** null: a stack that no run has written yet */
  | { readonly status: "good"; readonly deployment: Deployment | null }
  | { readonly status: "unreadable"; readonly why: string };

const graftMark = "put into the state by the service; not yet looked at";

/** Reads a checkpoint file's text, and proves that the engine could use it. */
export function parseCheckpoint(text: string): Checkpoint {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { status: "unreadable", why: text === "" ? "it is empty" : "it is no whole JSON" };
  }
  const checkpoint = isProperties(parsed) ? parsed.checkpoint : undefined;
  if (!isProperties(parsed) || parsed.version !== 3 || !isProperties(checkpoint))
    return { status: "unreadable", why: "it is no checkpoint of version 3" };
  const { latest } = checkpoint;
  if (latest === undefined || latest === null) return { status: "good", deployment: null };
  const why = isProperties(latest) ? faultOf(latest) : "its deployment is no object";
  return why === null ? { status: "good", deployment: latest as Deployment } : { status: "unreadable", why };
}

/** Text of a checkpoint file with another deployment. */
export const checkpointText = (stack: string, project: string, deployment: Deployment): string =>
  JSON.stringify({
    version: 3,
    checkpoint: { stack: `organization/${project}/${stack}`, latest: deployment },
  });

/** What the engine's own integrity check would refuse: whatever a resource refers to comes before it. */
function faultOf(deployment: Properties): string | null {
  const resources = deployment.resources ?? [];
  const operations = deployment.pending_operations ?? [];
  if (!Array.isArray(resources) || !Array.isArray(operations)) return "its resources are no list";
  const seen = new Set<string>();
  const known = (urn: unknown): boolean => urn === undefined || urn === "" || seen.has(String(urn));
  for (const resource of resources) {
    if (!isResource(resource)) return "one of its resources has no URN or type";
    const { urn, parent, provider, dependencies = [] } = resource;
    if (!known(parent)) return `${urn} comes before its parent ${parent}`;
    if (!known(provider)) return `${urn} comes before its provider ${provider}`;
    const lost = dependencies.find((dependency) => !known(dependency));
    if (lost !== undefined) return `${urn} comes before ${lost}, on which it depends`;
    seen.add(urn);
    if (resource.id !== undefined) seen.add(`${urn}::${resource.id}`);
  }
  const whole = operations.every((operation) => isProperties(operation) && isResource(operation.resource));
  return whole ? null : "one of its pending operations has no resource";
}

const isResource = (value: unknown): value is StateResource =>
  isProperties(value) && typeof value.urn === "string" && typeof value.type === "string";

/** Objects that may have been made without anybody knowing. */
export const pendingCreates = (deployment: Deployment): readonly StateResource[] =>
  (deployment.pending_operations ?? [])
    .filter(({ type }) => type === "creating")
    .map(({ resource }) => resource);

export const withoutPendingCreate = (deployment: Deployment, urn: string): Deployment => ({
  ...deployment,
  pending_operations: (deployment.pending_operations ?? []).filter(
    (operation) => operation.type !== "creating" || operation.resource.urn !== urn,
  ),
});

export const withPendingCreate = (deployment: Deployment, resource: StateResource): Deployment => ({
  ...deployment,
  pending_operations: [
    ...(withoutPendingCreate(deployment, resource.urn).pending_operations ?? []),
    { resource, type: "creating" },
  ],
});

/**
 * Puts a resource in, with its id; outputs are its inputs until the refresh. Its pending create goes. What
 * held the URN before stays to be deleted, unless it is the same object or gone already.
 */
export function graft(deployment: Deployment, resource: StateResource, id: string): Deployment {
  const cleared = withoutPendingCreate(deployment, resource.urn);
  const others = (cleared.resources ?? [])
    .filter((held) => held.urn !== resource.urn || (!held.pendingReplacement && held.id !== id))
    .map((held) => (held.urn === resource.urn ? { ...held, delete: true } : held));
  const inputs = known(resource.inputs ?? {});
  const grafted: StateResource = {
    urn: resource.urn,
    type: resource.type,
    custom: true,
    id,
    inputs,
    outputs: inputs,
    ...(resource.parent ? { parent: resource.parent } : {}),
    ...(resource.provider ? { provider: resource.provider } : {}),
    initErrors: [graftMark],
  };
  return { ...cleared, resources: [...others, grafted] };
}

/** Inputs that aren't known yet are left out: the run that follows sets them. */
const known = (inputs: Properties): Properties =>
  Object.fromEntries(Object.entries(inputs).filter(([, value]) => !hasUnknown(value)));

/**
 * Whether the clouds may hold something else than the state says: a grafted resource still waits for its look, or an
 * engine died in an update. The next engine drives that one again only if the spec still asks for it; after a
 * revert it sees nothing to do, and what the cloud took would stay.
 */
export const awaitsRefresh = (deployment: Deployment): boolean =>
  (deployment.resources ?? []).some(({ initErrors }) => initErrors?.includes(graftMark)) ||
  (deployment.pending_operations ?? []).some(({ type }) => type === "updating");

/** The live resource of a URN. */
export const resourceOf = (deployment: Deployment, urn: string): StateResource | undefined =>
  (deployment.resources ?? []).find((resource) => resource.urn === urn && resource.delete !== true);

/** The provider resource that a reference names. */
export function providerOf(deployment: Deployment, reference: string | undefined): StateResource | undefined {
  return (deployment.resources ?? []).find(({ urn, id }) => `${urn}::${id}` === reference);
}

/** Whether nothing of a resource is in any cloud: components, and providers themselves. */
export const isOurBookkeeping = ({ type, custom }: StateResource): boolean =>
  custom !== true || type.startsWith("pulumi:");
