/** Process entry of `rowgate`: commands, exit codes and how a fault is told. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { sandboxCommand } from "./sandbox.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const usageExit = 2;

async function main(args: readonly string[]): Promise<number> {
  const home = path.resolve(process.env.ROWGATE_HOME || path.join(checkout, ".rowgate"));
  const program = new Command("rowgate")
    .description("Rows of a metadata database become zero-trust Azure infrastructure, and stay that way.")
    .addCommand(sandboxCommand({ home, print: (text) => process.stdout.write(`${text}\n`) }));
  exitByThrowing(program);
  try {
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    // commander has told the fault already, or printed the help that was asked for
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExit;
    process.stderr.write(`rowgate: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

/** Commander ends the process by itself otherwise; subcommands do not inherit the setting once made. */
function exitByThrowing(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) exitByThrowing(child);
}

process.exitCode = await main(process.argv.slice(2));
