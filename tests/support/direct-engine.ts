/**
 * A fake engine, for properties that need hundreds of roll-outs: a stack's real program runs in this process, and
 * what it registers goes straight into the simulated clouds' own operations: check, diff, create, update, delete.
 * tests/access/direct-engine.test.ts proves it against the real one.
 *
 * It knows what a stack of ours needs and no more: no preview, no refresh, no import, no leftovers. A run that
 * fails keeps what was done, and the next one goes on from there.
 */
import { runtime } from "@pulumi/pulumi";
import resources from "@pulumi/pulumi/proto/resource_pb.js";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import * as sdkState from "@pulumi/pulumi/runtime/state.js";
import type structs from "google-protobuf/google/protobuf/struct_pb.js";
import { Background } from "../../automation/simulators/background.ts";
import { invoke } from "../../automation/simulators/invoke.ts";
import { type Body, plain } from "../../automation/simulators/json.ts";
import * as operations from "../../automation/simulators/operations.ts";
import { bodyToStruct } from "../../automation/simulators/provider-struct.ts";
import type { CallContext, Tenant } from "../../automation/simulators/resource-type.ts";
import type { Store } from "../../automation/simulators/store.ts";
import { Hangs } from "../../automation/simulators/strike.ts";
import { Throttle } from "../../automation/simulators/throttle.ts";
import { resourceTypes } from "../../automation/simulators/types.ts";
import { UnderWay } from "../../automation/simulators/under-way.ts";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { stackProgram } from "../../program/stack-program.ts";

/** One object of a stack, as its state keeps it. */
interface Kept {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: Body;
  readonly outputs: Body;
  /** configuration of its provider */
  readonly config: Body;
  readonly retained: boolean;
}

type Kind = "create" | "update" | "replace" | "delete" | "same";
export type StepCounts = Readonly<Record<Kind, number>>;

export interface DirectRun {
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly steps: StepCounts;
}

/** What stacks have by URN, in the order in which it was registered. A plain value: it can be copied and put back. */
export type DirectState = ReadonlyMap<string, ReadonlyMap<string, Kept>>;

export class DirectEngine {
  readonly #context: Omit<CallContext, "config">;
  #stacks = new Map<string, ReadonlyMap<string, Kept>>();

  constructor(store: Store, tenant: Tenant) {
    this.#context = {
      store,
      tenant,
      hangs: new Hangs(),
      underWay: new UnderWay(),
      throttle: new Throttle(),
      background: new Background(),
      types: resourceTypes,
    };
  }

  get state(): DirectState {
    return new Map(this.#stacks);
  }
  set state(state: DirectState) {
    this.#stacks = new Map(state);
  }

  at(config: Body): CallContext {
    return { ...this.#context, config };
  }

  /** Throws what the program or a cloud throws. */
  async up(spec: StackSpec): Promise<DirectRun> {
    const { stack } = spec;
    const run = new Run(stack, this.#stacks.get(stack) ?? new Map(), (config) => this.at(config));
    try {
      const outputs = await run.carryOut(spec);
      await run.removeRest();
      return { outputs, steps: run.steps };
    } finally {
      this.#stacks.set(stack, run.state());
    }
  }

  async destroy(stack: string): Promise<StepCounts> {
    const run = new Run(stack, this.#stacks.get(stack) ?? new Map(), (config) => this.at(config));
    try {
      await run.removeRest();
      return run.steps;
    } finally {
      const left = run.state();
      if (left.size === 0) this.#stacks.delete(stack);
      else this.#stacks.set(stack, left);
    }
  }
}

type Reply<Response> = (error: unknown, response?: Response) => void;
type Registered = InstanceType<typeof resources.RegisterResourceRequest>;
type Read = InstanceType<typeof resources.ReadResourceRequest>;
type Invoked = InstanceType<typeof resources.ResourceInvokeRequest>;

const bodyOf = (message: structs.Struct | undefined): Body =>
  message === undefined ? {} : plain(revealed(message.toJavaScript() as Body) as Body);

/** A secret travels in an envelope, whose mark the SDK fixes; the clouds get what is in it. */
function revealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  if ("4dabf18193072939515e22adb298388d" in value) {
    const fields = value as { readonly value?: unknown; readonly id?: unknown };
    return revealed(fields.value ?? fields.id);
  }
  return Object.fromEntries(entries.map(([key, each]) => [key, revealed(each)]));
}

/** One run of one stack; also the resource monitor that the program talks to. */
class Run {
  readonly #stack: string;
  readonly #before: ReadonlyMap<string, Kept>;
  readonly #at: (config: Body) => CallContext;
  readonly #now = new Map<string, Kept>();
  readonly #removed = new Set<string>();
  readonly #replaced: Kept[] = [];
  readonly #providers = new Map<string, Body>();
  readonly #failed = Promise.withResolvers<never>();
  readonly steps: Record<Kind, number> = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };

  constructor(stack: string, before: ReadonlyMap<string, Kept>, at: (config: Body) => CallContext) {
    this.#stack = stack;
    this.#before = before;
    this.#at = at;
    // One that comes after the first is told by nobody.
    this.#failed.promise.catch(() => {});
  }

  /** In a memory of the SDK's of its own, so that nothing of a run that fails reaches the next. */
  carryOut(spec: StackSpec): Promise<Readonly<Record<string, unknown>>> {
    return withLocalStorage(async () => {
      // It also tells the SDK which features the monitor has.
      await runtime.setMocks(noMocks, "rowgate", this.#stack);
      runtime.setMockOptions(this.#monitor(), "rowgate", this.#stack);
      const fault: { thrown?: unknown } = {};
      const work = runtime.runInPulumiStack(async () => {
        try {
          return await stackProgram(spec)();
        } catch (thrown) {
          // A rejected stack would also reject promises of its own that nobody awaits.
          fault.thrown = thrown;
          return {};
        }
      });
      const outputs = await Promise.race([work, this.#failed.promise]);
      await runtime.disconnect();
      if ("thrown" in fault) throw fault.thrown;
      return (await settledOutputs(outputs)) as Record<string, unknown>;
    });
  }

  /** Objects that are left over, the newest first: what was replaced, and what nobody registered. */
  async removeRest(): Promise<void> {
    for (const old of this.#replaced.splice(0).reverse()) await this.#remove(old);
    for (const [urn, old] of [...this.#before].reverse()) {
      if (this.#now.has(urn) || this.#removed.has(urn)) continue;
      if (!old.retained) await this.#remove(old);
      this.#removed.add(urn);
      this.steps.delete += 1;
    }
  }

  state(): ReadonlyMap<string, Kept> {
    const kept = [...this.#before].filter(([urn]) => !this.#now.has(urn) && !this.#removed.has(urn));
    return new Map([...kept, ...this.#now]);
  }

  #monitor() {
    const answer = <Response>(reply: Reply<Response>, work: () => Promise<Response>): void => {
      if (getStore().terminated) return;
      // A call that failed is not answered: the SDK would reject promises of its own that nobody awaits.
      work().then(
        (response) => reply(null, response),
        (fault: unknown) => {
          getStore().terminated = true;
          this.#failed.reject(fault);
        },
      );
    };
    return Object.assign(new MockMonitor(noMocks), {
      registerResource: (request: Registered, reply: Reply<unknown>) =>
        answer(reply, async () => this.#register(request)),
      readResource: (request: Read, reply: Reply<unknown>) => answer(reply, async () => this.#read(request)),
      invoke: (request: Invoked, reply: Reply<unknown>) => answer(reply, async () => this.#invoke(request)),
      registerResourceOutputs: (_request: unknown, reply: Reply<unknown>) => reply(null, {}),
    });
  }

  #urn(request: { getParent(): string; getType(): string; getName(): string }): string {
    const above = request.getParent() === "" ? "" : (request.getParent().split("::")[2] ?? "");
    const types = above === "" || above === "pulumi:pulumi:Stack" ? "" : `${above}$`;
    return `urn:pulumi:${this.#stack}::rowgate::${types}${request.getType()}::${request.getName()}`;
  }

  #configOf(provider: string): Body {
    return this.#providers.get(provider.split("::").slice(0, -1).join("::")) ?? {};
  }

  async #register(request: Registered): Promise<unknown> {
    const [urn, type, name] = [this.#urn(request), request.getType(), request.getName()];
    const news = bodyOf(request.getObject());
    const reply = (id: string, outputs: Body) =>
      new resources.RegisterResourceResponse().setUrn(urn).setId(id).setObject(bodyToStruct(outputs));
    if (type.startsWith("pulumi:providers:")) {
      this.#providers.set(urn, news);
      return reply(`provider-${name}`, news);
    }
    if (!request.getCustom()) return reply("", news);
    if (this.#now.has(urn)) throw new Error(`Two resources have the URN ${urn}.`);
    const config = this.#configOf(request.getProvider());
    const kept = await this.#bring({
      urn,
      news,
      old: this.#before.get(urn),
      now: { type, name, config, retained: request.getRetainondelete() === true },
      replaceOn: request.getReplaceonchangesList(),
      deleteFirst: request.getDeletebeforereplace(),
      ignored: request.getIgnorechangesList(),
    });
    this.#now.set(urn, kept);
    return reply(kept.id, kept.outputs);
  }

  async #bring(wish: Wish): Promise<Kept> {
    const { urn, old, now } = wish;
    const ctx = this.#at(now.config);
    const subject = this.#subject(now);
    const news = { ...wish.news };
    for (const key of wish.ignored) if (old?.inputs[key] !== undefined) news[key] = old.inputs[key];
    const seed = new Uint8Array([1, 2, 3, 4]);
    const { inputs, faults } = operations.check(ctx, subject, { olds: old?.inputs ?? {}, news, seed });
    if (faults.length > 0) throw new Error(`${urn}: ${JSON.stringify(faults)}`);
    const create = async (): Promise<Kept> => {
      const made = await operations.create(ctx, subject, inputs, never);
      return { ...now, id: made.id, inputs, outputs: made.body };
    };
    if (old === undefined) {
      this.steps.create += 1;
      return create();
    }
    const { changes, deleteBeforeReplace } = operations.diff(subject, old.inputs, inputs);
    if (changes.length === 0) {
      this.steps.same += 1;
      return { ...old, ...now };
    }
    const isAsked = (path: string): boolean =>
      wish.replaceOn.some(
        (rule) => path === rule || path.startsWith(`${rule}.`) || path.startsWith(`${rule}[`),
      );
    if (!changes.some(({ path, replaces }) => replaces || isAsked(path))) {
      this.steps.update += 1;
      const call = { id: old.id, inputs, oldInputs: old.inputs, recorded: old.outputs, preview: false };
      return { ...now, id: old.id, inputs, outputs: await operations.update(ctx, subject, call, never) };
    }
    this.steps.replace += 1;
    if (deleteBeforeReplace || wish.deleteFirst) {
      await this.#remove(old);
      this.#removed.add(urn);
    } else this.#replaced.push(old);
    return create();
  }

  async #read(request: Read): Promise<unknown> {
    const [urn, type, name] = [this.#urn(request), request.getType(), request.getName()];
    const ctx = this.#at(this.#configOf(request.getProvider()));
    const call = { id: request.getId(), inputs: bodyOf(request.getProperties()), recorded: {} };
    const found = operations.read(ctx, this.#subject({ type, name }), call);
    if (found === undefined) throw new Error(`${urn}: nothing has the id ${request.getId()}.`);
    return new resources.ReadResourceResponse().setUrn(urn).setProperties(bodyToStruct(found.body));
  }

  async #invoke(request: Invoked): Promise<unknown> {
    const ctx = this.#at(this.#configOf(request.getProvider()));
    const answer = invoke(ctx, request.getTok(), bodyOf(request.getArgs()));
    return new resources.ResourceInvokeResponse().setReturn(bodyToStruct(answer));
  }

  async #remove(old: Kept): Promise<void> {
    const call = { id: old.id, recorded: old.inputs };
    await operations.remove(this.#at(old.config), this.#subject(old), call, never);
  }

  #subject({ type: token, name }: { readonly type: string; readonly name: string }): operations.Subject {
    const type = resourceTypes.get(token);
    if (type === undefined) throw new Error(`The simulated clouds do not know the resource type ${token}.`);
    return { type, name, stack: `rowgate/${this.#stack}` };
  }
}

interface Wish {
  readonly urn: string;
  readonly news: Body;
  readonly old: Kept | undefined;
  readonly now: Pick<Kept, "type" | "name" | "config" | "retained">;
  readonly replaceOn: readonly string[];
  readonly deleteFirst: boolean;
  readonly ignored: readonly string[];
}

const never = new AbortController().signal;

// The SDK's memory of a run, which it leaves out of its declarations.
const { withLocalStorage, getStore } = sdkState as unknown as {
  withLocalStorage<T>(work: () => T): T;
  getStore(): { terminated: boolean };
};

const unused = (): never => {
  throw new Error("The monitor of a direct run takes all calls.");
};
const noMocks = { newResource: unused, call: unused };

/** The stack's outputs may hold promises of the SDK. */
async function settledOutputs(value: unknown): Promise<unknown> {
  if (value !== null && typeof value === "object" && "promise" in value) {
    return settledOutputs(await (value as { promise(): Promise<unknown> }).promise());
  }
  if (Array.isArray(value)) return Promise.all(value.map(settledOutputs));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(
    async ([key, each]) => [key, await settledOutputs(each)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}
