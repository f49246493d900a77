/** From a StackSpec to the program that the engine runs. Knows a spec; knows no database, HTTP, queue or clock. */
import { type Output, type Resource, RunError, runtime } from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import * as runtimeState from "@pulumi/pulumi/runtime/state.js";
import type { StackSpec } from "../metadata-schema/desired-state.ts";
import { ProgramJudge } from "./judge-program.ts";
import { access } from "./stacks/access.ts";
import { acl } from "./stacks/acl.ts";
import { firewall } from "./stacks/firewall.ts";
import { job } from "./stacks/job.ts";
import { network } from "./stacks/network.ts";
import { platform } from "./stacks/platform.ts";
import { runtimes } from "./stacks/runtimes.ts";
import { workspace } from "./stacks/workspace.ts";

/**
 * The program of one stack.
 *
 * @param spec all that the stack must contain
 * @returns a program that registers it and returns the outputs of its kind (outputs.ts). It throws a RunError
 *   naming thing, guardrail and next step if the spec, a resource, all resources together or an output breaks a
 *   guardrail, or if the network can't be cut into subnets.
 */
export const stackProgram =
  (spec: StackSpec): PulumiFn =>
  async () => {
    const judge = new ProgramJudge(spec);
    judge.spec();
    // The older, in-process kind of transformation: it throws before the resource's call leaves, and needs no
    // callback from the engine for each resource.
    const resources: Resource[] = [];
    runtime.registerStackTransformation((args) => {
      const changed = judge.resource(args);
      resources.push(args.resource);
      return changed;
    });
    const outputs = { ...registerStack(spec) };
    judge.stack();
    await registered(spec.stack, resources).catch((fault) => {
      throw judge.lateFault() ?? fault;
    });
    await judge.outputs(outputs);
    return outputs;
  };

/**
 * Resolves once the engine has taken every resource. A broken connection ends a registration without an error, and an
 * engine deletes what a program that ends has not registered: such a program must not end well.
 */
async function registered(stack: string, resources: readonly Resource[]): Promise<void> {
  // Without a connection the SDK makes up its answers, as for a test of the program.
  if (runtime.getMonitor() === undefined) throw unregistered(stack);
  const store = storeOfRun();
  let settled = false;
  const all = Promise.allSettled(resources.map(({ urn }) => promiseOf(urn))).then((ends) => {
    settled = true;
    return ends.every(({ status }) => status === "fulfilled");
  });
  // The SDK leaves a name without an answer where it takes the engine for gone, and only notes that it does.
  const gone = async (): Promise<boolean> => {
    while (!settled && !store.terminated) await new Promise((resolve) => setTimeout(resolve, lookMs));
    return settled ? all : false;
  };
  if (!(await Promise.race([all, gone()]))) throw unregistered(stack);
}

const unregistered = (stack: string): RunError =>
  new RunError(`The program ended before it had registered every object of stack ${stack}.`);

const lookMs = 50;

// The SDK's own memory of this run, which it leaves out of its declarations.
const storeOfRun = (): { readonly terminated: boolean } =>
  (runtimeState as unknown as { getStore(): { terminated: boolean } }).getStore();

/** Outputs keep their promise out of their declarations; nothing else tells that one failed. */
const promiseOf = <T>(value: Output<T>): Promise<T> =>
  (value as unknown as { promise(): Promise<T> }).promise();

function registerStack(spec: StackSpec): object {
  switch (spec.kind) {
    case "platform":
      return platform(spec);
    case "workspace":
      return workspace(spec);
    case "runtimes":
      return runtimes(spec);
    case "network":
      return network(spec);
    case "firewall":
      return firewall(spec);
    case "job":
      return job(spec);
    case "access":
      return access(spec);
    case "acl":
      return acl(spec);
    default:
      return spec satisfies never;
  }
}
