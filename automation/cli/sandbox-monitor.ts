/** `rowgate sandbox metric` and `evaluate`: a job that reports a metric, and Azure Monitor that looks at its rules. */
import { Command, InvalidArgumentError } from "commander";
import { outputsBody } from "../http/contract.ts";
import type { CloudsClient } from "./clouds-client.ts";
import { jobId } from "./command-context.ts";
import { type Format, inFormat, outputOption } from "./output.ts";
import type { ServiceClient } from "./service-client.ts";
import { formatTable } from "./table.ts";

interface Rooms {
  print(text: string): void;
  open(): Promise<ServiceClient>;
}

type OpenClouds = () => Promise<CloudsClient>;

interface MetricFlags {
  readonly at?: string;
  readonly run: string;
}

export function metricCommand({ print, open }: Rooms, openClouds: OpenClouds): Command {
  return new Command("metric")
    .description("Report a metric as a job would: with its identity, to the endpoint that takes metrics.")
    .argument("<job>", "number of the job", jobId)
    .argument("<metric>", "its name, like model_accuracy")
    .argument("<value>", "a number", finite)
    .option("--at <time>", "when it was measured, like 2026-03-01T08:00:00Z (now)", instant)
    .option("--run <id>", "the job's own run that it is of", "by-hand")
    .action(async (job: number, metric: string, value: number, { at, run }: MetricFlags) => {
      const { outputs } = outputsBody.parse(await (await open()).get(`/api/jobs/${job}/outputs`));
      const clouds = await openClouds();
      const principal = textOf(outputs.identity_principal_id);
      const rule = await ruleOf(clouds, principal);
      if (principal === null || rule === null) throw mayNotReport(job);
      const point = {
        TimeGenerated: at ?? new Date().toISOString(),
        JobId: String(job),
        Model: textOf(outputs.model_full_name) ?? "",
        Metric: metric,
        MetricValue: value,
        RunId: run,
      };
      await clouds.ingest({ ...rule, principal, rows: [point] });
      print(`reported ${metric} ${value} of job ${job} at ${point.TimeGenerated}`);
    });
}

/** The rule that the identity may send to: that is what a role on it says. */
async function ruleOf(clouds: CloudsClient, principal: string | null) {
  const rules = await clouds.list({ type: "azure-native:monitor:DataCollectionRule" });
  for (const { body } of await clouds.list({ type: "azure-native:authorization:RoleAssignment" })) {
    if (principal === null || body.principalId !== principal) continue;
    const rule = rules.find(({ id }) => id.toLowerCase() === textOf(body.scope)?.toLowerCase());
    const immutableId = textOf(rule?.body.immutableId);
    const [stream] = Object.keys(rule?.body.streamDeclarations ?? {});
    if (immutableId !== null && stream !== undefined) return { immutableId, stream };
  }
  return null;
}

const mayNotReport = (job: number): Error =>
  new Error(
    `Job ${job} may not report metrics yet: its identity, or the identity's role on a data collection rule, is not there. \`rowgate describe job ${job}\` tells what it waits for.`,
  );

const textOf = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

export function evaluateCommand({ print }: Rooms, openClouds: OpenClouds): Command {
  return new Command("evaluate")
    .description("Let Azure Monitor look at every alert rule now, instead of when its time comes.")
    .option("--at <time>", "as if it were then, like 2026-03-01T08:00:00Z", instant)
    .addOption(outputOption())
    .action(async ({ at, output }: { readonly at?: string; readonly output: Format }) => {
      const evaluations = await (await openClouds()).evaluate(at);
      const rows = evaluations.map(({ rule, at: when, fault }) => [
        rule.split("/").at(-1) ?? rule,
        when,
        fault ?? "looked at",
      ]);
      print(
        inFormat(output, evaluations, () =>
          rows.length === 0 ? "There is no alert rule." : formatTable(["RULE", "AT", "RESULT"], rows),
        ),
      );
    });
}

function finite(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value))
    throw new InvalidArgumentError("Give a number, like 0.84.");
  return value;
}

function instant(text: string): string {
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError("Give a time like 2026-03-01T08:00:00Z.");
  return new Date(text).toISOString();
}
