/** Row sets for the access property: small ones in which groups, models, vaults and jobs meet. */
import fc from "fast-check";
import type { AccessFacts, AccessRows } from "../../automation/access/rows-in-force.ts";
import type { AccessPolicyRow, JobRow, PipelineSettingRow } from "../../metadata-schema/rows.ts";
import {
  alertRow,
  environmentRow,
  jobRow,
  pipelineRow,
  policyRow,
  secretRow,
  sourceRow,
} from "../support/snapshots.ts";
import type { Seed } from "./row-world.ts";

const subscriptionId = "00000000-0000-4000-8000-000000000001";
const vaultId = `/subscriptions/${subscriptionId}/resourceGroups/rg-shared/providers/Microsoft.KeyVault/vaults/ml-vault`;
const id = (digits: string): string => `00000000-0000-4000-8000-${digits.padStart(12, "0")}`;
const mail = (name: string): string => `${name}@contoso.example`;

/** team_c holds team_a; ben and cleo are in several; two groups are named twins. */
export const seed: Seed = {
  tenantId: id("2"),
  subscriptionId,
  callerAddress: "203.0.113.10",
  principalLagSeconds: 0,
  settings: {
    timeFactor: 0,
    rbacLagSeconds: 0,
    writesPerHour: null,
    readsPerHour: null,
    networkWritesPer5Minutes: null,
    requireServicePrincipalUser: false,
    managedIdentityGroupDelaySeconds: 0,
  },
  servicePrincipals: [],
  selfHostedNodes: [],
  users: ["ada", "ben", "cleo", "dan", "eve"].map((name, index) => ({
    id: id(`a${index}`),
    displayName: name,
    userPrincipalName: mail(name),
  })),
  groups: [
    { id: id("b1"), displayName: "team_a", members: [mail("ada"), mail("ben")] },
    { id: id("b2"), displayName: "team_b", members: [mail("ben"), mail("cleo")] },
    { id: id("b3"), displayName: "team_c", members: ["team_a", mail("cleo")] },
    { id: id("b4"), displayName: "lone", members: [mail("dan")] },
    { id: id("b5"), displayName: "twins", members: [mail("eve")] },
    { id: id("b6"), displayName: "twins", members: [] },
  ],
  vaults: [
    { id: vaultId, location: "eastus", secrets: ["databricks-token", "erp-reader"] },
    { id: vaultId.replace("ml-vault", "other-vault"), location: "eastus", secrets: ["databricks-token"] },
  ],
  metastore: {
    catalogs: [
      {
        name: "ml",
        schemas: [
          {
            name: "models",
            models: [
              { name: "shared_a", versions: 1 },
              { name: "shared_b", versions: 0 },
            ],
            tables: ["scores"],
            volumes: [],
            functions: [],
          },
          { name: "private", models: [], tables: ["pay"], volumes: [], functions: [] },
        ],
      },
      {
        name: "lab",
        schemas: [
          {
            name: "open",
            models: [
              { name: "borrowed", versions: 2 },
              { name: "foreign", versions: 1 },
            ],
            tables: [],
            volumes: [],
            functions: [],
          },
        ],
      },
    ],
  },
};

export const firstMs = Date.parse("2026-01-15T12:00:00.000Z");
export const laterMs = Date.parse("2026-03-15T12:00:00.000Z");

const jobIds = [101, 102, 103];
const sources = [
  sourceRow({ name: "erp", location: "eastus", key_vault: "ml-vault", secret_name: "erp-reader" }),
  sourceRow({ name: "no-secret", location: "eastus", key_vault: "ml-vault", secret_name: "nobody" }),
  sourceRow({
    name: "landing",
    kind: "adls",
    location: "eastus",
    host: null,
    database_name: "landing",
    path: "in",
  }),
];

export const emptyRows: AccessRows = {
  environments: [
    environmentRow({
      key_vault_id: vaultId,
      subscription_id: subscriptionId,
      tenant_id: seed.tenantId ?? "",
      databricks_account_id: id("ac"),
    }),
  ],
  jobs: [],
  policies: [],
  secrets: [],
  pipelines: [],
  sources,
  alerts: [],
  models: [
    {
      name: "lab.open.borrowed",
      environment: null,
      owner: null,
      version: null,
      serving_size: "Small",
      description: null,
    },
  ],
};

const models = [null, null, "ml.models.shared_a", "ml.models.shared_b", "lab.open.borrowed"];
const jobArbitrary = (job_id: number): fc.Arbitrary<JobRow> =>
  fc
    .record({
      kind: fc.constantFrom("batch", "batch", "online"),
      priority: fc.constantFrom("normal", "normal", "urgent", "urgent", "someday"),
      model: fc.constantFrom(...models, "ml.models.nowhere", "lab.open.foreign"),
      enabled: fc.constantFrom(true, true, false),
      federation: fc.constantFrom(null, null, "repo:contoso/one"),
      name: fc.constantFrom(null, "Churn scoring"),
    })
    .map(({ federation, ...rest }) =>
      jobRow({
        job_id,
        ...rest,
        federation_issuer: federation === null ? null : "https://token.actions.githubusercontent.com",
        federation_subject: federation,
      }),
    );

const bundles: Readonly<Record<string, readonly string[]>> = {
  DataScientist: [
    ...["execute_inference", "read_model", "discover_model", "train_model", "track_experiment"],
    ...["view_experiment", "use_compute", "interactive_dev", "read_data", "view_monitoring"],
  ],
  Analyst: ["view_outputs", "view_monitoring"],
  DataEngineer: ["run_pipeline", "view_pipeline", "read_data", "view_monitoring"],
  MLEngineer: ["train_model"],
  SecurityAdmin: ["list_secrets"],
};
/** Words that no row is given, whatever its role. */
const refusedWords = [
  "fly",
  "edit_pipeline",
  "deploy_model",
  "manage_network",
  "read_secret",
  "write_data",
  "toString",
];

const permissionsOf = (role: string): fc.Arbitrary<string[]> => {
  const words = fc.uniqueArray(fc.constantFrom(...(bundles[role] ?? ["read_model"])), {
    minLength: 1,
    maxLength: 3,
  });
  const bad = fc.constantFrom(...refusedWords, "list_secrets", "run_pipeline");
  return fc.oneof(
    { weight: 6, arbitrary: words },
    { weight: 1, arbitrary: fc.tuple(words, bad).map(([good, one]) => [...good, one]) },
  );
};

const policyArbitrary = (policy_id: number, job_id: number): fc.Arbitrary<AccessPolicyRow> =>
  fc.constantFrom(...Object.keys(bundles), "DataScientist", "DataScientist", "Emperor").chain((role) =>
    fc
      .record({
        permissions: permissionsOf(role),
        entra_id_group: fc.constantFrom("team_a", "team_a", "team_b", "team_c", "lone", "twins", "ghosts"),
        model: fc.constantFrom(null, null, "ml.models.shared_a", "ml.models.job_101", "ml.models.nowhere"),
        expires_at: fc.constantFrom(
          ...[null, null, null, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00+01:00", "2027-01-01T00:00:00Z"],
          "soon",
        ),
      })
      .map((rest) => policyRow({ policy_id, job_id, role, ...rest })),
  );

const pipelineArbitrary = (setting_id: number, job_id: number): fc.Arbitrary<PipelineSettingRow> =>
  fc
    .constantFrom(null, "erp", "landing", "no-secret", "unheard-of")
    .map((data_source) => pipelineRow({ setting_id, job_id, data_source }));

/** All rows of one job. */
const jobRowsArbitrary = (job_id: number): fc.Arbitrary<AccessRows> => {
  const number = (index: number): number => job_id * 10 + index;
  return fc
    .record({
      job: jobArbitrary(job_id),
      policies: fc
        .array(fc.constant(null), { maxLength: 3 })
        .chain((list) => fc.tuple(...list.map((_, index) => policyArbitrary(number(index), job_id)))),
      secrets: fc.subarray([
        secretRow({ reference_id: number(0), job_id }),
        secretRow({ reference_id: number(1), job_id, secret_name: "nobody" }),
        secretRow({ reference_id: number(2), job_id, key_vault: "other-vault" }),
        secretRow({ reference_id: number(3), job_id, secret_name: "erp-reader" }),
      ]),
      pipelines: fc.oneof(
        fc.constant([]),
        pipelineArbitrary(number(0), job_id).map((row) => [row]),
      ),
      alerts: fc.subarray([
        alertRow({ alert_id: number(0), job_id, metric: "drift", operator: "GreaterThan" }),
      ]),
    })
    .map(({ job, ...rest }) => ({ ...emptyRows, jobs: [job], ...rest }));
};

const join = (sets: readonly AccessRows[]): AccessRows => ({
  ...emptyRows,
  jobs: sets.flatMap(({ jobs }) => jobs),
  policies: sets.flatMap(({ policies }) => policies),
  secrets: sets.flatMap(({ secrets }) => secrets),
  pipelines: sets.flatMap(({ pipelines }) => pipelines),
  alerts: sets.flatMap(({ alerts }) => alerts),
});

export const rowSets: fc.Arbitrary<AccessRows> = fc
  .subarray(jobIds, { minLength: 1, maxLength: 3 })
  .chain((ids) => fc.tuple(...ids.map(jobRowsArbitrary)))
  .map(join);

/** What somebody does to the rows between two rounds; `at` picks one of the rows that there are. */
export type Edit =
  | {
      readonly what: "delete-policy" | "delete-job" | "delete-pipeline" | "delete-secret";
      readonly at: number;
    }
  | { readonly what: "permissions"; readonly at: number; readonly permissions: readonly string[] }
  | { readonly what: "group"; readonly at: number; readonly group: string }
  | { readonly what: "priority"; readonly at: number; readonly priority: string }
  | { readonly what: "kind" | "break-pipeline"; readonly at: number };

const anyPermission = Object.values(bundles).flat();
export const editLists: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.nat({ max: 8 }).chain((at): fc.Arbitrary<Edit> => {
    const one = (edit: Edit): fc.Arbitrary<Edit> => fc.constant(edit);
    return fc.oneof(
      one({ what: "delete-policy", at }),
      one({ what: "delete-job", at }),
      one({ what: "delete-pipeline", at }),
      one({ what: "delete-secret", at }),
      one({ what: "kind", at }),
      one({ what: "break-pipeline", at }),
      fc
        .uniqueArray(fc.constantFrom(...anyPermission, ...refusedWords), { minLength: 1, maxLength: 3 })
        .map((permissions): Edit => ({ what: "permissions", at, permissions })),
      fc
        .constantFrom("team_a", "team_b", "team_c", "ghosts")
        .map((group): Edit => ({ what: "group", at, group })),
      fc
        .constantFrom("normal", "urgent", "someday")
        .map((priority): Edit => ({ what: "priority", at, priority })),
    );
  }),
  { maxLength: 4 },
);

const changed = <Row>(rows: readonly Row[], at: number, change: (row: Row) => Row | null): Row[] =>
  rows.flatMap((row, index) => {
    if (index !== at % rows.length) return [row];
    const next = change(row);
    return next === null ? [] : [next];
  });

export function edited(rows: AccessRows, edit: Edit): AccessRows {
  const { at } = edit;
  switch (edit.what) {
    case "delete-policy":
      return { ...rows, policies: changed(rows.policies, at, () => null) };
    case "delete-secret":
      return { ...rows, secrets: changed(rows.secrets, at, () => null) };
    case "delete-pipeline":
      return { ...rows, pipelines: changed(rows.pipelines, at, () => null) };
    case "delete-job":
      return withoutStrays({ ...rows, jobs: changed(rows.jobs, at, () => null) });
    case "permissions":
      return {
        ...rows,
        policies: changed(rows.policies, at, (row) => ({ ...row, permissions: [...edit.permissions] })),
      };
    case "group":
      return {
        ...rows,
        policies: changed(rows.policies, at, (row) => ({ ...row, entra_id_group: edit.group })),
      };
    case "priority":
      return { ...rows, jobs: changed(rows.jobs, at, (row) => ({ ...row, priority: edit.priority })) };
    case "kind":
      return {
        ...rows,
        jobs: changed(rows.jobs, at, (row) => ({ ...row, kind: row.kind === "batch" ? "online" : "batch" })),
      };
    case "break-pipeline":
      return {
        ...rows,
        pipelines: changed(rows.pipelines, at, (row) => ({ ...row, data_source: "unheard-of" })),
      };
    default:
      return edit satisfies never;
  }
}

/** Rows of a job go with it. */
const withoutStrays = (rows: AccessRows): AccessRows => {
  const has = ({ job_id }: { readonly job_id: number }): boolean =>
    rows.jobs.some((job) => job.job_id === job_id);
  return {
    ...rows,
    policies: rows.policies.filter(has),
    secrets: rows.secrets.filter(has),
    pipelines: rows.pipelines.filter(has),
    alerts: rows.alerts.filter(has),
  };
};

/**
 * What rows that come to be refused may keep: what they last had in force, in the words that they still have.
 * @param before what was in force before the edits
 */
export function keptBy(rows: AccessRows, before: AccessFacts["kept"]): AccessFacts["kept"] {
  const last = <Row>(all: readonly Row[], isIt: (row: Row) => boolean): Row[] => all.filter(isIt).slice(0, 1);
  return {
    jobs: rows.jobs.flatMap(({ job_id }) => last(before.jobs, (each) => each.job_id === job_id)),
    pipelines: rows.pipelines.flatMap(({ setting_id }) =>
      last(before.pipelines, (each) => each.setting_id === setting_id),
    ),
    policies: rows.policies.flatMap((row) =>
      last(before.policies, (each) => each.policy_id === row.policy_id)
        .filter((each) => each.entra_id_group === row.entra_id_group && each.model === row.model)
        .map((each) => ({
          ...each,
          permissions: each.permissions.filter((permission) => row.permissions.includes(permission)),
          expires_at: row.expires_at === "soon" ? null : row.expires_at,
        })),
    ),
  };
}
