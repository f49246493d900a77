/** Process entry of `rowgate`: commands, exit codes and how a fault is told. */
import path from "node:path";
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { applyCommand, diffCommand, exportCommand, FaultsInFiles } from "./apply.ts";
import { dbCommand } from "./db.ts";
import { sandboxCommand } from "./sandbox.ts";
import { openService } from "./service-client.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const usageExit = 2;

async function main(args: readonly string[]): Promise<number> {
  const home = path.resolve(process.env.ROWGATE_HOME || path.join(checkout, ".rowgate"));
  // The launcher runs this in the checkout; files are named from where a person called it.
  if (process.env.ROWGATE_CALLED_FROM) process.chdir(process.env.ROWGATE_CALLED_FROM);
  let exitCode = 0;
  const files = {
    print,
    open: () => openService(home, process.env),
    stdin: () => text(process.stdin),
    confirm: process.stdin.isTTY && process.stdout.isTTY ? confirm : null,
  };
  const endWith = (code: number): void => {
    exitCode = code;
  };
  const program = new Command("rowgate")
    .description("Rows of a metadata database become zero-trust Azure infrastructure, and stay that way.")
    .addCommand(applyCommand(files))
    .addCommand(diffCommand(files, endWith))
    .addCommand(exportCommand(files))
    .addCommand(dbCommand({ home, checkout, environment: process.env, print, endWith }))
    .addCommand(sandboxCommand({ home, print }));
  exitByThrowing(program);
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    // commander has told the fault already, or printed the help that was asked for
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExit;
    if (error instanceof FaultsInFiles) {
      process.stderr.write(`${error.message}\n`);
      return 1;
    }
    process.stderr.write(`rowgate: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(question).finally(() => terminal.close());
  return answer.trim().toLowerCase() === "yes";
}

/** Commander ends the process by itself otherwise; subcommands do not inherit the setting once made. */
function exitByThrowing(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) exitByThrowing(child);
}

process.exitCode = await main(process.argv.slice(2));
