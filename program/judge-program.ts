/** The guardrails inside a run: what a program registers and puts out is judged before it counts. */
import { Output, output, type ResourceOptions, type ResourceTransformation, RunError } from "@pulumi/pulumi";
import type { StackSpec } from "../metadata-schema/desired-state.ts";
import { lateInputsOf, piecesOfResource } from "./policies/from-resource.ts";
import { piecesOfSpec } from "./policies/from-spec.ts";
import { piecesOfStack } from "./policies/from-stack.ts";
import { judge, unexcepted } from "./policies/judge.ts";
import type { Piece } from "./policies/pieces.ts";
import type { ResourceInputs } from "./policies/read-props.ts";

/** Judges one run of a stack's program. Everything throws a RunError naming thing, guardrail and next step. */
export class ProgramJudge {
  readonly #spec: StackSpec;
  readonly #made: ResourceInputs[] = [];
  #lateFault: unknown = null;

  constructor(spec: StackSpec) {
    this.#spec = spec;
  }

  /** Before anything is registered. */
  spec(): void {
    this.#refuseBroken("", piecesOfSpec(this.#spec));
  }

  /**
   * Before a resource's call leaves. An input that is known late makes the call wait for the judgement. What holds
   * data is protected where the environment says so.
   */
  resource({
    type,
    name,
    props,
    opts,
  }: Parameters<ResourceTransformation>[0]): ReturnType<ResourceTransformation> {
    // What is only read has no inputs here; it was judged by what Azure says of it when its environment was resolved.
    if (opts.id !== undefined) return undefined;
    const resource: ResourceInputs = { type, name, props };
    this.#made.push(resource);
    const judgeInputs = (inputs: ResourceInputs["props"]): void =>
      this.#refuseBroken(
        `, resource ${name} (${type})`,
        piecesOfResource({ ...resource, props: inputs }, this.#spec),
      );
    const kept: ResourceOptions = isProtected(this.#spec, type) ? { ...opts, protect: true } : opts;
    const late = lateInputsOf(type).filter((input) => Output.isInstance(props[input]));
    if (late.length === 0) {
      judgeInputs(props);
      return { props, opts: kept };
    }
    const known = output<Readonly<Record<string, unknown>>>(
      Object.fromEntries(late.map((input) => [input, props[input]])),
    );
    const judged = known.apply((values) => {
      try {
        judgeInputs({ ...props, ...values });
      } catch (fault) {
        this.#lateFault = fault;
        throw fault;
      }
      return values;
    });
    const inputs = late.map((input) => [input, judged.apply((values) => values[input])]);
    return { props: { ...props, ...Object.fromEntries(inputs) }, opts: kept };
  }

  /** Once all resources are asked for: what was made beside what. */
  stack(): void {
    this.#refuseBroken("", piecesOfStack(this.#made, this.#spec));
  }

  /** Why a resource was not registered, where a late input was refused. */
  lateFault(): unknown {
    return this.#lateFault;
  }

  /** Before the program ends well. */
  async outputs(outputs: Readonly<Record<string, unknown>>): Promise<void> {
    const pieces = Object.entries(outputs).map(async ([name, value]): Promise<readonly Piece[]> => {
      // A secret anywhere in the value makes all of it one. Outputs keep both promises out of their declarations.
      const whole = output<unknown>(value) as unknown as {
        readonly isSecret: Promise<boolean>;
        promise(): Promise<unknown>;
      };
      const text = await whole.promise();
      return [
        { kind: "output", name, secret: await whole.isSecret },
        ...(typeof text === "string" ? [{ kind: "text", where: `Output ${name}`, text } as const] : []),
      ];
    });
    this.#refuseBroken("", (await Promise.all(pieces)).flat());
  }

  /** @param thing what of the stack is judged, after its name */
  #refuseBroken(thing: string, pieces: readonly Piece[]): void {
    const spec = this.#spec;
    const exceptions = "exceptions" in spec ? (spec.exceptions ?? []) : [];
    const verdicts = unexcepted(pieces.flatMap(judge), exceptions);
    if (verdicts.length === 0) return;
    const faults = verdicts.map(({ guardrail, message, fix }) => `guardrail ${guardrail}: ${message} ${fix}`);
    throw new RunError(`Stack ${spec.stack}${thing} is refused by ${faults.join(" And by ")}`);
  }
}

/** What holds data, the way to it, or who may read it, and could not be made again as it was. */
const protectedTypes: ReadonlySet<string> = new Set([
  "azure-native:managedidentity:UserAssignedIdentity",
  "azure-native:network:VirtualNetwork",
  "azure-native:keyvault:Vault",
  "azure-native:storage:StorageAccount",
  "azure-native:sql:Server",
  "azure-native:sql:Database",
  "azure-native:databricks:Workspace",
  "azure-native:operationalinsights:Workspace",
]);
const isProtected = (spec: StackSpec, type: string): boolean =>
  spec.kind === "platform" && spec.deletionProtection && protectedTypes.has(type);
