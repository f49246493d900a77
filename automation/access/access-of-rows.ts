/**
 * Who can do what, as the rows say it: an account of its own, beside the resolver and the program. Rows and what
 * the directory knows go in; each answer comes with the rows it follows from. Pure.
 *
 * It tells how things are once everything is reconciled. Left out by design: whoever deploys, who owns what it
 * makes and administers the workspaces; users and roles inside databases; the application roles of the service.
 */
import type { AlertRuleRow, RowRef, SecretReferenceRow } from "../../metadata-schema/rows.ts";
import { environmentFacts } from "../reconcile/environment.ts";
import { type AccessWord, outsider } from "./access-words.ts";
import { connectorOf, factoryDeeds, factoryOf, identityOf, jobDeeds } from "./identity-access.ts";
import { type Deed, meaningOf, type Place } from "./permission-meaning.ts";
import {
  type AccessFacts,
  type AccessRows,
  jobKey,
  type KeptRows,
  ownsModel,
  pipelineKey,
  policyKey,
  RowsInForce,
  type StandingJob,
} from "./rows-in-force.ts";

export interface RowAccess extends AccessWord {
  /** display name of who holds it */
  readonly name: string;
  /** name of the group that it comes through; null: it is held in person */
  readonly through: string | null;
  readonly because: readonly RowRef[];
}

/** Everything that rows give, to groups and to identities of workloads; `forMember` tells it of somebody. */
export function accessOfRows(rows: AccessRows, facts: AccessFacts): readonly RowAccess[] {
  const force = new RowsInForce(rows, facts);
  const account = new Account(facts);
  for (const row of rows.environments) {
    const environment = environmentFacts(row);
    account.addIdentity(factoryOf(environment), factoryDeeds.always(environment), [
      { table: "Environments", key: row.name },
    ]);
  }
  const secrets = Map.groupBy(rows.secrets, ({ job_id }) => job_id);
  const alerts = Map.groupBy(rows.alerts, ({ job_id }) => job_id);
  for (const job of force.standing.values()) {
    const { job_id: id } = job.job;
    tellJob(job, { secrets: secrets.get(id) ?? [], alerts: alerts.get(id) ?? [] }, force, account);
  }
  tellPipelines(force, account);
  tellPolicies(force, account);
  return account.all();
}

/** Rows that count, each as it counts. */
export function rowsInForce(rows: AccessRows, facts: AccessFacts): KeptRows {
  const force = new RowsInForce(rows, facts);
  const jobs = [...force.standing.values()].map(({ job }) => job);
  return { jobs, policies: force.policies(), pipelines: force.pipelines() };
}

/** One entry for each thing that somebody can do, with every row that says so. */
class Account {
  readonly #facts: AccessFacts;
  readonly #byKey = new Map<string, RowAccess & { readonly because: RowRef[] }>();

  constructor(facts: AccessFacts) {
    this.#facts = facts;
  }

  add(
    who: { readonly objectId: string; readonly name: string },
    deeds: readonly Deed[],
    because: readonly RowRef[],
  ): void {
    for (const { action, object } of deeds) {
      const key = `${who.objectId} ${action} ${object}`;
      const known = this.#byKey.get(key) ?? {
        ...{ principal: who.objectId, name: who.name, action, object },
        through: null,
        because: [],
      };
      this.#byKey.set(key, known);
      const isNew = (row: RowRef): boolean =>
        !known.because.some((each) => each.table === row.table && each.key === row.key);
      known.because.push(...because.filter(isNew));
    }
  }

  /** What an identity does that is not there yet is nothing. */
  addIdentity(armId: string, deeds: readonly Deed[], because: readonly RowRef[]): void {
    const objectId = this.#facts.identity(armId);
    if (objectId !== null) this.add({ objectId, name: armId.split("/").at(-1) ?? armId }, deeds, because);
  }

  all(): readonly RowAccess[] {
    return [...this.#byKey.values()];
  }
}

interface RowsOfJob {
  readonly secrets: readonly SecretReferenceRow[];
  readonly alerts: readonly AlertRuleRow[];
}

/** What the identity of a job can do, and who else comes to its data or may stand for it. */
function tellJob(standing: StandingJob, own: RowsOfJob, force: RowsInForce, account: Account): void {
  const { job } = standing;
  const place = force.placeOf(standing, null);
  const { environment } = place;
  const because = jobKey(job);
  const identity = identityOf(environment, job.job_id);
  const tell = (deeds: readonly Deed[], ...rows: readonly RowRef[]): void =>
    account.addIdentity(identity, deeds, [...rows, because]);
  const isUrgent = job.priority === "urgent";
  tell(jobDeeds.always(place, { ownsModel: ownsModel(job, standing.environment), urgent: isUrgent }));
  account.addIdentity(connectorOf(environment), jobDeeds.container(place), [because]);
  if (job.federation_issuer !== null && job.federation_subject !== null) {
    const objectId = outsider(job.federation_issuer, job.federation_subject);
    const deed = { action: "stand-for", object: identity.toLowerCase() };
    account.add({ objectId, name: objectId }, [deed], [because]);
  }
  for (const secret of own.secrets) {
    const reference: RowRef = { table: "Secret_References", key: String(secret.reference_id) };
    const id = force.secretOf(environment, secret.key_vault, secret.secret_name);
    if (id !== null && !force.facts.isRefused(reference)) tell(jobDeeds.secret(id), reference);
  }
  for (const alert of own.alerts) {
    const reference: RowRef = { table: "Alert_Rules", key: String(alert.alert_id) };
    if (alert.metric === "drift" && !force.facts.isRefused(reference)) tell(jobDeeds.drift(place), reference);
  }
}

/** What the factory can do for each pipeline. */
function tellPipelines(force: RowsInForce, account: Account): void {
  for (const pipeline of force.pipelines()) {
    const standing = force.standing.get(pipeline.job_id);
    if (standing === undefined) continue;
    const place = force.placeOf(standing, null);
    const source = force.sourceOf(pipeline);
    const deeds = factoryDeeds.forPipeline(place, source, force.credentialOf(source, place.environment));
    account.addIdentity(factoryOf(place.environment), deeds, [pipelineKey(pipeline), jobKey(standing.job)]);
  }
}

function tellPolicies(force: RowsInForce, account: Account): void {
  for (const policy of force.policies()) {
    const place: Place | null = force.placeOfPolicy(policy);
    const [group, ...twins] = force.facts.groups(policy.entra_id_group);
    if (place === null || group === undefined || twins.length > 0) continue;
    for (const permission of policy.permissions) {
      const deeds = meaningOf(permission, place);
      if (deeds === "unavailable") continue;
      account.add({ objectId: group, name: policy.entra_id_group }, deeds, [policyKey(policy)]);
    }
  }
}

/** The same for somebody in groups: what they hold in person, and what comes through each group. */
export function forMember(
  access: readonly RowAccess[],
  { objectId, groups }: { readonly objectId: string; readonly groups: readonly string[] },
): readonly RowAccess[] {
  const isGroup = new Set(groups.map((id) => id.toLowerCase()));
  return access.flatMap((each) => {
    const principal = each.principal.toLowerCase();
    if (principal === objectId.toLowerCase()) return [each];
    return isGroup.has(principal) ? [{ ...each, principal: objectId, through: each.name }] : [];
  });
}
