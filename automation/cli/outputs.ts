/** `rowgate outputs`: what the pipeline of a job reads. */
import { Command } from "commander";
import { outputsBody } from "../http/contract.ts";
import { type CommandContext, jobId } from "./command-context.ts";
import { outputsText } from "./describe.ts";
import { type Format, inFormat, outputOption } from "./output.ts";

export const outputsCommand = ({ open, print }: CommandContext): Command =>
  new Command("outputs")
    .description("Print what the pipeline of a job reads, and of when it is.")
    .argument("<job-id>", "number of the job", jobId)
    .addOption(outputOption())
    .action(async (id: number, { output }: { readonly output: Format }) => {
      const body = outputsBody.parse(await (await open()).get(`/api/jobs/${id}/outputs`));
      print(inFormat(output, body, () => outputsText(body)));
    });
