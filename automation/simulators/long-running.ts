/**
 * Operations that take time, when the time factor says so. A create or an update is carried out at once and
 * its object shows that it is not ready; a delete is tried out at once and carried out at the end. The call
 * waits, as azure-native polls. Who stops waiting leaves an object behind that says Canceled, and a process
 * that dies leaves one that says Failed: writing it again makes it whole.
 */
import { armError } from "./cloud-error.ts";
import { isBody } from "./json.ts";
import type { CallContext, Made, ResourceType } from "./resource-type.ts";
import type { CloudObject, Store } from "./store.ts";
import { NoAnswer } from "./strike.ts";
import { type MovingState, movingStates } from "./under-way.ts";

export interface LongCall {
  readonly type: ResourceType;
  readonly call: "create" | "update" | "delete";
  readonly ms: number;
  /** the caller waits no longer */
  readonly gone: AbortSignal;
}

const states = { create: "Creating", update: "Updating", delete: "Deleting" } as const;

/** A create or an update; `start` does the work. */
export async function makeOverTime(ctx: CallContext, long: LongCall, start: () => string): Promise<Made> {
  const { store } = ctx;
  const state = states[long.call];
  const id = store.transaction(() => {
    const made = start();
    showState(store, made, state);
    return made;
  });
  await hold(ctx, long, id);
  return store.transaction(() => {
    showState(store, id, "Succeeded");
    const made = long.type.read(ctx, id);
    if (made) return made;
    throw armError(404, "ResourceNotFound", `The Resource '${id}' was deleted while it was ${state}.`);
  });
}

export async function deleteOverTime(ctx: CallContext, long: LongCall, id: string): Promise<void> {
  const { store } = ctx;
  rehearse(store, () => long.type.delete(ctx, id));
  showState(store, id, states.delete);
  await hold(ctx, long, id);
  store.transaction(() => {
    try {
      store.attempt(() => long.type.delete(ctx, id));
    } catch (fault) {
      // something came to need it meanwhile
      showState(store, id, "Succeeded");
      throw fault;
    }
  });
}

async function hold(ctx: CallContext, { type, call, ms, gone }: LongCall, id: string): Promise<void> {
  const body = ctx.store.get(type.cloud, id)?.body ?? {};
  const release = ctx.underWay.hold(id, states[call], type.holds(id, body));
  try {
    await ctx.underWay.wait(ms, gone);
  } catch (fault) {
    // of what is left when the clouds stop, the next ones will say that it failed
    if (!(fault instanceof NoAnswer)) showState(ctx.store, id, "Canceled");
    throw fault;
  } finally {
    release();
  }
}

/** Throws what the work would throw, and changes nothing. */
function rehearse(store: Store, work: () => void): void {
  const done = new Error("rehearsed");
  try {
    store.attempt(() => {
      work();
      throw done;
    });
  } catch (fault) {
    if (fault !== done) throw fault;
  }
}

type ShownState = MovingState | "Succeeded" | "Canceled" | "Failed";

/** Nothing happens to an object whose type shows no state. */
function showState(store: Store, id: string, provisioningState: ShownState): void {
  const object = store.get("azure", id);
  if (object) store.put(withState(object, provisioningState));
}

function withState(object: CloudObject, provisioningState: ShownState): CloudObject {
  const { properties, ...rest } = object.body;
  const nested = isBody(properties) && "provisioningState" in properties;
  return {
    ...object,
    body: {
      ...rest,
      ...("provisioningState" in rest ? { provisioningState } : {}),
      ...(nested ? { properties: { ...properties, provisioningState } } : properties ? { properties } : {}),
    },
  };
}

/** What a process left in the middle of something when it ended. */
export function failInterrupted(store: Store): void {
  const rows = store.all(
    `select id from objects where cloud = 'azure' and deleted_at is null
       and json_extract(body, '$.provisioningState') in (${movingStates.map(() => "?").join(", ")})`,
    ...movingStates,
  );
  for (const { id } of rows) showState(store, String(id), "Failed");
}
