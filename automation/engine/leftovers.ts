/**
 * Leftovers: creates whose end nobody knows. The engine would create such an object again without a word, so
 * each is found first, by the adoption table, and put into the state with its id.
 *
 * A leftover: pending (in the checkpoint, written by an engine that was killed, or by `rememberCreates` after
 * an answer that was lost) → found (grafted) | absent (cleared) | unresolved (the run ends, a person says).
 */
import { collidedWith } from "../../program/adoption/adoption-table.ts";
import {
  type Deployment,
  graft,
  isOurBookkeeping,
  pendingCreates,
  providerOf,
  type StateResource,
  withoutPendingCreate,
  withPendingCreate,
} from "./checkpoint.ts";
import { mayHaveMade, tellsOfExisting } from "./create-outcome.ts";
import type { FailedCreate } from "./create-watch.ts";
import type { EngineFailure } from "./engine.ts";
import { stackFailure } from "./engine-errors.ts";
import { type Located, locate, needsProvider, type Sought } from "./locate.ts";
import { areOurDeadLocks, areOwnDeadLocks } from "./locks.ts";
import { type Outcome, type RunContext, refused, tell } from "./run-context.ts";
import type { Ask } from "./scratch-stack.ts";
import { readCheckpoint, writeCheckpoint } from "./state-file.ts";

export interface Unresolved {
  readonly resource: StateResource;
  readonly candidates: readonly string[];
  readonly why: string;
}

export interface Resolved {
  readonly deployment: Deployment;
  /** URNs of leftovers that were dealt with */
  readonly settled: ReadonlySet<string>;
}

/** In place of an id, where a person says that there is no object. */
export const noObject = "none";

/** Finds what is pending in a deployment; a refresh has to follow. */
export async function resolveLeftovers(
  context: RunContext,
  deployment: Deployment,
): Promise<Outcome<Resolved>> {
  const pending = pendingCreates(deployment);
  const said = new Map(context.request.adopt.map(({ urn, id }) => [urn, id]));
  const settled = new Set<string>();
  const unresolved: Unresolved[] = [];
  let next = deployment;
  const settle = (resource: StateResource, id: string | null): void => {
    settled.add(resource.urn);
    next = id === null ? withoutPendingCreate(next, resource.urn) : graft(next, resource, id);
    if (isOurBookkeeping(resource)) return;
    if (id !== null) context.recovered("leftover", resource.type);
    const found = id === null ? "no object was made; it is made now" : `it is looked for as ${id}`;
    tell(context, resource.urn, `An earlier run did not learn whether its create was carried out: ${found}.`);
  };
  const sought: Sought[] = [];
  for (const resource of pending) {
    const id = said.get(resource.urn);
    const provider = providerOf(deployment, resource.provider);
    if (isOurBookkeeping(resource)) settle(resource, null);
    else if (id !== undefined) settle(resource, id === noObject ? null : id);
    else if (provider !== undefined) sought.push({ resource, provider });
    else unresolved.push({ resource, candidates: [], why: "the state lacks its provider" });
  }
  for (const { resource, located } of await locateAll(context, sought)) {
    if (located.status === "found") settle(resource, located.id);
    else if (located.status === "absent") settle(resource, null);
    else unresolved.push({ resource, ...openQuestion(located) });
  }
  if (unresolved.length > 0) return refused(leftoverUnresolved(context.request.stack, unresolved));
  return { status: "done", value: { deployment: next, settled } };
}

/** Locates each; starts an engine only if a provider has to be asked. */
export async function locateAll(
  { scratch }: RunContext,
  sought: readonly Sought[],
): Promise<readonly { readonly resource: StateResource; readonly located: Located }[]> {
  const all = (ask: Ask) =>
    Promise.all(sought.map(async (each) => ({ resource: each.resource, located: await locate(each, ask) })));
  if (sought.some(needsProvider)) return scratch.withProviders(all);
  return all(() => Promise.reject(new RangeError("no provider was asked for")));
}

export const openQuestion = (
  located: Exclude<Located, { status: "found" | "absent" }>,
): Pick<Unresolved, "candidates" | "why"> =>
  located.status === "unknown" ? { candidates: [], why: "what it is found by is not known" } : located;

/** Writes creates that failed without a certain end into the checkpoint, for the next run to find. */
export async function rememberCreates(
  context: RunContext,
  failed: readonly FailedCreate[],
  settled: ReadonlySet<string>,
): Promise<void> {
  const isOpen = ({ resource, message }: FailedCreate): boolean =>
    // What was looked for in vain and exists all the same was not visible yet.
    mayHaveMade(message) || (settled.has(resource.urn) && tellsOfExisting(message));
  const open = failed.filter((create) => !isOurBookkeeping(create.resource) && isOpen(create));
  tellOfCollisions(
    context,
    failed.filter((create) => !open.includes(create)),
  );
  if (open.length === 0) return;
  const { request, parts, spawned } = context;
  const { state } = parts.settings;
  const checkpoint = await readCheckpoint(state, request.stack);
  if (checkpoint.status !== "good" || checkpoint.deployment === null) return;
  const locks = await writeCheckpoint(state, {
    stack: request.stack,
    deployment: open.reduce((each, { resource }) => withPendingCreate(each, resource), checkpoint.deployment),
    isRestore: false,
    mayPass: (held) => areOwnDeadLocks(held, spawned) || areOurDeadLocks(held, request.deadEngines),
  });
  for (const { resource } of open) {
    const then =
      locks === null ? "the next run looks for it first" : "the stack is locked, so it is not noted";
    tell(context, resource.urn, `Whether the create was carried out is not known: ${then}.`);
  }
}

function tellOfCollisions(context: RunContext, refusals: readonly FailedCreate[]): void {
  for (const { resource, message } of refusals) {
    const objectId = collidedWith(resource.type, message, resource.inputs ?? {});
    if (objectId === null) continue;
    context.step({
      operation: "adopt",
      urn: resource.urn,
      type: resource.type,
      status: "message",
      objectId,
      message: "It exists already. `rowgate adopt` shows what taking it over would change, and does it.",
    });
  }
}

export function leftoverUnresolved(stack: string, unresolved: readonly Unresolved[]): EngineFailure {
  const things = unresolved.map(({ resource, candidates, why }) => {
    const seen = candidates.length === 0 ? "" : ` (found: ${candidates.join(", ")})`;
    return `${resource.urn} may have been made by a run whose end is not known: ${why}${seen}.`;
  });
  return stackFailure(
    "permanent",
    "LeftoverUnresolved",
    `Stack ${stack}: ${things.join(" ")} Nothing is built until somebody says which object it is: ` +
      `\`rowgate adopt ${stack}\` with the URN and its id, or with "${noObject}" if there is none.`,
  );
}
