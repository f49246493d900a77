/**
 * One call of the engine, from its inputs to the log: what every type has in common. A call that changes
 * anything is one transaction with its log entry, committed before it is answered.
 */
import { type CallEntry, logCall } from "./calls.ts";
import { type CheckCall, type Checked, checkInputs, createBeforeDeleteMark } from "./check.ts";
import { CloudError } from "./cloud-error.ts";
import { type Difference, diffInputs } from "./diff.ts";
import { driftedInputs, importedInputs } from "./drift.ts";
import type { Body } from "./json.ts";
import type { CallContext, Made, ResourceType } from "./resource-type.ts";

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

export type Found = { readonly id: string; readonly body: Body; readonly inputs: Body } | undefined;

export function check(ctx: CallContext, subject: Subject, call: Omit<CheckCall, "name">): Checked {
  return checkInputs(subject.type, ctx, { ...call, name: subject.name });
}

export function diff(subject: Subject, olds: Body, news: Body): Difference {
  return diffInputs(subject.type, olds, news);
}

export function create(ctx: CallContext, subject: Subject, inputs: Body): Made {
  const run = () => {
    const made = subject.type.create(ctx, withoutMark(inputs));
    return { id: made.id, answer: { id: made.id, body: withMark(made.body, inputs) } };
  };
  return carryOut(ctx, subject, { call: "create", run });
}

export function read(ctx: CallContext, subject: Subject, call: ReadCall): Found {
  const run = () => {
    const made = subject.type.read(ctx, call.id);
    if (!made) return { id: call.id, answer: undefined };
    const isImport = Object.keys(call.inputs).length === 0 && Object.keys(call.recorded).length === 0;
    const inputs = isImport
      ? importedInputs(subject.type, made.id, made.body)
      : driftedInputs(subject.type, { inputs: call.inputs, recorded: call.recorded, live: made.body });
    return { id: made.id, answer: { id: made.id, body: withMark(made.body, call.inputs), inputs } };
  };
  return carryOut(ctx, subject, { call: "read", run });
}

export function update(ctx: CallContext, subject: Subject, call: UpdateCall): Body {
  if (call.preview) return { ...call.recorded, ...call.inputs };
  const run = () => {
    const body = subject.type.update(ctx, {
      id: call.id,
      inputs: withoutMark(call.inputs),
      oldInputs: withoutMark(call.oldInputs),
    });
    return { id: call.id, answer: withMark(body, call.inputs) };
  };
  return carryOut(ctx, subject, { call: "update", run });
}

export function remove(ctx: CallContext, subject: Subject, id: string): void {
  const run = () => {
    subject.type.delete(ctx, id);
    return { id, answer: undefined };
  };
  carryOut(ctx, subject, { call: "delete", run });
}

interface Work<T> {
  readonly call: CallEntry["call"];
  run(): { id: string; answer: T };
}

function carryOut<T>(ctx: CallContext, subject: Subject, { call, run }: Work<T>): T {
  try {
    return ctx.store.transaction(() => {
      const { id, answer } = run();
      log(ctx, subject, { call, id, result: "ok", message: null });
      return answer;
    });
  } catch (error) {
    logFailed(ctx, subject, call, error instanceof CloudError ? error.message : String(error));
    throw error;
  }
}

export function logFailed(
  ctx: CallContext,
  subject: Subject,
  call: CallEntry["call"],
  message: string,
): void {
  log(ctx, subject, { call, id: "", result: "failed", message });
}

function log(
  ctx: CallContext,
  subject: Subject,
  entry: Pick<CallEntry, "call" | "id" | "result" | "message">,
): void {
  logCall(ctx.store, { ...entry, type: subject.type.token, name: subject.name, stack: subject.stack });
}

const withoutMark = (inputs: Body): Body => {
  const { [createBeforeDeleteMark]: _mark, ...rest } = inputs;
  return rest;
};

const withMark = (body: Body, inputs: Body): Body =>
  inputs[createBeforeDeleteMark] === true ? { ...body, [createBeforeDeleteMark]: true } : body;
