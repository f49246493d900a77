/**
 * Taking over what exists: everything a doubtful state may have forgotten, what a person named, and, without
 * a change, what could be taken over.
 */
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { type Deployment, resourceOf, type StateResource } from "./checkpoint.ts";
import type { EngineFailure } from "./engine.ts";
import { stackFailure } from "./engine-errors.ts";
import { type Choose, foreseeCreates } from "./foreseen-creates.ts";
import { leftoverUnresolved, locateAll, noObject, openQuestion, type Unresolved } from "./leftovers.ts";
import { type Outcome, type RunContext, refused, tell } from "./run-context.ts";
import type { ForeseenStep } from "./scratch-stack.ts";

/** Chooses what the table finds; what it can't decide is kept in `open`. */
function chooseByTable(context: RunContext, open: Map<string, Unresolved>, takeNamesakes: boolean): Choose {
  const settled = new Set<string>();
  return async (creates, providerOf) => {
    const sought = creates.flatMap((resource) => {
      const provider = providerOf(resource);
      return provider === undefined || settled.has(resource.urn) ? [] : [{ resource, provider }];
    });
    const ids = new Map<string, string>();
    for (const { resource, located } of await locateAll(context, sought)) {
      if (located.status === "found") ids.set(resource.urn, located.id);
      if (located.status === "unresolved") {
        const [only, ...more] = located.candidates;
        open.set(resource.urn, { resource, ...openQuestion(located) });
        if (takeNamesakes && only !== undefined && more.length === 0) ids.set(resource.urn, only);
      }
      // What is not known yet, or was chosen and has to wait for its inputs, is asked for again.
      if (located.status !== "unknown" && !ids.has(resource.urn)) settled.add(resource.urn);
    }
    return ids;
  };
}

/** The state may be older than the clouds: whatever exists of what the program would create is put in. */
export async function recoverForgotten(
  context: RunContext,
  spec: StackSpec,
  deployment: Deployment | null,
): Promise<Outcome<Deployment | null>> {
  const open = new Map<string, Unresolved>();
  const foreseen = await foreseeCreates(context, spec, deployment, chooseByTable(context, open, false));
  if (open.size > 0) return refused(leftoverUnresolved(context.request.stack, [...open.values()]));
  for (const [urn, { id, step }] of foreseen.existing) {
    context.recovered("leftover", step.resource.type);
    tell(context, urn, `The state did not know it, but it exists: ${id} is taken over.`);
  }
  // Untouched if nothing was forgotten: a stack that no run has written yet stays one.
  const value = foreseen.existing.size === 0 ? deployment : foreseen.deployment;
  return { status: "done", value };
}

/** Puts exactly the named objects in, if each exists and is what the program would create. */
export async function adoptNamed(
  context: RunContext,
  spec: StackSpec,
  deployment: Deployment | null,
): Promise<Outcome<Deployment | null>> {
  const { adopt, stack } = context.request;
  const wanted = new Map<string, string>();
  for (const { urn, id } of adopt) {
    const held = resourceOf(deployment ?? {}, urn)?.id;
    if (id === noObject) continue;
    if (held === undefined) wanted.set(urn, id);
    // An earlier try of this run may have put it in, and gone on from there.
    else if (held !== id) tell(context, urn, `The stack has ${held} there already; ${id} is left alone.`);
  }
  if (wanted.size === 0) return { status: "done", value: deployment };
  const foreseen = await foreseeCreates(context, spec, deployment, async (creates) => {
    const named = creates.flatMap(({ urn }): [string, string][] => {
      const id = wanted.get(urn);
      return id === undefined ? [] : [[urn, id]];
    });
    return new Map(named);
  });
  for (const [urn, id] of wanted) {
    const found = foreseen.existing.get(urn);
    if (foreseen.missing.has(urn)) return refused(adoptRefused(stack, urn, `there is no object ${id}`));
    if (found === undefined)
      return refused(adoptRefused(stack, urn, "the rows ask for no new object of this name"));
    if (isReplaced(found.step)) return refused(adoptRefused(stack, urn, cannotKeep(found.step)));
    tell(context, urn, `${id} is taken over.`);
  }
  return { status: "done", value: foreseen.deployment };
}

/** Tells, as steps, what exists of what the stack would create. Changes nothing. */
export async function listAdoptable(
  context: RunContext,
  spec: StackSpec,
  deployment: Deployment | null,
): Promise<void> {
  const open = new Map<string, Unresolved>();
  const foreseen = await foreseeCreates(context, spec, deployment, chooseByTable(context, open, true));
  const say = ({ urn, type }: StateResource, objectId: string | null, message: string): void =>
    context.step({ operation: "adopt", urn, type, status: "message", objectId, message });
  for (const [urn, { id, step }] of foreseen.existing) {
    const note = open.has(urn) ? "Nothing shows that it is ours. " : "";
    say(step.resource, id, `${note}${whatDiffers(step)}`);
  }
  for (const [urn, { resource, candidates, why }] of open) {
    if (foreseen.existing.has(urn)) continue;
    if (candidates.length === 0) say(resource, null, `Whether it exists is not known: ${why}.`);
    for (const id of candidates) say(resource, id, `One of ${candidates.length}: ${why}.`);
  }
}

const isReplaced = ({ operation }: ForeseenStep): boolean => operation === "replace";

const listOf = ({ differs }: ForeseenStep): string => differs.join(", ") || "something that is not told";

const cannotKeep = (step: ForeseenStep): string =>
  `it would be deleted and made again, as it differs in what can't be changed: ${listOf(step)}`;

function whatDiffers(step: ForeseenStep): string {
  if (isReplaced(step)) return `It can't be taken over: ${cannotKeep(step)}.`;
  return step.operation === "update"
    ? `It differs from the rows, and would be changed: ${listOf(step)}.`
    : "It is as the rows want it.";
}

const adoptRefused = (stack: string, urn: string, why: string): EngineFailure =>
  stackFailure(
    "permanent",
    "AdoptRefused",
    `Stack ${stack}: ${urn} is not taken over, and nothing is built: ${why}. ` +
      `\`rowgate adopt ${stack}\` lists what can be.`,
  );
