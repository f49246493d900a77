/**
 * `rowgate completion`: a script for a shell. All three do the same: find the command that was typed, then
 * offer what may follow it, or the values of the option before.
 */
import { Argument, Command } from "commander";
import { type CommandWords, commandWords } from "./command-words.ts";

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];

export const completionCommand = (print: (text: string) => void, program: () => Command): Command =>
  new Command("completion")
    .description("Print a script that completes rowgate's commands in a shell.")
    .addArgument(new Argument("<shell>").choices(shells))
    .addHelpText("after", examples)
    .action((shell: Shell) => print(scripts[shell](commandWords(program()))));

const examples = `
Put one of these into your shell's start-up file:
  bash: source <(rowgate completion bash)
  zsh:  source <(rowgate completion zsh)
  fish: rowgate completion fish | source`;

type Lines = readonly CommandWords[];

/** Cases of bash and zsh: the words that may follow. */
const wordCases = (commands: Lines): string =>
  commands.map(({ path, words }) => `    "${path}") offer="${words.join(" ")}" ;;`).join("\n");

/** Options with a value: its words, where it is chosen from some. */
const valuesOf = (commands: Lines): readonly (readonly [string, readonly string[]])[] =>
  commands.flatMap(({ path, optionValues }) =>
    Object.entries(optionValues)
      .filter(([, values]) => values.length > 0)
      .map(([flag, values]) => [`${path} ${flag}`, values] as const),
  );

const valueCases = (commands: Lines): string =>
  valuesOf(commands)
    .map(([typed, values]) => `    "${typed}") offer="${values.join(" ")}" ;;`)
    .join("\n");

const pathPattern = (commands: Lines): string =>
  commands
    .slice(1)
    .map(({ path }) => `"${path}"`)
    .join("|");

/** The part that bash and zsh share: `typed` holds the words before the cursor, without `rowgate`. */
const findOffer = (commands: Lines): string => `  local typed_path="rowgate" word="" last="" offer=""
  for word in "\${typed[@]}"; do
    last="$word"
    case "$typed_path $word" in
      ${pathPattern(commands)}) typed_path="$typed_path $word" ;;
    esac
  done
  case "$typed_path" in
${wordCases(commands)}
  esac
  case "$typed_path $last" in
${valueCases(commands)}
  esac`;

const scripts: Readonly<Record<Shell, (commands: Lines) => string>> = {
  bash: (commands) => `_rowgate() {
  local typed=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
${findOffer(commands)}
  COMPREPLY=($(compgen -W "$offer" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
# Where nothing fits, files: apply and diff read some.
complete -o default -F _rowgate rowgate`,

  zsh: (commands) => `_rowgate() {
  local -a typed
  typed=("\${(@)words[2,CURRENT-1]}")
${findOffer(commands)}
  compadd -- \${=offer} || _files
}
compdef _rowgate rowgate`,

  fish: (commands) => `function __rowgate_offer
  set -l typed_path rowgate
  set -l last ""
  for word in (commandline -opc)[2..-1]
    set last $word
    switch "$typed_path $word"
      case ${pathPattern(commands).replaceAll("|", " ")}
        set typed_path "$typed_path $word"
    end
  end
  switch "$typed_path $last"
${valuesOf(commands)
  .map(([typed, values]) => `    case "${typed}"\n      printf "%s\\n" ${values.join(" ")}\n      return`)
  .join("\n")}
  end
  switch "$typed_path"
${commands.map(({ path, words }) => `    case "${path}"\n      printf "%s\\n" ${words.join(" ")}`).join("\n")}
  end
end
complete -c rowgate -f -a "(__rowgate_offer)"
complete -c rowgate -n "__fish_seen_subcommand_from apply diff" -F`,
};
