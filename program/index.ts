/** Hand entry, for `pulumi up` without the service: one stack, its spec from the configuration. */
import { Config, getStack, RunError } from "@pulumi/pulumi";
import type { StackSpec } from "../metadata-schema/desired-state.ts";
import { parseSpec, SpecFormatError } from "./parse-spec.ts";
import { stackProgram } from "./stack-program.ts";

const key = "spec";

async function program(): Promise<unknown> {
  const spec = readSpec();
  // Run in another stack, a spec would build everything twice and destroy what that stack holds.
  if (spec.stack !== getStack()) {
    throw new RunError(
      `rowgate:${key} is the spec of stack ${spec.stack}, but this is stack ${getStack()}. ` +
        `Select the right one: pulumi stack select ${spec.stack}.`,
    );
  }
  return stackProgram(spec)();
}

function readSpec(): StackSpec {
  try {
    // An object in the configuration comes as its JSON text too.
    return parseSpec(new Config("rowgate").get(key), `rowgate:${key}`);
  } catch (fault) {
    // The engine prints a RunError as its message alone: a stack trace would bury what to do.
    throw fault instanceof SpecFormatError ? new RunError(fault.message) : fault;
  }
}

// The one default export: the engine's language host takes a stack's outputs from it, under names that
// depend on the spec.
export default program;
