/**
 * Who can do what by the rows, gathered from the store. It says what rows mean, by access/, which knows nothing of
 * specs; which rows are refused or kept it takes from the resolver: its conditions, and the entries it admitted.
 * why.ts says which rows asked for an object of a spec. Where the two differ, one of them is wrong.
 */
import type { Entry } from "../../metadata-schema/contributions.ts";
import { type MetadataTable, rowName, rowSchemas } from "../../metadata-schema/rows.ts";
import type { Condition, MetadataStore, StoredContribution } from "../../metadata-schema/store.ts";
import { jobStack, platformStack } from "../../program/layout/names.ts";
import { accessOfRows, type RowAccess } from "../access/access-of-rows.ts";
import { connectorOf, factoryOf, identityOf } from "../access/identity-access.ts";
import { type AccessRows, jobKey, type KeptRows, pipelineKey, policyKey } from "../access/rows-in-force.ts";
import { environmentFacts } from "../reconcile/environment.ts";
import type { Principals } from "./services.ts";

/** What groups and identities hold in person. */
export async function accessAccount(
  store: MetadataStore,
  principals: Principals,
): Promise<readonly RowAccess[]> {
  const rows = await readRows(store);
  const refused = await refusedRows(store);
  const [groups, outputs, kept, now] = await Promise.all([
    groupsOf(rows, principals),
    outputsOf(rows, store),
    keptRows(rows, refused, store),
    store.now(),
  ]);
  return accessOfRows(rows, {
    nowMs: Date.parse(now),
    kept,
    groups: (name) => groups.get(name.toLowerCase()) ?? [],
    identity: (armId) => outputs.identities.get(armId.toLowerCase()) ?? null,
    canServe: (jobId) => outputs.serving.has(jobId),
    isRefused: (row) => refused.has(rowName(row)),
    // A row that names what is not there is among the refused ones already.
    hasSecret: () => true,
    hasModel: () => true,
  });
}

/** A row that nobody can read asks for nothing here. */
async function readRows(store: MetadataStore): Promise<AccessRows> {
  const stored = await store.readRows({});
  const of = <T extends MetadataTable>(table: T): (typeof rowSchemas)[T]["_output"][] =>
    stored
      .filter((row) => row.table === table)
      .map(({ values }) => rowSchemas[table].safeParse(values))
      .flatMap((parsed) => (parsed.success ? [parsed.data as (typeof rowSchemas)[T]["_output"]] : []));
  return {
    environments: of("Environments"),
    jobs: of("Jobs"),
    policies: of("Access_Policies"),
    secrets: of("Secret_References"),
    pipelines: of("Pipeline_Settings"),
    sources: of("Data_Sources"),
    alerts: of("Alert_Rules"),
    models: of("Models"),
  };
}

/** What a good row may wait for although it counts. */
const notes: ReadonlySet<string> = new Set(["WaitingForStack", "RuntimeNotOnline", "ModelVersionNotFound"]);

async function refusedRows(store: MetadataStore): Promise<ReadonlySet<string>> {
  const [blocked, waiting] = await Promise.all([
    store.conditionsByType("row", "Blocked"),
    store.conditionsByType("row", "Waiting"),
  ]);
  const held = [...waiting].filter(([, { reason }]: readonly [string, Condition]) => !notes.has(reason));
  return new Set([...blocked.keys(), ...held.map(([row]) => row)]);
}

async function groupsOf(
  { policies }: AccessRows,
  principals: Principals,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = [...new Set(policies.map((policy) => policy.entra_id_group))];
  const found = names.map(async (name) => [name.toLowerCase(), await principals.groupIds(name)] as const);
  return new Map(await Promise.all(found));
}

/** Who the identities are that stacks have made, and which jobs have their endpoint. */
async function outputsOf(rows: AccessRows, store: MetadataStore) {
  const identities = new Map<string, string>();
  const serving = new Set<number>();
  const add = (armId: string, objectId: unknown): void => {
    if (typeof objectId === "string") identities.set(armId.toLowerCase(), objectId);
  };
  for (const row of rows.environments) {
    const facts = environmentFacts(row);
    const platform = (await store.outputs(platformStack(row.name)))?.values;
    add(factoryOf(facts), platform?.factory_principal_id);
    add(connectorOf(facts), platform?.connector_principal_id);
    const jobs = rows.jobs.filter(({ environment }) =>
      environment === null ? row.is_default : environment === row.name,
    );
    for (const { job_id: jobId } of jobs) {
      const job = (await store.outputs(jobStack(row.name, jobId)))?.values;
      add(identityOf(facts, jobId), job?.identity_principal_id);
      if (typeof job?.serving_endpoint_id === "string") serving.add(jobId);
    }
  }
  return { identities, serving };
}

/** Of refused rows what is still admitted, in the words that asked for it. */
async function keptRows(
  rows: AccessRows,
  refused: ReadonlySet<string>,
  store: MetadataStore,
): Promise<KeptRows> {
  const held = {
    jobs: rows.jobs.filter((row) => refused.has(rowName(jobKey(row)))),
    policies: rows.policies.filter((row) => refused.has(rowName(policyKey(row)))),
    pipelines: rows.pipelines.filter((row) => refused.has(rowName(pipelineKey(row)))),
  };
  const jobIds = new Set(Object.values(held).flatMap((all) => all.map(({ job_id }) => job_id)));
  const entries = new Map<string, Entry[]>();
  for (const jobId of jobIds)
    for (const { admitted } of await store.jobContributions(jobId)) addByRow(entries, admitted);
  const of = (name: string): readonly Entry[] => entries.get(name) ?? [];
  return {
    jobs: held.jobs.flatMap((row) => {
      const item = of(rowName(jobKey(row))).find((entry) => entry.item.kind === "job")?.item;
      if (item?.kind !== "job") return [];
      const { online, urgent, model } = item.job;
      return [{ ...row, kind: online ? "online" : "batch", priority: urgent ? "urgent" : "normal", model }];
    }),
    policies: held.policies.map((row) => {
      const permissions = of(rowName(policyKey(row))).map(({ ask }) => ask.split("|")[2] ?? "");
      return { ...row, permissions: [...new Set(permissions)], expires_at: null };
    }),
    pipelines: held.pipelines.flatMap((row) => {
      const item = of(rowName(pipelineKey(row))).find((entry) => entry.item.kind === "pipeline")?.item;
      return item?.kind === "pipeline" ? [{ ...row, data_source: item.pipeline.source?.name ?? null }] : [];
    }),
  };
}

function addByRow(entries: Map<string, Entry[]>, admitted: StoredContribution["admitted"]): void {
  for (const entry of admitted) {
    const name = rowName(entry.row);
    entries.set(name, [...(entries.get(name) ?? []), entry]);
  }
}
