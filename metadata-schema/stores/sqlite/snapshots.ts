/** What the resolve of one subject reads, in one snapshot. */
import { subjectKey } from "../../contributions.ts";
import {
  environmentRowsFrom,
  jobRowsFrom,
  stacksReadByEnvironment,
  stacksReadByName,
} from "../../parse-rows.ts";
import type { EnvironmentSnapshot, JobSnapshot } from "../../store.ts";
import type { Row, Transaction } from "./connection.ts";
import { contributionsOf, recordedOf } from "./contributions.ts";
import { outputsOfStacks, outputVersions } from "./outputs.ts";

export function loadJob(transaction: Transaction, jobId: number): JobSnapshot {
  const subject = { kind: "job", jobId } as const;
  const Jobs = transaction.all("SELECT * FROM Jobs WHERE job_id = ?", jobId);
  const environment = Jobs[0] === undefined ? undefined : environmentOf(transaction, Jobs[0]);
  const Access_Policies = transaction.all(selectPolicies, jobId);
  const Pipeline_Settings = transaction.all(selectPipelines, jobId);
  const modelNames = Jobs.flatMap((job) => [job.model ?? defaultModel(jobId, environment)]);
  const stacks = stacksReadByJob(transaction, jobId, environment);
  return {
    subject,
    ...jobRowsFrom({
      Jobs,
      Environments: environment === undefined ? [] : [environment],
      Access_Policies,
      Secret_References: transaction.all(selectSecrets, jobId),
      Network_Rules: transaction.all(selectNetworkRules, jobId),
      Cluster_Configs: transaction.all(selectClusters, jobId),
      Pipeline_Settings,
      Alert_Rules: transaction.all(selectAlertRules, jobId),
      Guardrail_Exceptions: transaction.all(selectExceptions, jobId),
      Data_Sources: rowsNamed(transaction, selectSources, valuesOf(Pipeline_Settings, "data_source")),
      Integration_Runtimes: runtimesOf(transaction, environment),
      Models: rowsNamed(transaction, selectModels, [...modelNames, ...valuesOf(Access_Policies, "model")]),
    }),
    contributions: contributionsOf(transaction, subjectKey(subject)),
    recorded: recordedOf(transaction, subjectKey(subject)),
    outputs: outputsOfStacks(transaction, stacks),
    outputVersions: outputVersions(transaction, stacks),
  };
}

const selectPolicies = "SELECT * FROM Access_Policies WHERE job_id = ? ORDER BY policy_id";
const selectSecrets = "SELECT * FROM Secret_References WHERE job_id = ? ORDER BY reference_id";
const selectNetworkRules = "SELECT * FROM Network_Rules WHERE job_id = ? ORDER BY rule_id";
const selectClusters = "SELECT * FROM Cluster_Configs WHERE job_id = ? ORDER BY config_id";
const selectPipelines = "SELECT * FROM Pipeline_Settings WHERE job_id = ? ORDER BY setting_id";
const selectAlertRules = "SELECT * FROM Alert_Rules WHERE job_id = ? ORDER BY alert_id";
const selectExceptions = "SELECT * FROM Guardrail_Exceptions WHERE job_id = ? ORDER BY exception_id";
const named = "WHERE name IN (SELECT value FROM json_each(?)) ORDER BY name";
export const selectSources = `SELECT * FROM Data_Sources ${named}`;
export const selectModels = `SELECT * FROM Models ${named}`;
export const selectRuntimes = "SELECT * FROM Integration_Runtimes WHERE environment = ? ORDER BY name";
export const selectDefaultRuntimes =
  "SELECT * FROM Integration_Runtimes WHERE environment IS NULL ORDER BY name";

/** Most jobs name none, and ask nothing. */
function rowsNamed(transaction: Transaction, sql: string, names: readonly Row[string][]): readonly Row[] {
  const texts = names.filter((name) => typeof name === "string");
  return texts.length === 0 ? [] : transaction.all(sql, JSON.stringify(texts));
}

const valuesOf = (rows: readonly Row[], column: string): readonly Row[string][] =>
  rows.map((row) => row[column] ?? null);

const defaultModel = (jobId: number, environment: Row | undefined): string | null =>
  environment === undefined ? null : `${environment.catalog_name}.${environment.schema_name}.job_${jobId}`;

/** The named environment, or the default one. */
function environmentOf(transaction: Transaction, { environment: name }: Row): Row | undefined {
  return typeof name === "string"
    ? transaction.get("SELECT * FROM Environments WHERE name = ?", name)
    : transaction.get("SELECT * FROM Environments WHERE is_default = 1");
}

function runtimesOf(transaction: Transaction, environment: Row | undefined): readonly Row[] {
  if (environment === undefined) return [];
  const own = transaction.all(selectRuntimes, String(environment.name));
  const unnamed = environment.is_default === 1 ? transaction.all(selectDefaultRuntimes) : [];
  return [...own, ...unnamed].sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
}

/**
 * By name, because a job that came back has outputs before it has contributions; by its contributions too, because a
 * job may have moved. The environment's name is known even where its row is malformed.
 */
function stacksReadByJob(
  transaction: Transaction,
  jobId: number,
  environment: Row | undefined,
): readonly string[] {
  const own = transaction
    .all("SELECT stack FROM Contributions WHERE subject = ? AND kind = 'job'", `job:${jobId}`)
    .map((row) => String(row.stack));
  const byName = stacksReadByName(jobId, environment === undefined ? null : String(environment.name));
  return [...new Set([...byName, ...own])];
}

export function loadEnvironment(transaction: Transaction, name: string): EnvironmentSnapshot {
  const subject = { kind: "environment", name } as const;
  const Environments = transaction.all("SELECT * FROM Environments WHERE name = ?", name);
  const stacks = stacksReadByEnvironment(name);
  return {
    subject,
    ...environmentRowsFrom({ Environments, Integration_Runtimes: runtimesOf(transaction, Environments[0]) }),
    contributions: contributionsOf(transaction, subjectKey(subject)),
    recorded: recordedOf(transaction, subjectKey(subject)),
    outputs: outputsOfStacks(transaction, stacks),
    outputVersions: outputVersions(transaction, stacks),
  };
}
