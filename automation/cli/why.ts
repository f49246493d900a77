/** `rowgate why`: which rows asked for an object, and what a row became. */
import { Command } from "commander";
import { type WhyObjectBody, type WhyRowBody, whyObjectBody, whyRowBody } from "../http/contract.ts";
import type { CommandContext } from "./command-context.ts";
import { kindOf, tableOf } from "./kinds.ts";
import { oneLine } from "./one-line.ts";
import { cell, type Format, inFormat, outputOption, section } from "./output.ts";

export const whyCommand = ({ open, print }: CommandContext): Command =>
  new Command("why")
    .description("Tell which rows asked for an object, or which objects a row became.")
    .argument("<words...>", "whole words that name an object, or one row like policies/1")
    .addOption(outputOption())
    .addHelpText("after", examples)
    .action(async (words: readonly string[], { output }: { readonly output: Format }) => {
      const service = await open();
      const row = rowOf(words);
      if (row !== null) {
        const body = whyRowBody.parse(await service.get(`/api/why?row=${encodeURIComponent(row)}`));
        print(inFormat(output, body, () => rowText(body)));
        return;
      }
      const text = words.join(" ");
      const body = whyObjectBody.parse(await service.get(`/api/why?object=${encodeURIComponent(text)}`));
      if (body.objects.length === 0) throw new Error(unknownObject(text));
      print(inFormat(output, body, () => body.objects.map(objectText).join("\n\n")));
    });

const examples = `
Examples:
  rowgate why ds_team EXECUTE ml.models.job_201   the rows that asked for this grant
  rowgate why ds_team                             everything that ds_team holds, with its rows
  rowgate why job-201                             everything about this job
  rowgate why policies/1                          what this row of Access_Policies became`;

/** `policies/1` as the service knows it; null: the words name an object. */
function rowOf(words: readonly string[]): string | null {
  const [only = "", ...more] = words;
  const cut = only.indexOf("/");
  const kind = cut < 1 || more.length > 0 ? null : kindOf(only.slice(0, cut));
  const table = kind === null ? null : tableOf(kind);
  return table === null ? null : `${table}${only.slice(cut)}`;
}

const unknownObject = (text: string): string =>
  `No object that rows asked for has all of these words: ${text}. ` +
  "Words must be whole, as in `rowgate describe job ID` or `rowgate describe stack NAME`.";

function objectText({ object, stack, applied, rows }: WhyObjectBody["objects"][number]): string {
  const state = applied ? "applied" : "not applied yet";
  const title = `${object} (stack ${stack}, ${state})`;
  if (rows.length === 0)
    return `${oneLine(title)}\n  No row asks for it any more: the next run takes it away.`;
  return section(
    title,
    ["ROW", "JOB", "ASKS FOR"],
    rows.map(({ table, key, jobId, ask }) => [`${table}/${key}`, cell(jobId), ask.replaceAll("|", " ")]),
  );
}

function rowText({ row, conditions, objects }: WhyRowBody): string {
  const job = row.jobId === null ? "" : ` of job ${row.jobId}`;
  const held = conditions.map(({ type, message }) => `${type}: ${message}`);
  const became = section(
    "objects",
    ["OBJECT", "STACK", "ADMITTED", "APPLIED"],
    objects.map(({ object, stack, admitted, applied }) => [object, stack, cell(admitted), cell(applied)]),
  );
  return [...[`${row.table}/${row.key}${job}`, ...held].map(oneLine), became].join("\n");
}
