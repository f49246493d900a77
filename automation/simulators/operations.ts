/**
 * One call of the engine, from its inputs to the log: what every type has in common. A call that changes
 * anything is one transaction with its log entry, committed before it is answered; one that takes time
 * (long-running.ts) is logged when it is over.
 */
import { operationOn, recordActivity } from "./activity.ts";
import { type CallEntry, logCall } from "./calls.ts";
import { type CheckCall, type Checked, checkInputs, createBeforeDeleteMark } from "./check.ts";
import { CloudError } from "./cloud-error.ts";
import { type Difference, diffInputs } from "./diff.ts";
import { driftedInputs, importedInputs } from "./drift.ts";
import { throttledBy } from "./fault-words.ts";
import type { Body } from "./json.ts";
import { throughLag } from "./lag.ts";
import { deleteOverTime, makeOverTime } from "./long-running.ts";
import type { CallContext, Made, ResourceType } from "./resource-type.ts";
import { readSettings } from "./settings.ts";
import { NoAnswer } from "./strike.ts";
import type { ArmCallKind } from "./throttle.ts";

/** Which resource a call is about, taken from its URN. */
export interface Subject {
  readonly type: ResourceType;
  readonly name: string;
  readonly stack: string;
}

export interface ReadCall {
  readonly id: string;
  readonly inputs: Body;
  readonly recorded: Body;
}

export interface UpdateCall {
  readonly id: string;
  readonly inputs: Body;
  readonly oldInputs: Body;
  readonly recorded: Body;
  readonly preview: boolean;
}

export interface RemoveCall {
  readonly id: string;
  readonly recorded?: Body;
}

export type Found = { readonly id: string; readonly body: Body; readonly inputs: Body } | undefined;

export function check(ctx: CallContext, subject: Subject, call: Omit<CheckCall, "name">): Checked {
  return checkInputs(subject.type, ctx, { ...call, name: subject.name });
}

export function diff(subject: Subject, olds: Body, news: Body): Difference {
  return diffInputs(subject.type, olds, news);
}

export function create(ctx: CallContext, subject: Subject, inputs: Body, gone: AbortSignal): Answered<Made> {
  const { type } = subject;
  const given = withoutMark(inputs);
  return change(ctx, subject, {
    call: "create",
    id: type.idOf(ctx, given) ?? "",
    gone,
    start: () => type.create(ctx, given),
    answer: (made) => ({ id: made.id, body: withMark(made.body, inputs) }),
  });
}

export function read(ctx: CallContext, subject: Subject, call: ReadCall): Found {
  const { type } = subject;
  const entry = { call: "read", id: call.id } as const;
  return logged(ctx, subject, entry, () => {
    admit(ctx, subject, ["read"]);
    const made = throughLag(ctx, "read", () => type.read(ctx, call.id, call.inputs));
    if (!made) return undefined;
    const isImport = Object.keys(call.inputs).length === 0 && Object.keys(call.recorded).length === 0;
    const inputs = isImport
      ? importedInputs(type, made.id, made.body)
      : driftedInputs(type, {
          id: made.id,
          inputs: call.inputs,
          recorded: call.recorded,
          live: made.body,
        });
    return { id: made.id, body: withMark(made.body, call.inputs), inputs };
  });
}

export function update(
  ctx: CallContext,
  subject: Subject,
  call: UpdateCall,
  gone: AbortSignal,
): Answered<Body> {
  if (call.preview) return subject.type.preview(call.inputs, call.recorded);
  const { type } = subject;
  const asked = {
    id: call.id,
    inputs: withoutMark(call.inputs),
    oldInputs: withoutMark(call.oldInputs),
  };
  return change(ctx, subject, {
    call: "update",
    id: call.id,
    gone,
    start: () => ({ id: call.id, body: type.update(ctx, asked) }),
    answer: (made) => withMark(made.body, call.inputs),
  });
}

export function remove(
  ctx: CallContext,
  subject: Subject,
  { id, recorded }: RemoveCall,
  gone: AbortSignal,
): Answered<void> {
  const { type } = subject;
  const ms = durationMs(ctx, type, "delete");
  const entry = { call: "delete", id } as const;
  if (ms === 0 || !type.read(ctx, id)) {
    return logged(ctx, subject, entry, () => {
      admit(ctx, subject, ["write"]);
      type.delete(ctx, id, recorded);
    });
  }
  return loggedLater(ctx, subject, entry, () => {
    admit(ctx, subject, ["write"]);
    return deleteOverTime(ctx, { type, call: "delete", ms, gone }, id);
  });
}

/** An answer, at once or when the operation is over. */
export type Answered<T> = T | Promise<T>;

interface Change<T> {
  readonly call: "create" | "update";
  readonly id: string;
  readonly gone: AbortSignal;
  start(): Made;
  answer(made: Made): T;
}

function change<T>(ctx: CallContext, subject: Subject, { call, id, gone, start, answer }: Change<T>) {
  const { type } = subject;
  const ms = durationMs(ctx, type, call);
  // azure-native looks whether the object is there before it makes it
  const calls = call === "create" ? (["read", "write"] as const) : (["write"] as const);
  if (ms === 0) {
    const atOnce = () => {
      admit(ctx, subject, calls);
      return start();
    };
    return answer(logged(ctx, subject, { call, id }, atOnce));
  }
  return loggedLater(ctx, subject, { call, id }, () => {
    admit(ctx, subject, calls);
    return makeOverTime(ctx, { type, call, ms, gone }, () => start().id);
  }).then(answer);
}

const durationMs = (ctx: CallContext, type: ResourceType, call: keyof ResourceType["takes"]): number =>
  (type.takes[call] ?? 0) * readSettings(ctx.store).timeFactor * 1000;

/** Refuses what a limit of ARM's refuses. */
function admit(ctx: CallContext, { type }: Subject, calls: readonly ArmCallKind[]): void {
  if (type.cloud !== "azure") return;
  const settings = readSettings(ctx.store);
  const isNetwork = /^azure-native:(network|privatedns):/.test(type.token);
  for (const kind of calls) {
    const wait = ctx.throttle.take(kind, isNetwork, settings, Date.now());
    if (wait === null) continue;
    const call = kind === "read" ? "read" : "update";
    throw throttledBy(wait, { call, type: type.token, tenant: ctx.tenant });
  }
}

type Entry = Pick<CallEntry, "call" | "id">;

/** Work and its log entry in one transaction. */
function logged<T>(ctx: CallContext, subject: Subject, entry: Entry, work: () => T): T {
  try {
    return ctx.store.transaction(() => {
      const answer = work();
      log(ctx, subject, { ...entry, id: idOf(answer) ?? entry.id, result: "ok", message: null });
      return answer;
    });
  } catch (error) {
    logFailed(ctx, subject, entry, wordsOf(error));
    throw error;
  }
}

/** The log entry once the work is over. */
async function loggedLater<T>(
  ctx: CallContext,
  subject: Subject,
  entry: Entry,
  work: () => Promise<T>,
): Promise<T> {
  try {
    const answer = await work();
    log(ctx, subject, { ...entry, id: idOf(answer) ?? entry.id, result: "ok", message: null });
    return answer;
  } catch (error) {
    // the clouds stop, and their store is closed
    if (!(error instanceof NoAnswer)) logFailed(ctx, subject, entry, wordsOf(error));
    throw error;
  }
}

const wordsOf = (error: unknown): string => (error instanceof CloudError ? error.message : String(error));

const idOf = (answer: unknown): string | undefined =>
  typeof answer === "object" && answer !== null && "id" in answer ? String(answer.id) : undefined;

export function logFailed(ctx: CallContext, subject: Subject, entry: Entry, message: string): void {
  log(ctx, subject, { ...entry, result: "failed", message });
}

function log(
  ctx: CallContext,
  subject: Subject,
  entry: Pick<CallEntry, "call" | "id" | "result" | "message">,
): void {
  const { store, tenant } = ctx;
  // the log of calls has never had the id of what was not done
  const id = entry.result === "ok" ? entry.id : "";
  logCall(store, { ...entry, id, type: subject.type.token, name: subject.name, stack: subject.stack });
  if (subject.type.cloud !== "azure" || entry.call === "read" || entry.id === "") return;
  recordActivity(ctx, {
    caller: tenant.deployerId,
    operation: operationOn(entry.id, entry.call === "delete" ? "delete" : "write"),
    resourceId: entry.id,
    correlationId: crypto.randomUUID(),
    status: entry.result === "ok" ? "Succeeded" : "Failed",
    message: entry.message,
  });
}

const withoutMark = (inputs: Body): Body => {
  const { [createBeforeDeleteMark]: _mark, ...rest } = inputs;
  return rest;
};

const withMark = (body: Body, inputs: Body): Body =>
  inputs[createBeforeDeleteMark] === true ? { ...body, [createBeforeDeleteMark]: true } : body;
