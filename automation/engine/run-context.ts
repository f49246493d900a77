/** Child side: what the parts of one run share. */
import type { RunStepInput } from "../../metadata-schema/store.ts";
import type { EngineFailure, RunRequest } from "./engine.ts";
import type { StackParts } from "./open-stack.ts";
import type { ScratchStack } from "./scratch-stack.ts";

export interface RunContext {
  readonly request: RunRequest;
  readonly parts: StackParts;
  readonly scratch: ScratchStack;
  /** engine processes that this run has started */
  readonly spawned: readonly number[];
  step(step: RunStepInput): void;
  /** The engine said something. */
  progress(): void;
  /** What an earlier run had left was put right. */
  recovered(what: "lock" | "leftover", objectType: string): void;
}

/** Tells people of something that is no step of the engine. */
export const tell = (context: RunContext, urn: string, message: string): void =>
  context.step({ operation: "message", urn, type: "", status: "message", objectId: null, message });

/** A value, or why the run ends before its engine starts. */
export type Outcome<T> =
  | { readonly status: "done"; readonly value: T }
  | { readonly status: "refused"; readonly failure: EngineFailure };

export const refused = (failure: EngineFailure): { status: "refused"; failure: EngineFailure } => ({
  status: "refused",
  failure,
});
