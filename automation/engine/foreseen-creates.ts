/**
 * Which of the objects that a run would create exist already. The run is previewed on a copy of the state into
 * which they are put one generation after the other: what is known of the first makes the ids of the next
 * known, and the preview's own look at the clouds drops those that do not exist.
 */
import { randomUUID } from "node:crypto";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { hasUnknown } from "../../program/adoption/rules.ts";
import { stackProgram } from "../../program/stack-program.ts";
import { type Deployment, graft, isOurBookkeeping, resourceOf, type StateResource } from "./checkpoint.ts";
import type { RunContext } from "./run-context.ts";
import type { ForeseenStep } from "./scratch-stack.ts";

export interface Foreseen {
  /** the state with all that exists of what was chosen */
  readonly deployment: Deployment;
  /** by URN: objects that exist, with what a run would then do with each */
  readonly existing: ReadonlyMap<string, { readonly id: string; readonly step: ForeseenStep }>;
  /** URNs of objects that were chosen and do not exist */
  readonly missing: ReadonlySet<string>;
}

/** Chooses ids for creates that come up; asked again with each generation, never again for one it chose. */
export type Choose = (
  creates: readonly StateResource[],
  providerOf: (resource: StateResource) => StateResource | undefined,
) => Promise<ReadonlyMap<string, string>>;

export async function foreseeCreates(
  { scratch }: RunContext,
  spec: StackSpec,
  deployment: Deployment | null,
  choose: Choose,
): Promise<Foreseen> {
  const program = stackProgram(spec);
  const chosen = new Map<string, string>();
  let state: Deployment = deployment ?? {};
  for (;;) {
    const steps = await scratch.foresee(
      program,
      deployment === null && chosen.size === 0 ? null : state,
      true,
    );
    const byUrn = new Map(steps.map((step) => [step.resource.urn, step]));
    const creates = steps
      .filter(({ operation, resource }) => operation === "create" && !chosen.has(resource.urn))
      .map(({ resource }) => resource)
      .filter((resource) => !isOurBookkeeping(resource));
    const ids = await choose(creates, ({ provider }) => byUrn.get(urnOfReference(provider))?.resource);
    const found = creates.filter(({ urn }) => ids.has(urn));
    if (found.length === 0) return outcome(state, chosen, byUrn);
    // Those whose inputs are all known first: they may make the others' known.
    const whole = found.filter(({ inputs }) => !hasUnknown(inputs));
    for (const resource of whole.length > 0 ? whole : found) {
      const id = ids.get(resource.urn) ?? "";
      chosen.set(resource.urn, id);
      state = graftWithKin(state, byUrn, resource, id);
    }
  }
}

function outcome(
  state: Deployment,
  chosen: ReadonlyMap<string, string>,
  steps: ReadonlyMap<string, ForeseenStep>,
): Foreseen {
  const existing = new Map<string, { id: string; step: ForeseenStep }>();
  const missing = new Set<string>();
  for (const [urn, id] of chosen) {
    const step = steps.get(urn);
    if (step === undefined || step.operation === "create") missing.add(urn);
    else existing.set(urn, { id, step });
  }
  const resources = (state.resources ?? []).filter(({ urn }) => !missing.has(urn));
  return { deployment: { ...state, resources }, existing, missing };
}

/** Grafts a resource and, before it, what it refers to and the state lacks: parents and its provider. */
function graftWithKin(
  state: Deployment,
  steps: ReadonlyMap<string, ForeseenStep>,
  resource: StateResource,
  id: string,
): Deployment {
  const withParent = withKin(state, steps, resource.parent);
  const withProvider = withKin(withParent, steps, urnOfReference(resource.provider));
  const provider = resourceOf(withProvider, urnOfReference(resource.provider));
  const reference = provider === undefined ? {} : { provider: `${provider.urn}::${provider.id}` };
  return graft(withProvider, { ...resource, ...reference }, id);
}

function withKin(
  state: Deployment,
  steps: ReadonlyMap<string, ForeseenStep>,
  urn: string | undefined,
): Deployment {
  const kin = urn === undefined ? undefined : steps.get(urn)?.resource;
  if (kin === undefined || resourceOf(state, kin.urn) !== undefined) return state;
  const before = withKin(state, steps, kin.parent);
  const isProvider = kin.type.startsWith("pulumi:providers:");
  const entry: StateResource = {
    urn: kin.urn,
    type: kin.type,
    custom: kin.custom ?? false,
    // The engine makes such an id up, too.
    ...(isProvider ? { id: randomUUID(), inputs: kin.inputs ?? {}, outputs: kin.inputs ?? {} } : {}),
    ...(kin.parent ? { parent: kin.parent } : {}),
  };
  return { ...before, resources: [...(before.resources ?? []), entry] };
}

/** `<urn>::<id>` → `<urn>` */
const urnOfReference = (reference: string | undefined): string =>
  (reference ?? "").split("::").slice(0, -1).join("::");
