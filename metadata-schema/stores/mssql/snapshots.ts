/** What the resolve of one subject reads, in one snapshot. */
import { subjectKey } from "../../contributions.ts";
import {
  environmentRowsFrom,
  jobRowsFrom,
  stacksReadByEnvironment,
  stacksReadByName,
} from "../../parse-rows.ts";
import type { EnvironmentSnapshot, JobSnapshot } from "../../store.ts";
import { type Transaction, text } from "./connection.ts";
import {
  contributionsFrom,
  recordedFrom,
  selectContributionsOfSubject,
  selectRecorded,
} from "./contributions.ts";
import { outputsOfStacks } from "./outputs.ts";

export async function loadJob(transaction: Transaction, jobId: number): Promise<JobSnapshot> {
  const subject = { kind: "job", jobId } as const;
  const lists = await transaction.lists(selectJobRows, { jobId, subject: subjectKey(subject) });
  const [Jobs = [], Environments = [], Access_Policies = [], Secret_References = []] = lists;
  const [Network_Rules = [], Cluster_Configs = [], Pipeline_Settings = [], Alert_Rules = []] = lists.slice(4);
  const [Guardrail_Exceptions = [], Data_Sources = [], Integration_Runtimes = [], Models = []] =
    lists.slice(8);
  const [contributed = [], references = [], recorded = []] = lists.slice(12);
  const contributions = contributionsFrom([contributed, references]);
  // By name, because a job that came back has outputs before it has contributions; by its contributions too,
  // because a job may have moved. The environment's name is known even where its row is malformed.
  const environment = Environments[0] === undefined ? null : text(Environments[0], "name");
  const own = contributions.filter(({ kind }) => kind === "job").map(({ stack }) => stack);
  const stacks = [...new Set([...stacksReadByName(jobId, environment), ...own])];
  const { outputs, versions } = await outputsOfStacks(transaction, stacks);
  return {
    subject,
    ...jobRowsFrom({
      Jobs,
      Environments,
      Access_Policies,
      Secret_References,
      Network_Rules,
      Cluster_Configs,
      Pipeline_Settings,
      Alert_Rules,
      Guardrail_Exceptions,
      Data_Sources,
      Integration_Runtimes,
      Models,
    }),
    contributions,
    recorded: recordedFrom(recorded),
    outputs,
    outputVersions: versions,
  };
}

const jobWithEnvironment = `Jobs AS j JOIN Environments AS e
  ON e.name = j.environment OR (j.environment IS NULL AND e.is_default = 1)`;
const runtimeOfEnvironment = "(r.environment = e.name OR (r.environment IS NULL AND e.is_default = 1))";
const selectJobRows = `
SELECT * FROM Jobs WHERE job_id = @jobId;
SELECT e.* FROM ${jobWithEnvironment} WHERE j.job_id = @jobId;
SELECT * FROM Access_Policies WHERE job_id = @jobId ORDER BY policy_id;
SELECT * FROM Secret_References WHERE job_id = @jobId ORDER BY reference_id;
SELECT * FROM Network_Rules WHERE job_id = @jobId ORDER BY rule_id;
SELECT * FROM Cluster_Configs WHERE job_id = @jobId ORDER BY config_id;
SELECT * FROM Pipeline_Settings WHERE job_id = @jobId ORDER BY setting_id;
SELECT * FROM Alert_Rules WHERE job_id = @jobId ORDER BY alert_id;
SELECT * FROM Guardrail_Exceptions WHERE job_id = @jobId ORDER BY exception_id;
SELECT * FROM Data_Sources
WHERE name IN (SELECT data_source FROM Pipeline_Settings WHERE job_id = @jobId) ORDER BY name;
SELECT r.* FROM ${jobWithEnvironment} JOIN Integration_Runtimes AS r ON ${runtimeOfEnvironment}
WHERE j.job_id = @jobId ORDER BY r.name;
SELECT * FROM Models WHERE name IN (
  SELECT model FROM Jobs WHERE job_id = @jobId
  UNION SELECT model FROM Access_Policies WHERE job_id = @jobId
  UNION SELECT e.catalog_name + N'.' + e.schema_name + N'.job_' + CAST(j.job_id AS nvarchar(12))
    FROM ${jobWithEnvironment} WHERE j.job_id = @jobId AND j.model IS NULL) ORDER BY name;
${selectContributionsOfSubject};
${selectRecorded}`;

export async function loadEnvironment(transaction: Transaction, name: string): Promise<EnvironmentSnapshot> {
  const subject = { kind: "environment", name } as const;
  const [Environments = [], Integration_Runtimes = [], contributed = [], references = [], recorded = []] =
    await transaction.lists(selectEnvironmentRows, { name, subject: subjectKey(subject) });
  const { outputs, versions } = await outputsOfStacks(transaction, stacksReadByEnvironment(name));
  return {
    subject,
    ...environmentRowsFrom({ Environments, Integration_Runtimes }),
    contributions: contributionsFrom([contributed, references]),
    recorded: recordedFrom(recorded),
    outputs,
    outputVersions: versions,
  };
}
const selectEnvironmentRows = `
SELECT * FROM Environments WHERE name = @name;
SELECT r.* FROM Environments AS e JOIN Integration_Runtimes AS r ON ${runtimeOfEnvironment}
WHERE e.name = @name ORDER BY r.name;
${selectContributionsOfSubject};
${selectRecorded}`;
