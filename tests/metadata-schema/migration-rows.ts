/** Rows of the first schema, in statements plain enough for every dialect, and what a later migration leaves of them. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

type Rows = readonly Readonly<Record<string, unknown>>[];

const at = "'2026-03-01T08:00:00.000Z'";
const guid = "'11111111-1111-1111-1111-111111111111'";

export const firstRows: readonly string[] = [
  `INSERT INTO Environments (name, is_default, location, subscription_id, tenant_id, resource_group, address_space,
    service_address) VALUES ('eastus', 1, 'eastus', ${guid}, ${guid}, 'rg-eastus', '10.20.0.0/22', '203.0.113.7/32')`,
  "INSERT INTO Jobs (job_id, name) VALUES (201, 'churn'), (202, NULL)",
  `INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group)
    VALUES (201, 'DataScientist', '["read_model"]', 'ds_team')`,
  "INSERT INTO Secret_References (job_id, key_vault, secret_name) VALUES (201, 'ml-vault', 'databricks-token')",
  "INSERT INTO Network_Rules (job_id, service) VALUES (202, 'Databricks')",
  "INSERT INTO Cluster_Configs (job_id, min_workers, max_workers) VALUES (201, 2, 6)",
  `INSERT INTO Wakeups (subject, wake_at) VALUES ('job:201', ${at})`,
  `INSERT INTO Contributions (subject, stack, kind, environment, wanted, admitted, urgent)
    VALUES ('job:201', 'acl-eastus', 'acl', 'eastus', '[]', '[{"ask":"read"}]', 1)`,
  "INSERT INTO Stack_Merges (stack, version, listed) VALUES ('acl-eastus', 3, 1)",
  `INSERT INTO Stack_References (stack, source, referenced_stack, [output])
    VALUES ('acl-eastus', 'job:201', 'platform-eastus', 'workspaceUrl')`,
  "INSERT INTO Output_Changes (stack, seq) VALUES ('platform-eastus', 4)",
  `INSERT INTO Recorded_References (subject, row_table, row_key, name, object_id)
    VALUES ('job:201', 'Access_Policies', '1', 'ds_team', 'object-1')`,
  `INSERT INTO Stacks (stack, kind, environment, desired_hash, desired_references, desired_version, desired_at, lane,
    lease_epoch, desired_spec) VALUES ('acl-eastus', 'acl', 'eastus', 'hash-1', '[]', 3, ${at}, 'normal', 7, '{"a":1}')`,
  `INSERT INTO Conditions (subject_kind, subject_key, type, status, reason, message, since)
    VALUES ('job', '201', 'Ready', 'False', 'Waiting', 'It waits.', ${at})`,
  `INSERT INTO Requests (request_id, kind, job_id, created_at) VALUES ('request-1', 'reconcile', 201, ${at})`,
  `INSERT INTO Runs (run_id, stack, request_id, kind, reason, status, epoch, queued_at, started_at)
    VALUES ('run-1', 'acl-eastus', 'request-1', 'update', 'requested', 'running', 7, ${at}, ${at})`,
  `INSERT INTO Run_Steps (run_id, number, at, operation, urn, type, status)
    VALUES ('run-1', 1, ${at}, 'create', 'urn:1', 'azuread:Group', 'done')`,
  `INSERT INTO Stack_Outputs (stack, name, value, run_id, as_of)
    VALUES ('acl-eastus', 'aclId', '"acl-1"', 'run-1', ${at})`,
];

/** Rows that the third schema completes: what stacks belong to, and requests that runs refer to. */
const spec = (subscription: string) => `'{"environment":{"subscriptionId":"${subscription}"}}'`;
const stackRow = (stack: string, desiredSpec: string, appliedSpec: string): string =>
  `INSERT INTO Stacks (stack, kind, environment, desired_hash, desired_references, desired_version, desired_at, lane,
    desired_spec, applied_spec) VALUES ('${stack}', 'acl', 'eastus', 'h', '[]', 1, ${at}, 'normal', ${desiredSpec}, ${appliedSpec})`;
export const secondRows: readonly string[] = [
  stackRow("both", spec("AAAA-1"), spec("bbbb-2")),
  stackRow("leaving", "NULL", spec("bbbb-2")),
  `INSERT INTO Requests (request_id, kind, job_id, created_at) VALUES ('request-2', 'preview', 202, ${at}),
    ('request-3', 'preview', 202, ${at})`,
  `INSERT INTO Runs (run_id, stack, request_id, kind, reason, status, queued_at)
    VALUES ('run-2', 'both', 'request-2', 'preview', 'requested', 'queued', ${at}),
    ('run-3', 'leaving', 'request-2', 'preview', 'requested', 'queued', ${at})`,
];

/** What the third schema tells of them. */
export async function assertCompleted(query: (statement: string) => Promise<Rows>): Promise<void> {
  const rows = async (statement: string) => (await query(statement)).map((row) => Object.values(row));
  assert.deepEqual(
    await rows("SELECT stack, subscription_id FROM Stacks ORDER BY stack"),
    [
      ["acl-eastus", null],
      ["both", "aaaa-1"],
      ["leaving", "bbbb-2"],
    ],
    "a stack belongs to the subscription of its desired spec, else of its applied one",
  );
  assert.deepEqual(
    await rows("SELECT request_id, job_id, stack, run_count FROM Requests ORDER BY request_id"),
    [
      ["request-1", 201, null, 1],
      ["request-2", 202, null, 2],
      ["request-3", 202, null, 0],
    ],
  );
}

/** What the fourth schema adds to rows that were there, and that later edits of them are told whole. */
export async function assertGrown(
  query: (statement: string) => Promise<Rows>,
  execute: (statement: string) => Promise<unknown>,
): Promise<void> {
  const row = async (statement: string) => Object.values((await query(statement))[0] ?? {});
  const columns = "existing_resources, databricks_account_id, service_url, alert_emails";
  assert.deepEqual(await row(`SELECT ${columns} FROM Environments`), ["{}", null, null, "[]"]);
  assert.deepEqual(await row("SELECT federation_issuer, federation_subject FROM Jobs WHERE job_id = 201"), [
    null,
    null,
  ]);
  const [minutes, spot] = await row("SELECT auto_termination_minutes, spot FROM Cluster_Configs");
  assert.deepEqual([minutes, Number(spot)], [30, 1]);
  await execute("UPDATE Environments SET service_url = 'https://rowgate.example'");
  await execute("UPDATE Jobs SET federation_issuer = 'https://token.example' WHERE job_id = 201");
  await execute("UPDATE Cluster_Configs SET spot = 0");
  const events = await query(
    "SELECT table_name, before_values, after_values FROM Audit_Logs ORDER BY event_id",
  );
  const told = events.map(({ table_name, before_values, after_values }) => {
    const [before, after] = [before_values, after_values].map((text) => JSON.parse(String(text)));
    const changed = Object.keys(after).filter((column) => !isDeepStrictEqual(before[column], after[column]));
    return [table_name, ...changed.map((column) => `${column}: ${before[column]} -> ${after[column]}`)];
  });
  assert.deepEqual(told, [
    ["Environments", "service_url: null -> https://rowgate.example"],
    ["Jobs", "federation_issuer: null -> https://token.example"],
    ["Cluster_Configs", "spot: true -> false"],
  ]);
}

const tables = new Set([
  ...firstRows.map((statement) => /INTO (\w+)/.exec(statement)?.[1] ?? ""),
  "Job_Changes",
  "Environment_Changes",
  "Service_State",
]);

export type FirstRows = ReadonlyMap<string, Rows>;

/** The rows of each table, in the order of their first columns. */
export async function readFirstRows(query: (statement: string) => Promise<Rows>): Promise<FirstRows> {
  const read = new Map<string, Rows>();
  for (const table of tables) read.set(table, await query(`SELECT * FROM ${table} ORDER BY 1, 2`));
  return read;
}

/** Columns that came with the later migration are left out of account. */
export function assertKept(before: FirstRows, after: FirstRows): void {
  for (const [table, rows] of before) {
    assert.ok(rows.length > 0, `${table} has rows`);
    const kept = (after.get(table) ?? []).map((row, index) =>
      Object.fromEntries(Object.keys(rows[index] ?? {}).map((column) => [column, row[column]])),
    );
    assert.deepEqual(
      kept,
      rows.map((row) => ({ ...row })),
      table,
    );
  }
}
