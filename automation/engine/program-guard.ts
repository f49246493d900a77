/**
 * Child side: a program that did not run to its end must never look like one that wants nothing.
 *
 * The SDK takes a broken connection to its engine for the engine's end, and then ends the program without an error;
 * an engine that is alive all the same sees a finished program, and deletes whatever it had not registered. Seen with
 * @pulumi/pulumi 3.259.0: clients of engines that are gone are never closed, gRPC shares what it knows of an address
 * among all clients of a process, and so an engine that got the port of an earlier one was taken for dead at once.
 *
 * So what is known of an address is no longer shared, which takes the cause away; and each program is marked when it
 * has run to its end, and answered with an error without that mark, whatever the cause.
 */
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import * as sdk from "@pulumi/pulumi/automation/server.js";
import * as runtime from "@pulumi/pulumi/runtime/settings.js";

interface RunResponse {
  setError(message: string): void;
}
type Answer = (error: unknown, response?: RunResponse) => void;
interface ProgramServer {
  readonly program: PulumiFn;
  run(call: unknown, callback: Answer): unknown;
}

// The SDK keeps this class out of its declarations; the Automation API itself serves programs with it.
const { LanguageServer } = sdk as unknown as { LanguageServer: { readonly prototype: ProgramServer } };

const progress = new WeakMap<PulumiFn, "waiting" | "begun" | "complete">();

// Known to failure-rules.ts.
const unfinished = "The program ended before it had registered every object with the engine";

/** The same program, whose end is watched. */
export function guarded(program: PulumiFn): PulumiFn {
  const watched: PulumiFn = async () => {
    progress.set(watched, "begun");
    const outputs = await program();
    progress.set(watched, "complete");
    return outputs;
  };
  progress.set(watched, "waiting");
  return watched;
}

/** Whether the program ever began: one that was never called leaves nothing behind in its process. */
export const hasBegun = (program: PulumiFn): boolean => progress.get(program) !== "waiting";

/** Once for each process, before its first program. */
export function guardPrograms(): void {
  // The options of every client that the SDK makes, also left out of its declarations.
  const { grpcClientOptions } = runtime as unknown as { grpcClientOptions: Record<string, unknown> };
  grpcClientOptions["grpc.use_local_subchannel_pool"] = 1;
  const original = LanguageServer.prototype.run;
  LanguageServer.prototype.run = function run(this: ProgramServer, call, callback) {
    let answered = false;
    return original.call(this, call, (error, response) => {
      // The SDK answers a second time after an error.
      if (answered) return;
      answered = true;
      const isComplete = (progress.get(this.program) ?? "complete") === "complete";
      if (!error && !isComplete) response?.setError(`${unfinished}. Nothing is deleted for it.`);
      callback(error, response);
    });
  };
}
