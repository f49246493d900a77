/** Messages between the service and a child, checked on both sides. */
import { z } from "zod";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { StateFolder } from "./stack-files.ts";

/** What a child is told once, when it is forked. */
export interface ChildSettings {
  readonly engine: { readonly command: string; readonly version: string };
  readonly state: StateFolder;
  /** `encryptionsalt` of every stack of this home; of no use without the passphrase */
  readonly salt: string;
  /** folder for what is of no use after a run; the child makes one of its own in it */
  readonly temporary: string;
}

const processRef = z.object({ host: z.string(), pid: z.int(), startedAt: z.string() });

// The spec was made and hashed by the service itself; the program switches on its kind.
const spec = z.custom<StackSpec>((value) => typeof value === "object" && value !== null && "kind" in value);

const runRequest = z.object({
  runId: z.string(),
  stack: z.string(),
  kind: z.enum(["update", "destroy", "preview", "refresh", "adoptable"]),
  spec: spec.nullable(),
  refresh: z.boolean(),
  wasApplied: z.boolean(),
  destroyBegun: z.boolean(),
  previous: spec.nullable(),
  narrowed: spec.nullable(),
  stateDoubtful: z.boolean(),
  adopt: z.array(z.object({ urn: z.string(), id: z.string() })).readonly(),
  deadEngines: z
    .array(z.object({ host: z.string(), pid: z.int().nullable(), lockedAfter: z.string() }))
    .readonly(),
  strays: z
    .object({ children: z.array(processRef).readonly(), engines: z.array(processRef).readonly() })
    .nullable(),
  leaseEndsAtMs: z.number(),
});

export const toChild = z.discriminatedUnion("type", [
  z.object({ type: z.literal("run"), request: runRequest, environment: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal("extend"), leaseEndsAtMs: z.number() }),
  z.object({ type: z.literal("cancel"), urgent: z.boolean() }),
  /** answered by `alive`, unless the child hangs */
  z.object({ type: z.literal("ping") }),
  z.object({ type: z.literal("exit") }),
]);
export type ToChild = z.infer<typeof toChild>;

const changes = z.record(z.string(), z.number());

const ended = z.discriminatedUnion("status", [
  z.object({
    type: z.literal("ended"),
    status: z.literal("succeeded"),
    outputs: z.record(z.string(), z.unknown()).nullable(),
    changes,
  }),
  z.object({
    type: z.literal("ended"),
    status: z.enum(["failed", "canceled"]),
    failure: z.object({
      class: z.enum(["transient", "permanent", "unknown"]),
      code: z.string(),
      message: z.string(),
      scope: z.enum(["host", "stack"]),
      retryAfterMs: z.number().nullable(),
    }),
    narrowed: z.boolean(),
    changes,
  }),
]);

export const fromChild = z.union([
  z.object({ type: z.literal("ready") }),
  z.object({ type: z.literal("processes"), child: processRef, engine: processRef.nullable() }),
  z.object({
    type: z.literal("step"),
    step: z.object({
      operation: z.string(),
      urn: z.string(),
      type: z.string(),
      status: z.enum(["started", "done", "failed", "message"]),
      objectId: z.string().nullable(),
      message: z.string().nullable(),
    }),
  }),
  ended,
  z.object({ type: z.literal("progress") }),
  z.object({
    type: z.literal("recovered"),
    what: z.enum(["lock", "leftover"]),
    objectType: z.string(),
  }),
  z.object({ type: z.literal("alive") }),
  /** told before the end of a run: this process must not run another program */
  z.object({ type: z.literal("tainted") }),
  /** the run is over and nothing of it is left: the child takes the next one */
  z.object({ type: z.literal("idle") }),
]);
export type FromChild = z.infer<typeof fromChild>;
