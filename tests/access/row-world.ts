/**
 * Rows → the real resolver and merge → the direct engine → simulated clouds in memory, until nothing is left to
 * do; and both accounts of who can do what afterwards.
 */
import { accessOfRows, forMember, type RowAccess } from "../../automation/access/access-of-rows.ts";
import { compareAccess } from "../../automation/access/compare-access.ts";
import type { AccessFacts, AccessRows } from "../../automation/access/rows-in-force.ts";
import { merge } from "../../automation/reconcile/merge.ts";
import { Answers, type NameAnswer, type NameQuery } from "../../automation/reconcile/names-needed.ts";
import { resolveEnvironment, resolveJob } from "../../automation/reconcile/resolve.ts";
import { type AccessInWords, accessInWords } from "../../automation/simulators/access-in-words.ts";
import { getSecurable } from "../../automation/simulators/databricks/metastore.ts";
import { modelVersions } from "../../automation/simulators/databricks/model-version.ts";
import { groupsNamed, servicePrincipalToken } from "../../automation/simulators/entra/directory.ts";
import { objectIdOf } from "../../automation/simulators/entra/membership.ts";
import { textsAt } from "../../automation/simulators/json.ts";
import type { CallContext, Tenant } from "../../automation/simulators/resource-type.ts";
import { openTenant, type readSeed } from "../../automation/simulators/seed.ts";
import { Store } from "../../automation/simulators/store.ts";
import { canonicalJson } from "../../metadata-schema/canonical-json.ts";
import type { Contribution, Subject } from "../../metadata-schema/contributions.ts";
import { subjectKey } from "../../metadata-schema/contributions.ts";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { rowName } from "../../metadata-schema/rows.ts";
import type {
  EnvironmentSnapshot,
  JobSnapshot,
  OutputValues,
  RecordedReference,
  Resolution,
  StoredContribution,
} from "../../metadata-schema/store.ts";
import { stackLayer } from "../../program/layout/names.ts";
import { DirectEngine, type DirectState } from "../support/direct-engine.ts";

export type Seed = NonNullable<ReturnType<Parameters<typeof openTenant>[1]> & ReturnType<typeof readSeed>>;

/** A good row never needs more: platform, workspace, job, access; a name that waited; one that failed once. */
const maxPasses = 12;

interface Remembered {
  readonly contributions: ReadonlyMap<string, readonly StoredContribution[]>;
  readonly recorded: ReadonlyMap<string, readonly RecordedReference[]>;
  readonly outputs: Readonly<Record<string, OutputValues>>;
  readonly applied: ReadonlyMap<string, StackSpec>;
  readonly engine: DirectState;
}

/** Tables of the clouds' store that a roll-out changes. */
const tables = ["objects", "facts", "calls", "call_totals", "activity"];

export class RowWorld {
  readonly store = new Store(":memory:");
  readonly tenant: Tenant;
  readonly engine: DirectEngine;
  readonly #seed: Seed;
  /** a fault planted between a spec and the program */
  tamper: (spec: StackSpec) => StackSpec = (spec) => spec;
  #contributions = new Map<string, readonly StoredContribution[]>();
  #recorded = new Map<string, readonly RecordedReference[]>();
  #outputs: Record<string, OutputValues> = {};
  #applied = new Map<string, StackSpec>();

  constructor(seed: Seed) {
    this.#seed = seed;
    this.tenant = { ...openTenant(this.store, () => seed), principalLagSeconds: 0 };
    this.engine = new DirectEngine(this.store, this.tenant);
  }

  at(config: CallContext["config"] = {}): CallContext {
    return this.engine.at(config);
  }

  /** Everything as it is now; the function returned brings it back. */
  remember(): () => void {
    const name = `kept_${Math.random().toString(36).slice(2)}`;
    this.store.run(`attach ':memory:' as ${name}`);
    for (const table of tables) this.store.run(`create table ${name}.${table} as select * from ${table}`);
    const kept: Remembered = {
      contributions: new Map(this.#contributions),
      recorded: new Map(this.#recorded),
      outputs: { ...this.#outputs },
      applied: new Map(this.#applied),
      engine: this.engine.state,
    };
    return () => {
      for (const table of tables) {
        this.store.run(`delete from ${table}`);
        this.store.run(`insert into ${table} select * from ${name}.${table}`);
      }
      this.#contributions = new Map(kept.contributions);
      this.#recorded = new Map(kept.recorded);
      this.#outputs = { ...kept.outputs };
      this.#applied = new Map(kept.applied);
      this.engine.state = kept.engine;
      this.tamper = (spec) => spec;
    };
  }

  /** Carries out what the rows ask for, until a pass changes nothing. */
  async settle(rows: AccessRows, nowMs: number): Promise<void> {
    let faults: string[] = [];
    for (let pass = 0; pass < maxPasses; pass += 1) {
      const isNews = this.#resolve(rows, nowMs);
      faults = [];
      const ran = await this.#run(faults);
      if (!isNews && ran === 0) return;
    }
    throw new Error(`The rows do not settle: ${faults.join("; ") || "each pass changes something"}`);
  }

  #resolve(rows: AccessRows, nowMs: number): boolean {
    const before = canonicalJson([...this.#contributions]);
    const at = { seq: 1, now: new Date(nowMs).toISOString() };
    const answers = new StoreAnswers(this.store);
    for (const environment of rows.environments) {
      const subject = { kind: "environment", name: environment.name } as const;
      const snapshot: EnvironmentSnapshot = {
        ...this.#common(subject),
        subject,
        environment,
        integrationRuntimes: [],
      };
      this.#keep(subject, resolveEnvironment(snapshot, answers, at));
    }
    const gone = [...this.#contributions.keys()].flatMap((key) => {
      const jobId = Number(/^job:(.+)$/.exec(key)?.[1]);
      return Number.isNaN(jobId) || rows.jobs.some((job) => job.job_id === jobId) ? [] : [jobId];
    });
    for (const jobId of [...rows.jobs.map(({ job_id }) => job_id), ...gone]) {
      const snapshot = this.#jobSnapshot(jobId, rows);
      this.#keep(snapshot.subject, resolveJob(snapshot, answers, at));
    }
    return canonicalJson([...this.#contributions]) !== before;
  }

  #common(subject: Subject) {
    const key = subjectKey(subject);
    return {
      malformed: [],
      contributions: this.#contributions.get(key) ?? [],
      recorded: this.#recorded.get(key) ?? [],
      outputs: this.#outputs,
      outputVersions: {},
    };
  }

  #jobSnapshot(jobId: number, rows: AccessRows): JobSnapshot {
    const subject = { kind: "job", jobId } as const;
    const job = rows.jobs.find(({ job_id }) => job_id === jobId) ?? null;
    const own = <Row extends { readonly job_id: number }>(all: readonly Row[]): readonly Row[] =>
      all.filter(({ job_id }) => job_id === jobId);
    const pipelineSettings = own(rows.pipelines);
    return {
      ...this.#common(subject),
      subject,
      job,
      environment:
        rows.environments.find(({ name, is_default }) =>
          job?.environment ? name === job.environment : is_default,
        ) ?? null,
      policies: own(rows.policies),
      secretReferences: own(rows.secrets),
      networkRules: [],
      clusterConfigs: [],
      pipelineSettings,
      alertRules: own(rows.alerts),
      guardrailExceptions: [],
      dataSources: rows.sources.filter(({ name }) =>
        pipelineSettings.some(({ data_source }) => data_source === name),
      ),
      integrationRuntimes: [],
      models: rows.models,
    };
  }

  #keep(subject: Subject, { contributions, recorded }: Resolution): void {
    const key = subjectKey(subject);
    const stored = contributions
      .filter(({ wanted, admitted }) => wanted.length + admitted.length > 0)
      .map((each: Contribution): StoredContribution => ({ ...each, subject }));
    if (stored.length === 0) this.#contributions.delete(key);
    else this.#contributions.set(key, stored);
    this.#recorded.set(key, recorded);
  }

  /** Runs every stack that is not as it should be: lower layers first, destruction from the top. */
  async #run(faults: string[]): Promise<number> {
    const all = [...this.#contributions.values()].flat();
    const names = [...new Set([...all.map(({ stack }) => stack), ...this.#applied.keys()])];
    const wanted = names.map((stack) => {
      const contributions = all.filter((each) => each.stack === stack && each.admitted.length > 0);
      return merge({ stack, version: 1, contributions, desired: null });
    });
    const byLayer = wanted
      .map((merged, index) => ({ ...merged, stack: names[index] ?? "" }))
      .toSorted((a, b) => stackLayer(a.kind) - stackLayer(b.kind));
    let ran = 0;
    for (const { stack, spec } of byLayer) {
      if (spec === null) continue;
      const told = this.tamper(spec);
      if (canonicalJson(this.#applied.get(stack) ?? null) === canonicalJson(told)) continue;
      ran += 1;
      await this.#attempt(stack, faults, async () => {
        this.#outputs[stack] = (await this.engine.up(told)).outputs as OutputValues;
        this.#applied.set(stack, told);
      });
    }
    for (const { stack, spec } of byLayer.toReversed()) {
      if (spec !== null || !this.#applied.has(stack)) continue;
      ran += 1;
      await this.#attempt(stack, faults, async () => {
        await this.engine.destroy(stack);
        this.#applied.delete(stack);
        delete this.#outputs[stack];
      });
    }
    return ran;
  }

  async #attempt(stack: string, faults: string[], work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (fault) {
      faults.push(`${stack}: ${fault instanceof Error ? fault.message : String(fault)}`);
    }
  }

  /** What rows are told about the directory, as the seed had it: what somebody changes there is a difference. */
  facts(nowMs: number, kept: AccessFacts["kept"] = { jobs: [], policies: [], pipelines: [] }): AccessFacts {
    const { store } = this;
    return {
      nowMs,
      kept,
      groups: (name) =>
        this.#seed.groups
          .filter(({ displayName }) => displayName.toLowerCase() === name.toLowerCase())
          .map(({ id }) => id),
      identity: (armId) => identityWith(store, armId),
      hasSecret: (armId) => store.get("azure", armId) !== undefined,
      hasModel: (name) =>
        this.#seed.metastore.catalogs.some((catalog) =>
          catalog.schemas.some(({ name: schema, models }) =>
            models.some(
              (model) =>
                `${catalog.name}.${schema}.${typeof model === "string" ? model : model.name}` === name,
            ),
          ),
        ),
      canServe: (_jobId, model) => modelVersions(store, model).length > 0,
      isRefused: () => false,
    };
  }

  /** Groups that hold somebody, and the groups that hold those, as the seed has them. */
  groupsOf(objectId: string): readonly string[] {
    const { groups, users } = this.#seed;
    const nameOf = (id: string): string =>
      users.find((user) => user.id === id)?.userPrincipalName ??
      groups.find((group) => group.id === id)?.displayName ??
      "";
    const found = new Set<string>();
    for (let frontier = [objectId]; frontier.length > 0; ) {
      const names = frontier.map(nameOf);
      frontier = groups
        .filter(({ id, members }) => !found.has(id) && members.some((member) => names.includes(member)))
        .map(({ id }) => id);
      for (const id of frontier) found.add(id);
    }
    return [...found];
  }

  /** What rows say of everybody in the clouds' directory. */
  said(rows: AccessRows, facts: AccessFacts): readonly RowAccess[] {
    const held = accessOfRows(rows, facts);
    const principals = this.found().principals.map(({ objectId }) => objectId);
    const outsiders = held.filter(({ principal }) => !principals.includes(principal));
    const all = principals.flatMap((objectId) =>
      forMember(held, { objectId, groups: this.groupsOf(objectId) }),
    );
    return [...outsiders, ...all];
  }

  found(): AccessInWords {
    return accessInWords(this.store, this.tenant);
  }

  /** Each difference as a line, for people; empty: both say the same. */
  differences(rows: AccessRows, facts: AccessFacts): readonly string[] {
    const { principals, can } = this.found();
    const nameOf = (id: string): string => principals.find(({ objectId }) => objectId === id)?.name ?? id;
    const { missing, surplus } = compareAccess(this.said(rows, facts), can);
    return [
      ...missing.map(
        ({ principal, action, object, because }) =>
          `missing: ${nameOf(principal)} ${action} ${object} (${because.map(rowName).join(", ")})`,
      ),
      ...surplus.map(
        ({ principal, action, object, through }) =>
          `surplus: ${nameOf(principal)} ${action} ${object}${through === null ? "" : ` through ${through}`}`,
      ),
    ].toSorted();
  }
}

export function identityWith(store: Store, armId: string): string | null {
  const found = store
    .ofType(servicePrincipalToken)
    .find(({ body }) =>
      textsAt(body, "alternativeNames").some((name) => name.toLowerCase() === armId.toLowerCase()),
    );
  return found === undefined ? null : objectIdOf(found);
}

const found = (objectId: string): NameAnswer => ({ status: "found", objectId });

/** What the clouds would answer to a look-up. */
class StoreAnswers extends Answers {
  readonly #store: Store;
  constructor(store: Store) {
    super(new Map());
    this.#store = store;
  }

  override of(query: NameQuery): NameAnswer {
    const store = this.#store;
    switch (query.kind) {
      case "group": {
        const ids = groupsNamed(store, query.name).map(objectIdOf);
        const [only, ...more] = ids;
        if (only === undefined) return { status: "missing" };
        return more.length > 0 ? { status: "ambiguous", objectIds: ids } : found(only);
      }
      case "resource":
      case "secret":
        return store.get("azure", query.name) ? found(query.name) : { status: "missing" };
      case "runtime":
        return found("Online");
      case "model":
        return getSecurable(store, "model", query.name) ? found(query.name) : { status: "missing" };
      case "model-version": {
        const newest = modelVersions(store, query.name).at(-1);
        return newest === undefined ? { status: "missing" } : found(String(newest.body.version));
      }
      default:
        return { status: "missing" };
    }
  }
}
