/**
 * What a resolve needs to know from outside. It is pure, so names are looked up before and handed in.
 */
import type { EnvironmentRow } from "../../metadata-schema/rows.ts";
import type { EnvironmentSnapshot, JobSnapshot } from "../../metadata-schema/store.ts";
import { vaultOf } from "./environment.ts";

export type NameQuery =
  /** an Entra group by display name */
  | { readonly kind: "group"; readonly name: string }
  /** a person by user principal name */
  | { readonly kind: "user"; readonly name: string }
  /** an ARM resource, by id */
  | { readonly kind: "resource"; readonly name: string }
  /** a secret's existence, by the ARM id of the secret; never its value */
  | { readonly kind: "secret"; readonly name: string };

export type NameAnswer =
  | { readonly status: "found"; readonly objectId: string }
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

export const queryKey = (query: NameQuery): string => `${query.kind}:${query.name.toLowerCase()}`;

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
  return unique([
    ...snapshot.policies.map((policy): NameQuery => ({ kind: "group", name: policy.entra_id_group })),
    ...secretQueries(snapshot, environment),
    ...vaultQueries(environment),
  ]);
}

function secretQueries(snapshot: JobSnapshot, environment: EnvironmentRow): NameQuery[] {
  const vault = vaultOf(environment);
  return snapshot.secretReferences.map((row) => ({ kind: "secret", name: vault.secretId(row.secret_name) }));
}

function vaultQueries(environment: EnvironmentRow): NameQuery[] {
  const id = environment.key_vault_id;
  return id === null ? [] : [{ kind: "resource", name: id }];
}

export function namesOfEnvironment(snapshot: EnvironmentSnapshot): readonly NameQuery[] {
  const { environment } = snapshot;
  if (environment === null) return [];
  const members =
    environment.own_group === null
      ? []
      : environment.own_group_members.map((name): NameQuery => ({ kind: "user", name }));
  return unique([...vaultQueries(environment), ...members]);
}

function unique(queries: readonly NameQuery[]): NameQuery[] {
  return [...new Map(queries.map((query) => [queryKey(query), query])).values()];
}
