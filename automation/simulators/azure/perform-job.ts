/** Databricks activities: a run of a job of the simulated workspace, on record. Its work is nobody's here. */
import { job, jobToken } from "../databricks/job.ts";
import { type Body, isBody, type Json, textAt } from "../json.ts";
import { keepNewest } from "../keep-newest.ts";
import type { Store } from "../store.ts";
import { asText } from "./adf-expression.ts";
import { documentIn } from "./data-factory-child.ts";
import type { Run } from "./pipeline-run.ts";
import { ActivityFault, resolve } from "./pipeline-values.ts";

export async function startJob(asked: Body, activity: Body, run: Run): Promise<Json> {
  const host = hostOf(activity, run);
  const jobId = asText(asked.jobId ?? null);
  const { ctx } = run;
  if (!job.read({ ...ctx, config: { host: `https://${host}` } }, jobId)) {
    throw new ActivityFault("3200", `Job ${jobId} does not exist in ${host} (${jobToken})`);
  }
  const [row] = ctx.store.all(
    `insert into job_runs (host, job_id, parameters, started_by, started_at, state)
     values (?, ?, ?, ?, ?, 'SUCCESS') returning job_run_id`,
    host,
    jobId,
    JSON.stringify(asked.jobParameters ?? {}),
    `${run.factoryId} run ${run.runId}`,
    new Date().toISOString(),
  );
  keepNewest(ctx.store, "job_runs");
  const runId = Number(row?.job_run_id);
  return { runId, runPageUrl: `https://${host}/#job/${jobId}/run/${runId}` };
}

/** The workspace that the activity's linked service leads to. */
function hostOf(activity: Body, { ctx, factoryId }: Run): string {
  const name = textAt(activity, "linkedServiceName.referenceName");
  const service = documentIn(ctx.store, factoryId, { to: "linkedService", name });
  const properties = isBody(service?.body.properties) ? service.body.properties : {};
  const declared = isBody(properties.parameters) ? properties.parameters : {};
  const given = isBody(activity.linkedServiceName) ? activity.linkedServiceName.parameters : undefined;
  const values = Object.entries(declared).map(([key, parameter]): [string, Json] => [
    key,
    (isBody(given) ? given[key] : undefined) ?? (isBody(parameter) ? (parameter.defaultValue ?? null) : null),
  ]);
  const scope = { linkedservice: () => Object.fromEntries(values) };
  const domain = asText(resolve(textAt(properties, "typeProperties.domain"), scope));
  return domain.replace(/^https:\/\//, "").replace(/\/+$/, "");
}

export const listJobRuns = (store: Store): Body[] =>
  store.all("select * from job_runs order by job_run_id").map((row) => ({
    jobRunId: Number(row.job_run_id),
    host: String(row.host),
    jobId: String(row.job_id),
    parameters: JSON.parse(String(row.parameters)) as Json,
    startedBy: String(row.started_by),
    startedAt: String(row.started_at),
    state: String(row.state),
  }));
