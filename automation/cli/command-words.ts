/** What may follow on each command line: read off the tree of commands, for the shells' completion. */
import type { Command, Option } from "commander";

export interface CommandWords {
  /** `rowgate describe job` */
  readonly path: string;
  /** subcommands, words that an argument is chosen from, and options */
  readonly words: readonly string[];
  /** words that the value of an option is chosen from, by the option as it is typed */
  readonly optionValues: Readonly<Record<string, readonly string[]>>;
}

/** Of a command and all below it. */
export function commandWords(command: Command, above = ""): readonly CommandWords[] {
  const path = `${above} ${command.name()}`.trim();
  const options = command.createHelp().visibleOptions(command);
  const children = command.createHelp().visibleCommands(command);
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  const own: CommandWords = {
    path,
    words: [...children.map((child) => child.name()), ...choices, ...options.flatMap(flagsOf)],
    optionValues: Object.fromEntries(
      options.flatMap((option) => flagsOf(option).map((flag) => [flag, option.argChoices ?? []] as const)),
    ),
  };
  return [
    own,
    ...children.filter((child) => child.name() !== "help").flatMap((child) => commandWords(child, path)),
  ];
}

const flagsOf = ({ short, long }: Option): readonly string[] =>
  [short, long].filter((flag) => flag !== undefined && flag !== null);
