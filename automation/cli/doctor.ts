/** `rowgate doctor`: whether a first run has what it needs, and the fix where it has not. */
import { Command } from "commander";
import type { Finding } from "../doctor/finding.ts";
import { doctorFindings } from "../doctor/open-doctor.ts";
import { failedExit } from "./command-context.ts";
import { type DbOptions, metadataUrl } from "./db.ts";
import { oneLine } from "./one-line.ts";
import { dataText, type TextFormat, textOutputOption } from "./output.ts";

export const doctorCommand = (options: DbOptions): Command =>
  new Command("doctor")
    .description(
      "Check everything that a first run needs. Exit code 0: no fault, 1: there is one, with its fix.",
    )
    .argument("[environment]", "only this one, and what all need")
    .addOption(textOutputOption())
    .action(async (environment: string | undefined, { output }: { readonly output: TextFormat }) => {
      const findings = await doctorFindings({
        home: options.home,
        checkout: options.checkout,
        metadataUrl: metadataUrl(options),
        variables: options.environment,
        environment: environment ?? null,
      });
      options.print(output === "text" ? findingsText(findings) : dataText(output, { findings }));
      if (findings.some(({ status }) => status === "fault")) options.endWith(failedExit);
    });

/** A line each, and how many of them are faults. */
export function findingsText(findings: readonly Finding[]): string {
  const count = (status: Finding["status"]): number =>
    findings.filter((each) => each.status === status).length;
  return [
    ...findings.map(line),
    "",
    `${count("ok")} ok, ${count("fault")} faults, ${count("not checked")} not checked.`,
  ].join("\n");
}

const line = (finding: Finding): string => {
  const fix = finding.status === "fault" ? ` ${finding.fix}` : "";
  const told = finding.message.replace(/\.?$/, fix === "" ? "" : ".");
  return oneLine(`${finding.status.padEnd(11)}  ${finding.area}: ${finding.check}: ${told}${fix}`);
};
