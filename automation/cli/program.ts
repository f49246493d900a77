/** The tree of `rowgate`'s commands. */
import { Command } from "commander";
import { type AccessOptions, accessCommand } from "./access.ts";
import { actionCommands } from "./actions.ts";
import { adoptCommand } from "./adopt.ts";
import { applyCommand, diffCommand, exportCommand, type FilesOptions } from "./apply.ts";
import { backupCommand, restoreCommand } from "./backup.ts";
import { bootstrapCommand } from "./bootstrap.ts";
import { cancelCommand } from "./cancel.ts";
import type { CommandContext } from "./command-context.ts";
import { completionCommand } from "./completion.ts";
import { type DbOptions, dbCommand } from "./db.ts";
import { describeCommand } from "./describe.ts";
import { doctorCommand } from "./doctor.ts";
import { engineCommand } from "./engine.ts";
import { getCommand } from "./get.ts";
import { outputsCommand } from "./outputs.ts";
import { probeCommand } from "./probe.ts";
import { sandboxCommand } from "./sandbox.ts";
import { watchCommand } from "./watch.ts";
import { whyCommand } from "./why.ts";

export type ProgramContext = CommandContext & AccessOptions & FilesOptions & DbOptions;

export function createProgram(context: ProgramContext): Command {
  const program = new Command("rowgate").description(
    "Rows of a metadata database become zero-trust Azure infrastructure, and stay that way.",
  );
  const commands = [
    getCommand(context),
    describeCommand(context),
    whyCommand(context),
    accessCommand(context),
    outputsCommand(context),
    watchCommand(context),
    ...actionCommands(context),
    probeCommand(context),
    applyCommand(context),
    diffCommand(context, context.endWith),
    exportCommand(context),
    cancelCommand(context),
    adoptCommand(context),
    engineCommand(context),
    dbCommand(context),
    bootstrapCommand(context),
    doctorCommand(context),
    backupCommand(context),
    restoreCommand(context),
    sandboxCommand(context),
    completionCommand(context.print, () => program),
  ];
  for (const command of commands) program.addCommand(command);
  exitByThrowing(program);
  return program;
}

/** Commander ends the process by itself otherwise; subcommands do not inherit a setting once made. */
function exitByThrowing(command: Command, above = ""): void {
  const path = `${above} ${command.name()}`.trim();
  command.exitOverride().showHelpAfterError(`See \`${path} --help\`.`);
  for (const child of command.commands) exitByThrowing(child, path);
}
