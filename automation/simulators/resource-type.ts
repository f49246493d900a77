/** What the simulated clouds know about one resource type beyond its declaration: rules of the service, and its life. */
import type { Background } from "./background.ts";
import type { Body, Json } from "./json.ts";
import type { Cloud, CloudObject, Store } from "./store.ts";
import type { Hangs } from "./strike.ts";
import type { Throttle } from "./throttle.ts";
import type { UnderWay } from "./under-way.ts";

/** Who and what the simulated tenant is; made once, kept in the store. */
export interface Tenant {
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** application id of whoever runs the engine: it owns what it makes in Databricks */
  readonly deployerId: string;
  /** address that the deployer calls from; IP access lists must not lock it out */
  readonly callerAddress: string | null;
  /** principals made after this instant take a while to be known everywhere */
  readonly seededAt: string;
  /** how long a new principal stays unknown to Azure RBAC, in seconds */
  readonly principalLagSeconds: number;
  /** self-hosted runtimes whose machines stand ready to register */
  readonly selfHostedNodes: readonly string[];
}

export interface CallContext {
  readonly store: Store;
  /** calls that a fault holds back */
  readonly hangs: Hangs;
  readonly throttle: Throttle;
  /** operations that take time */
  readonly underWay: UnderWay;
  /** what the clouds do by themselves */
  readonly background: Background;
  readonly tenant: Tenant;
  /** the provider configuration of the connection that calls */
  readonly config: Body;
  readonly types: ReadonlyMap<string, ResourceType>;
}

export interface InputFault {
  readonly property: string;
  readonly reason: string;
}

/** A resource as the engine sees it: the id in its state, and the outputs. */
export interface Made {
  readonly id: string;
  readonly body: Body;
}

export interface TypeUpdate {
  readonly id: string;
  readonly inputs: Body;
  readonly oldInputs: Body;
}

/** Seconds that an operation takes on the real cloud; absent: it is done when it is answered. */
export interface Takes {
  readonly create?: number;
  readonly update?: number;
  readonly delete?: number;
}

export interface ResourceType {
  readonly token: string;
  readonly cloud: Cloud;
  /** dotted paths without which the service refuses, beyond what the SDK declares as required */
  readonly required: readonly string[];
  /** paths whose change replaces; `[*]` stands for any list index */
  readonly replaceOn: readonly string[];
  /** names, at any depth, that the cloud fills in: never taken for an input on refresh */
  readonly outputsOnly: readonly string[];
  /** paths of optional inputs that the cloud fills in when a program leaves them out: then never taken for an input */
  readonly computed: readonly string[];
  /** dotted paths of lists whose order means nothing */
  readonly sets: readonly string[];
  /** property to fill when the program leaves the name to the provider */
  readonly autoname: { readonly property: string; make(name: string, seed: Uint8Array): string } | null;
  /** whether a replacement must delete first: a name can't be held twice */
  readonly deleteBeforeReplace: boolean;
  readonly takes: Takes;
  /** other objects that refuse writes while this one is written */
  holds(id: string, inputs: Body): string[];
  /** the id that these inputs will have; null: the cloud makes it up */
  idOf(ctx: CallContext, inputs: Body): string | null;
  defaults(ctx: CallContext, inputs: Body): Body;
  check(inputs: Body, ctx: CallContext): InputFault[];
  /** true where two different values mean the same (`eastus`, `East US`) */
  same(path: string, before: Json, after: Json): boolean;
  create(ctx: CallContext, inputs: Body): Made;
  /** `inputs` as the engine recorded them; absent where nobody did */
  read(ctx: CallContext, id: string, inputs?: Body): Made | undefined;
  update(ctx: CallContext, change: TypeUpdate): Body;
  /** deleting what isn't there is no fault: the engine may call twice; `recorded` is what it last knew */
  delete(ctx: CallContext, id: string, recorded?: Body): void;
  /** what a preview shows: all that it knows; the engine shows the rest as unknown */
  preview(inputs: Body, recorded: Body): Body;
  /** path parameters that only the id knows, for import */
  inputsOfId(id: string): Body;
}

/** The parts that most types have in common. */
export const typeDefaults = {
  required: [],
  replaceOn: [],
  outputsOnly: [],
  computed: [],
  sets: [],
  autoname: null,
  deleteBeforeReplace: false,
  takes: {},
  holds: (): string[] => [],
  idOf: (): string | null => null,
  defaults: (_ctx: CallContext, inputs: Body): Body => inputs,
  check: (): InputFault[] => [],
  same: (): boolean => false,
  preview: (inputs: Body, recorded: Body): Body => ({ ...recorded, ...inputs }),
  inputsOfId: (): Body => ({}),
} as const;

/** Deletes an object the way its cloud does (a person in the portal, or a cascade). */
export function deleteThrough(ctx: CallContext, object: CloudObject): void {
  const type = ctx.types.get(object.type);
  if (type && type.cloud === "azure") {
    type.delete(ctx, object.id);
    return;
  }
  // the directory keeps groups and applications for thirty days
  if (/^\/(groups|applications)\/[^/]+$/.test(object.id)) {
    ctx.store.softDelete("entra", object.id);
    return;
  }
  // with what lies below it: the access list of a secret scope
  ctx.store.purge(object.cloud, object.id);
  if (object.cloud !== "databricks") return;
  // an access list goes with its object
  const [host = "", ...rest] = object.id.split("/");
  ctx.store.remove("databricks", [host, "permissions", ...rest].join("/"));
}

export const randomHex = (bytes: number): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");

/** A random decimal of exactly `digits` digits that a double holds exactly (so at most 15 are safe). */
export function randomDigits(digits: number): string {
  const random = crypto.getRandomValues(new Uint8Array(digits));
  return [...random].map((byte, index) => String(index === 0 ? (byte % 9) + 1 : byte % 10)).join("");
}
