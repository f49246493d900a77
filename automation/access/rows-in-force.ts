/**
 * Which rows count, and as what: an account of its own of what keeps a row out of force. Each question is
 * answered once, so that ten thousand policies are told in a moment.
 */
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import type {
  AccessPolicyRow,
  AlertRuleRow,
  DataSourceRow,
  EnvironmentRow,
  JobRow,
  ModelRow,
  PipelineSettingRow,
  RowRef,
  SecretReferenceRow,
} from "../../metadata-schema/rows.ts";
import { databricksJobName, ownModelName } from "../../program/layout/names.ts";
import { environmentFacts, vaultOf } from "../reconcile/environment.ts";
import { isAboutModel, mayAsk, meaningOf, type Place } from "./permission-meaning.ts";

/** Rows that give anybody anything. */
export interface AccessRows {
  readonly environments: readonly EnvironmentRow[];
  readonly jobs: readonly JobRow[];
  readonly policies: readonly AccessPolicyRow[];
  readonly secrets: readonly SecretReferenceRow[];
  readonly pipelines: readonly PipelineSettingRow[];
  readonly sources: readonly DataSourceRow[];
  readonly alerts: readonly AlertRuleRow[];
  readonly models: readonly ModelRow[];
}

/** What rows do not say themselves. */
export interface AccessFacts {
  readonly nowMs: number;
  /** object ids of the groups of this display name */
  groups(displayName: string): readonly string[];
  /** object id of the identity that an Azure resource is or has; null: it is not there yet */
  identity(armId: string): string | null;
  hasSecret(armId: string): boolean;
  /** a model that no job of these rows makes */
  hasModel(name: string): boolean;
  /** whether an online job's model has a version to serve */
  canServe(jobId: number, model: string): boolean;
  /** rows that are out of force for a reason that has nothing to do with access */
  isRefused(row: RowRef): boolean;
  /** of rows that are out of force: what they still have from before */
  readonly kept: KeptRows;
}
export type KeptRows = Pick<AccessRows, "jobs" | "policies" | "pipelines">;

export const policyKey = ({ policy_id }: AccessPolicyRow): RowRef => ({
  table: "Access_Policies",
  key: String(policy_id),
});
export const jobKey = ({ job_id }: JobRow): RowRef => ({ table: "Jobs", key: String(job_id) });
export const pipelineKey = ({ setting_id }: PipelineSettingRow): RowRef => ({
  table: "Pipeline_Settings",
  key: String(setting_id),
});

export interface StandingJob {
  readonly job: JobRow;
  readonly environment: EnvironmentRow;
}

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

export class RowsInForce {
  readonly rows: AccessRows;
  readonly facts: AccessFacts;
  /** jobs whose own objects are there, by number */
  readonly standing = new Map<number, StandingJob>();
  readonly #jobs: ReadonlyMap<number, JobRow>;
  readonly #environments: ReadonlyMap<string, EnvironmentRow>;
  readonly #byDefault: EnvironmentRow | undefined;
  /** jobs by the model that each makes, whether it stands or not */
  readonly #makers: ReadonlyMap<string, JobRow>;

  constructor(rows: AccessRows, facts: AccessFacts) {
    this.rows = rows;
    this.facts = facts;
    this.#jobs = new Map(rows.jobs.map((job) => [job.job_id, job]));
    this.#environments = new Map(rows.environments.map((row) => [row.name, row]));
    this.#byDefault = rows.environments.find(({ is_default }) => is_default);
    this.#makers = new Map(
      rows.jobs.flatMap((job) => {
        const environment = this.environmentOf(job);
        return environment !== undefined && ownsModel(job, environment)
          ? [[ownModelOf(job, environment).toLowerCase(), job] as const]
          : [];
      }),
    );
    const keptJobs = new Map(facts.kept.jobs.map((job) => [job.job_id, job]));
    for (const job of rows.jobs) {
      const counts = this.#isGoodJob(job) ? job : keptJobs.get(job.job_id);
      const environment = counts === undefined ? undefined : this.environmentOf(counts);
      if (counts !== undefined && environment !== undefined)
        this.standing.set(job.job_id, { job: counts, environment });
    }
  }

  environmentOf({ environment }: JobRow): EnvironmentRow | undefined {
    return environment === null ? this.#byDefault : this.#environments.get(environment);
  }

  /** Each as it counts: a policy that is out of force as what it still has from before. */
  policies(): readonly AccessPolicyRow[] {
    const kept = new Map(this.facts.kept.policies.map((row) => [row.policy_id, row]));
    return this.rows.policies.flatMap((row) => {
      const counts = this.#isGoodPolicy(row) ? row : kept.get(row.policy_id);
      return counts === undefined || this.#hasExpired(counts) ? [] : [counts];
    });
  }

  /** The same of pipelines, of jobs that stand. */
  pipelines(): readonly PipelineSettingRow[] {
    const kept = new Map(this.facts.kept.pipelines.map((row) => [row.setting_id, row]));
    return this.rows.pipelines.flatMap((row) => {
      const job = this.standing.get(row.job_id);
      if (job === undefined) return [];
      const counts = this.#isGoodPipeline(row, environmentFacts(job.environment))
        ? row
        : kept.get(row.setting_id);
      return counts === undefined ? [] : [counts];
    });
  }

  /** @param model that is meant; null: the job's */
  placeOf({ job, environment }: StandingJob, model: string | null): Place {
    const own = job.model ?? ownModelOf(job, environment);
    const name = model ?? own;
    return {
      environment: environmentFacts(environment),
      catalog: environment.catalog_name,
      schema: environment.schema_name,
      jobId: job.job_id,
      jobName: databricksJobName(job.job_id, job.name ?? `job ${job.job_id}`),
      online: job.kind === "online",
      model: name,
      modelExists: this.#modelExists(name),
      jobStands: this.standing.has(job.job_id),
      serves: this.facts.canServe(job.job_id, own),
    };
  }

  /** The place of a policy: its job as it stands, or as its row would have it; null: there is no such job. */
  placeOfPolicy(policy: AccessPolicyRow): Place | null {
    const standing = this.standing.get(policy.job_id);
    if (standing !== undefined) return this.placeOf(standing, policy.model);
    const job = this.#jobs.get(policy.job_id);
    const environment = job === undefined ? undefined : this.environmentOf(job);
    if (job === undefined || environment === undefined) return null;
    return this.placeOf({ job, environment }, policy.model);
  }

  /** ARM id of a secret; null: it is not there, or in a vault of another environment. */
  secretOf(environment: EnvironmentFacts, vaultName: string, name: string): string | null {
    const vault = vaultOf(environment);
    if (!isSame(vault.name, vaultName) || !/^[0-9A-Za-z-]{1,127}$/.test(name)) return null;
    const id = vault.secretId(name);
    return this.facts.hasSecret(id) ? id : null;
  }

  sourceOf({ data_source }: PipelineSettingRow): DataSourceRow | null {
    return this.rows.sources.find(({ name }) => name === data_source) ?? null;
  }

  /** ARM id of the secret that opens a source; null: none does. */
  credentialOf(source: DataSourceRow | null, environment: EnvironmentFacts): string | null {
    if (source === null || source.key_vault === null || source.secret_name === null) return null;
    return this.secretOf(environment, source.key_vault, source.secret_name);
  }

  #isGoodJob(job: JobRow): boolean {
    const environment = this.environmentOf(job);
    return (
      environment !== undefined &&
      ["batch", "online"].includes(job.kind) &&
      ["normal", "urgent"].includes(job.priority) &&
      !this.facts.isRefused(jobKey(job)) &&
      (job.model === null || ownsModel(job, environment) || this.#mayUse(job.model, environment))
    );
  }

  #mayUse(model: string, environment: EnvironmentRow): boolean {
    return this.#isOfEnvironment(model, environment) && this.#modelExists(model);
  }

  /** A model may be used from one environment: that of its row in Models, or else the one that has its catalog. */
  #isOfEnvironment(model: string, environment: EnvironmentRow): boolean {
    const row = this.rows.models.find(({ name }) => isSame(name, model));
    if (row === undefined) return isSame(model.split(".")[0] ?? "", environment.catalog_name);
    return row.environment === null ? environment.is_default : row.environment === environment.name;
  }

  /** A job makes its own model, where its row names no other. */
  #modelExists(name: string): boolean {
    const maker = this.#makers.get(name.toLowerCase());
    const isMade = maker !== undefined && (this.standing.has(maker.job_id) || this.#isGoodJob(maker));
    return isMade || this.facts.hasModel(name);
  }

  #isGoodPolicy(policy: AccessPolicyRow): boolean {
    const place = this.placeOfPolicy(policy);
    const environment = this.#environments.get(place?.environment.name ?? "");
    return (
      place !== null &&
      environment !== undefined &&
      !this.facts.isRefused(policyKey(policy)) &&
      expiryOf(policy) !== "unreadable" &&
      this.facts.groups(policy.entra_id_group).length === 1 &&
      (!policy.permissions.some(isAboutModel) ||
        this.#isAwaited(policy, place.model, environment) ||
        this.#mayUse(place.model, environment)) &&
      policy.permissions.every(
        (permission) => mayAsk(policy.role, permission) && meaningOf(permission, place) !== "unavailable",
      )
    );
  }

  /** The model that the policy's own job makes: until it is there, its holders have the way to it. */
  #isAwaited(policy: AccessPolicyRow, model: string, environment: EnvironmentRow): boolean {
    const job = this.#jobs.get(policy.job_id);
    return job !== undefined && ownsModel(job, environment) && isSame(model, ownModelOf(job, environment));
  }

  #hasExpired(policy: AccessPolicyRow): boolean {
    const expiry = expiryOf(policy);
    return typeof expiry === "number" && expiry <= this.facts.nowMs;
  }

  #isGoodPipeline(pipeline: PipelineSettingRow, environment: EnvironmentFacts): boolean {
    if (this.facts.isRefused(pipelineKey(pipeline))) return false;
    if (pipeline.data_source === null) return true;
    const source = this.sourceOf(pipeline);
    if (source === null) return false;
    const hasCredential = source.key_vault !== null || source.secret_name !== null;
    return !hasCredential || this.credentialOf(source, environment) !== null;
  }
}

const ownModelOf = (job: JobRow, environment: EnvironmentRow): string =>
  ownModelName(environment.catalog_name, environment.schema_name, job.job_id);
export const ownsModel = (job: JobRow, environment: EnvironmentRow): boolean =>
  job.model === null || isSame(job.model, ownModelOf(job, environment));

/** The instant from which a policy counts no longer; null: there is none. */
function expiryOf({ expires_at: text }: AccessPolicyRow): number | null | "unreadable" {
  if (text === null) return null;
  const hasZone = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:\d\d)$/.test(text);
  const at = hasZone ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? "unreadable" : at;
}
