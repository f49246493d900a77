/**
 * What a resolve needs to know from outside. It is pure, so names are looked up before and handed in.
 */
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import type { EnvironmentRow, JobRow } from "../../metadata-schema/rows.ts";
import type { EnvironmentSnapshot, JobSnapshot } from "../../metadata-schema/store.ts";
import { ownModelName, runtimeId } from "../../program/layout/names.ts";
import { environmentFacts, vaultOf, workspaceFacts } from "./environment.ts";
import { runtimesToPick } from "./pick-runtime.ts";

export type NameQuery =
  /** an Entra group by display name */
  | { readonly kind: "group"; readonly name: string }
  /** a person by user principal name */
  | { readonly kind: "user"; readonly name: string }
  /** an ARM resource, by id */
  | { readonly kind: "resource"; readonly name: string }
  /** a secret's existence, by the ARM id of the secret; never its value */
  | { readonly kind: "secret"; readonly name: string }
  /** the state of an integration runtime (Online, Offline, …), by its ARM id */
  | { readonly kind: "runtime"; readonly name: string }
  /** a model's existence, or its newest version, by its three-level name; `workspace`: host that answers */
  | { readonly kind: "model" | "model-version"; readonly name: string; readonly workspace: string };

export type NameAnswer =
  /** an object id; of a runtime its state, of a model its version. `body`: of a resource, as ARM gives it */
  | { readonly status: "found"; readonly objectId: string; readonly body?: unknown }
  | { readonly status: "missing" }
  /** the name is not unique */
  | { readonly status: "ambiguous"; readonly objectIds: readonly string[] }
  /** nobody could say */
  | { readonly status: "unavailable"; readonly message: string };

/** Looks names up in the clouds; cached. */
export interface Directory {
  lookUp(query: NameQuery): Promise<NameAnswer>;
  /** Answers given so far may be wrong: the next look-up of each name asks again. */
  forget(): void;
}

export const queryKey = (query: NameQuery): string =>
  `${query.kind}:${"workspace" in query ? `${query.workspace}/` : ""}${query.name}`.toLowerCase();

/** Answers of one resolve, by query. */
export class Answers {
  readonly #byKey: ReadonlyMap<string, NameAnswer>;
  constructor(byKey: ReadonlyMap<string, NameAnswer>) {
    this.#byKey = byKey;
  }
  of(query: NameQuery): NameAnswer {
    return this.#byKey.get(queryKey(query)) ?? { status: "unavailable", message: "it was not looked up" };
  }
}

export function namesOfJob(snapshot: JobSnapshot): readonly NameQuery[] {
  const { job, environment } = snapshot;
  if (job === null || environment === null) return [];
  const facts = environmentFacts(environment);
  return unique([
    ...snapshot.policies.map((policy): NameQuery => ({ kind: "group", name: policy.entra_id_group })),
    ...secretQueries(snapshot, facts),
    ...modelQueries(snapshot, job, environment, facts),
    ...(snapshot.pipelineSettings.length === 0 ? [] : runtimesToPick(snapshot.integrationRuntimes)).map(
      ({ name }): NameQuery => ({ kind: "runtime", name: runtimeId(facts, name) }),
    ),
    ...resourceQueries(facts),
  ]);
}

function secretQueries(snapshot: JobSnapshot, facts: EnvironmentFacts): NameQuery[] {
  const vault = vaultOf(facts);
  const names = [
    ...snapshot.secretReferences.map((row) => row.secret_name),
    ...snapshot.dataSources.flatMap(({ secret_name: name }) => (name === null ? [] : [name])),
  ];
  return names.map((name) => ({ kind: "secret", name: vault.secretId(name) }));
}

/** Models that the job does not make itself; the newest version of the one that it serves. */
function modelQueries(
  snapshot: JobSnapshot,
  job: JobRow,
  environment: EnvironmentRow,
  facts: EnvironmentFacts,
): NameQuery[] {
  const workspace = workspaceFacts(facts, snapshot.outputs)?.host;
  if (workspace === undefined) return [];
  const { catalog_name: catalog, schema_name: schema } = environment;
  const own = ownModelName(catalog, schema, job.job_id);
  const named = [job.model, ...snapshot.policies.map(({ model }) => model)].filter((name) => name !== null);
  const isOwn = (name: string): boolean => name.toLowerCase() === own.toLowerCase();
  const others = job.model === null || isOwn(job.model) ? named.filter((name) => !isOwn(name)) : named;
  return [
    ...others.map((name): NameQuery => ({ kind: "model", name, workspace })),
    ...(job.kind === "online" ? [{ kind: "model-version", name: job.model ?? own, workspace } as const] : []),
  ];
}

/** What an environment takes over must be there. */
export const resourceQueries = (facts: EnvironmentFacts): NameQuery[] =>
  Object.values(facts.existing).map((name) => ({ kind: "resource", name }));

export function namesOfEnvironment(snapshot: EnvironmentSnapshot): readonly NameQuery[] {
  const { environment } = snapshot;
  if (environment === null) return [];
  const members =
    environment.own_group === null
      ? []
      : environment.own_group_members.map((name): NameQuery => ({ kind: "user", name }));
  return unique([...resourceQueries(environmentFacts(environment)), ...members]);
}

function unique(queries: readonly NameQuery[]): NameQuery[] {
  return [...new Map(queries.map((query) => [queryKey(query), query])).values()];
}
