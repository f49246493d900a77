/**
 * Child side: a copy of a stack's state on which questions are asked. Previews on it show what a run would do
 * if the state were another one, and providers answer lookups there; the stack itself is never touched.
 *
 * Its backend lies in the stack's workspace folder, which a new copy empties first: one that a dead child left
 * is in nobody's way.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { ProviderResource, runtime } from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import type { Properties, Question } from "../../program/adoption/rules.ts";
import { messageOf } from "../errors.ts";
import { checkpointText, type Deployment, type StateResource } from "./checkpoint.ts";
import { resourceOfStep } from "./create-watch.ts";
import { openStack, type StackParts } from "./open-stack.ts";
import { projectName, workspaceFolder } from "./stack-files.ts";

export type Answer =
  | { readonly status: "answered"; readonly value: Properties }
  | { readonly status: "refused"; readonly message: string };

/** Asks a function of the provider with these settings. */
export type Ask = (question: Question, provider: StateResource) => Promise<Answer>;

/** A replacement is several steps of one URN. */
const replacing: ReadonlySet<string> = new Set(["replace", "create-replacement", "delete-replaced"]);

/** What a run would do with one object. */
export interface ForeseenStep {
  readonly operation: string;
  readonly resource: StateResource;
  /** property paths that differ between what exists and what the program wants */
  readonly differs: readonly string[];
}

export class ScratchStack {
  readonly #stack: string;
  readonly #parts: StackParts;
  readonly #folder: string;

  constructor(stack: string, parts: StackParts) {
    this.#stack = stack;
    this.#parts = parts;
    this.#folder = path.join(workspaceFolder(parts.settings.state, stack), "scratch");
  }

  /**
   * Steps of a run of the program on this state, with a look at the clouds first if `refresh`, in the order in
   * which the program registers its objects. Throws what the engine throws.
   */
  async foresee(
    program: PulumiFn,
    deployment: Deployment | null,
    refresh: boolean,
  ): Promise<readonly ForeseenStep[]> {
    const steps = new Map<string, ForeseenStep>();
    const errors: string[] = [];
    const stack = await this.#open(program, deployment);
    try {
      await stack.preview({
        refresh,
        suppressProgress: true,
        color: "never",
        onEvent: ({ resourcePreEvent, diagnosticEvent }) => {
          if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message);
          const step = resourcePreEvent?.metadata;
          // The look comes first, and is followed by the step itself.
          if (step === undefined || step.op === "refresh" || step.new === undefined) return;
          const differs = Object.keys(step.detailedDiff ?? {});
          steps.set(step.urn, {
            operation: replacing.has(step.op) ? "replace" : step.op,
            resource: resourceOfStep(step),
            differs: differs.length > 0 ? differs : (step.diffs ?? []),
          });
        },
      });
    } catch (cause) {
      if (errors.length === 0) throw cause;
      throw new Error(errors.map((error) => error.trim()).join("\n"), { cause });
    }
    return [...steps.values()];
  }

  /** Runs `work` with the providers at hand; nothing but questions leaves. */
  async withProviders<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    const answer = Promise.withResolvers<T>();
    const program = async (): Promise<void> => {
      const made = new Map<string, ProviderResource>();
      await work((question, settings) => askProvider(question, providerFor(made, settings))).then(
        answer.resolve,
        answer.reject,
      );
    };
    const stack = await this.#open(program, null);
    await stack.preview({ suppressProgress: true, color: "never", onEvent: () => {} });
    return answer.promise;
  }

  /** Removes the copy. */
  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #open(program: PulumiFn, deployment: Deployment | null) {
    await this.remove();
    const root = path.join(this.#folder, ".pulumi");
    const stacks = path.join(root, "stacks", projectName);
    await mkdir(stacks, { recursive: true, mode: 0o700 });
    // Without it the engine takes the folder for one of an older layout.
    await writeFile(path.join(root, "meta.yaml"), "version: 1\n");
    const text =
      deployment === null
        ? JSON.stringify({ version: 3, checkpoint: { stack: `organization/${projectName}/${this.#stack}` } })
        : checkpointText(this.#stack, projectName, deployment);
    await writeFile(path.join(stacks, `${this.#stack}.json`), text, { mode: 0o600 });
    const PULUMI_BACKEND_URL = `${pathToFileURL(this.#folder).href}?metadata=skip`;
    return openStack(program, this.#stack, this.#parts, { PULUMI_BACKEND_URL });
  }
}

class SomeProvider extends ProviderResource {}

/** One provider for all questions that need the same settings. */
function providerFor(
  made: Map<string, ProviderResource>,
  { urn, type, inputs = {} }: StateResource,
): ProviderResource {
  const known = made.get(urn);
  if (known !== undefined) return known;
  const { version, __internal: _internal, ...settings } = inputs;
  const name = urn.split("::").at(-1) ?? urn;
  const provider = new SomeProvider(
    type.replace("pulumi:providers:", ""),
    name,
    settings,
    typeof version === "string" ? { version } : {},
  );
  made.set(urn, provider);
  return provider;
}

async function askProvider({ token, args }: Question, provider: ProviderResource): Promise<Answer> {
  try {
    return { status: "answered", value: await runtime.invoke(token, args, { provider }) };
  } catch (fault) {
    return { status: "refused", message: messageOf(fault) };
  }
}
