/** Process entry of `rowgate`: what commands are given, exit codes, and how a fault is told. */
import path from "node:path";
import { createInterface } from "node:readline/promises";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { CommanderError } from "commander";
import { z } from "zod";
import { messageOf } from "../errors.ts";
import { FaultsInFiles } from "./apply.ts";
import { failedExit } from "./command-context.ts";
import { createProgram } from "./program.ts";
import { openService } from "./service-client.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const usageExit = 2;

async function main(args: readonly string[]): Promise<number> {
  const home = path.resolve(process.env.ROWGATE_HOME || path.join(checkout, ".rowgate"));
  // The launcher runs this in the checkout; files are named from where a person called it.
  if (process.env.ROWGATE_CALLED_FROM) process.chdir(process.env.ROWGATE_CALLED_FROM);
  let exitCode = 0;
  const program = createProgram({
    home,
    checkout,
    environment: process.env,
    print,
    open: () => openService(home, process.env),
    endWith: (code) => {
      exitCode = code;
    },
    stopped: signalled,
    stdin: () => buffer(process.stdin),
    confirm: process.stdin.isTTY && process.stdout.isTTY ? confirm : null,
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (fault) {
    // commander has told the fault already, or printed the help that was asked for
    if (fault instanceof CommanderError) return fault.exitCode === 0 ? 0 : usageExit;
    process.stderr.write(`${told(fault)}\n`);
    return failedExit;
  }
}

function told(fault: unknown): string {
  if (fault instanceof FaultsInFiles) return fault.message;
  if (fault instanceof z.ZodError)
    return "rowgate: The service answers in a form that is not known here. Run both from one checkout.";
  return `rowgate: ${messageOf(fault)}`;
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function signalled(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  return stop.signal;
}

async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(question).finally(() => terminal.close());
  return answer.trim().toLowerCase() === "yes";
}

process.stdout.on("error", (fault: NodeJS.ErrnoException) => {
  // Whoever read our output has seen enough, like `head -1`.
  if (fault.code === "EPIPE") process.exit(0);
  process.stderr.write(`rowgate: standard output cannot be written: ${fault.message}\n`);
  process.exit(failedExit);
});

process.exitCode = await main(process.argv.slice(2));
