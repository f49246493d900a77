/** Audit_Logs: every edit of a metadata row is one event, whoever made it. */
import assert from "node:assert/strict";
import { type MetadataTable, tableNames, tables } from "../../../metadata-schema/columns.ts";
import type { RowChange, RowValue, RowValues } from "../../../metadata-schema/store.ts";
import { type Case, childRows, environmentValues, insertPolicy, type StoreKit, seed } from "./kit.ts";

interface AuditEvent {
  readonly id: number;
  readonly actor: string;
  readonly kind: string;
  readonly action: string;
  readonly table: string;
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
}

const parsed = (json: unknown): unknown => (json === null ? null : JSON.parse(String(json)));

async function allEvents(kit: StoreKit): Promise<readonly AuditEvent[]> {
  const rows = await kit.query("SELECT * FROM Audit_Logs ORDER BY event_id");
  return rows.map((row) => ({
    id: Number(row.event_id), // a 64-bit number may come as text
    actor: String(row.actor),
    kind: String(row.actor_kind),
    action: String(row.action),
    table: String(row.table_name),
    key: String(row.row_key),
    before: parsed(row.before_values),
    after: parsed(row.after_values),
  }));
}

/** Events of what `work` does, oldest first. */
async function eventsOf(kit: StoreKit, work: () => Promise<unknown>): Promise<readonly AuditEvent[]> {
  const last = (await allEvents(kit)).at(-1)?.id ?? 0;
  await work();
  return (await allEvents(kit)).filter(({ id }) => id > last);
}

const summaries = (events: readonly AuditEvent[]): readonly string[] =>
  events.map(({ action, table, key }) => `${action} ${table} ${key}`).sort();

const actors = (events: readonly AuditEvent[]): readonly string[] =>
  events.map(({ kind, actor }) => (kind === "login" ? kind : `${kind} ${actor}`));

/** A row of each table with every column filled, and one edit of it. Jobs 201 to 203 are there. */
const rows: Readonly<Record<MetadataTable, { readonly values: RowValues; readonly edit: RowValues }>> = {
  Environments: {
    values: {
      ...environmentValues("france").values,
      key_vault_id: null,
      catalog_name: "ml",
      schema_name: "models",
      default_node_type: "Standard_D4ds_v5",
      default_spark_version: "16.4.x-scala2.12",
      own_group: "ml_team",
      own_group_members: ["ana@contoso.example", "o'brien@contoso.example"],
    },
    edit: { own_group_members: [] },
  },
  Integration_Runtimes: {
    values: {
      name: "ir-lyon",
      environment: "westus",
      kind: "self-hosted",
      location: "plant-lyon",
      core_count: null,
      time_to_live_minutes: 10,
      enabled: true,
      description: 'the "old" one',
    },
    edit: { enabled: false },
  },
  Data_Sources: {
    values: {
      name: "erp",
      kind: "sql-server",
      location: "plant-lyon",
      host: "sql01",
      database_name: null,
      path: "C:\\orders",
      key_vault: "ml-vault",
      secret_name: "erp-reader",
      integration_runtime: null,
      description: null,
    },
    edit: { description: "Orders" },
  },
  Models: {
    values: {
      name: "ml.models.churn",
      environment: null,
      owner: null,
      version: 7,
      serving_size: "Small",
      description: null,
    },
    edit: { version: null },
  },
  Jobs: {
    values: {
      job_id: 300,
      name: "churn",
      environment: "westus",
      kind: "batch",
      priority: "urgent",
      enabled: true,
      owner: null,
      schedule: "0 30 2 * * ?",
      schedule_time_zone: "UTC",
      model: null,
      task_path: null,
    },
    edit: { enabled: false },
  },
  Access_Policies: {
    values: {
      policy_id: 300,
      job_id: 203,
      role: "DataScientist",
      permissions: ["read_model", "execute_inference"],
      entra_id_group: "ds_team",
      model: null,
      expires_at: null,
    },
    edit: { permissions: ["read_model"] },
  },
  Secret_References: {
    values: { reference_id: 300, job_id: 203, key_vault: "ml-vault", secret_name: "token" },
    edit: { secret_name: "other" },
  },
  Network_Rules: {
    values: {
      rule_id: 300,
      job_id: 203,
      service: "databricks",
      private_endpoint: null,
      firewall_ranges: ["203.0.113.0/28"],
    },
    edit: { firewall_ranges: [] },
  },
  Cluster_Configs: {
    values: {
      config_id: 300,
      job_id: 203,
      node_type: null,
      spark_version: null,
      min_workers: 0,
      max_workers: 4,
    },
    edit: { max_workers: 8 },
  },
  Pipeline_Settings: {
    values: {
      setting_id: 300,
      job_id: 203,
      data_source: null,
      integration_runtime: null,
      sink_path: "raw/orders",
      concurrency: 1,
      timeout_minutes: 120,
      retry_count: 0,
      retry_interval_seconds: 60,
      parameters: { horizon_days: 28, labels: ["a", null], deep: { on: true } },
      enabled: true,
    },
    edit: { parameters: {} },
  },
  Alert_Rules: {
    values: {
      alert_id: 300,
      job_id: 203,
      metric: "model_accuracy",
      operator: "LessThan",
      threshold: 0.85,
      window_minutes: 60,
      frequency_minutes: 15,
      severity: 0,
      missing_data: "alert",
      enabled: false,
    },
    edit: { threshold: 1.5 },
  },
};

function literal(value: RowValue | undefined): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return String(value);
  return `'${(typeof value === "string" ? value : JSON.stringify(value)).replaceAll("'", "''")}'`;
}

export function auditCases(fact: Case): void {
  for (const table of tableNames) tableCase(fact, table);
  actorCases(fact);
  statementCases(fact);
  appendOnlyCases(fact);
}

function tableCase(fact: Case, table: MetadataTable): void {
  fact(`each edit of ${table} is one event, with the row before and after`, async (kit) => {
    const { values, edit } = rows[table];
    const { key } = tables[table];
    const rowKey = String(values[key]);
    const [[column, value] = ["", null]] = Object.entries(edit);
    const where = `WHERE ${key} = ${literal(values[key])}`;
    await seed(kit.store);
    const events = await eventsOf(kit, async () => {
      const columns = Object.keys(values);
      const literals = columns.map((name) => literal(values[name]));
      await kit.raw(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${literals.join(", ")})`);
      await kit.raw(`UPDATE ${table} SET ${column} = ${literal(value)} ${where}`);
      await kit.raw(`DELETE FROM ${table} ${where}`);
    });
    const edited = { ...values, ...edit };
    assert.deepEqual(
      events.map(({ id: _, actor: __, ...event }) => event),
      [
        { kind: "login", action: "insert", table, key: rowKey, before: null, after: values },
        { kind: "login", action: "update", table, key: rowKey, before: values, after: edited },
        { kind: "login", action: "delete", table, key: rowKey, before: edited, after: null },
      ],
    );
  });
}

const insertJob = (jobId: number): RowChange => ({
  kind: "insert",
  table: "Jobs",
  values: { job_id: jobId },
});

function actorCases(fact: Case): void {
  fact(
    "a change by a person is recorded for that person, whose words are not trusted as SQL",
    async (kit) => {
      await seed(kit.store);
      const change = (name: string, jobId: number) =>
        eventsOf(kit, () => kit.store.changeRows([insertJob(jobId)], { name, kind: "person" }));
      assert.deepEqual(actors(await change("mei.tanaka@contoso.example", 300)), [
        "person mei.tanaka@contoso.example",
      ]);
      assert.deepEqual(actors(await change("o'brien'); --", 301)), ["person o'brien'); --"]);
    },
  );

  fact("rows that the service inserts are recorded for the service", async (kit) => {
    const events = await eventsOf(kit, () => seed(kit.store));
    assert.equal(events.length, 5 + childRows(201).length);
    assert.deepEqual([...new Set(actors(events))], ["service rowgate"]);
  });

  fact("an edit in SQL is recorded for the login, also after a person's change", async (kit) => {
    await seed(kit.store);
    const events = await eventsOf(kit, async () => {
      await kit.store.changeRows([insertJob(300)], { name: "mei.tanaka@contoso.example", kind: "person" });
      await kit.raw("UPDATE Jobs SET name = 'x' WHERE job_id = 300");
      await kit.store.insertRows([{ table: "Jobs", values: { job_id: 301 } }]);
      await kit.raw("DELETE FROM Jobs WHERE job_id = 300");
    });
    assert.deepEqual(actors(events), [
      "person mei.tanaka@contoso.example",
      "login",
      "service rowgate",
      "login",
    ]);
    assert.notEqual(events[1]?.actor, "");
  });

  fact("an edit in SQL after a change that was refused is recorded for the login", async (kit) => {
    await seed(kit.store);
    const events = await eventsOf(kit, async () => {
      await assert.rejects(
        kit.store.changeRows([insertJob(300), insertJob(201)], {
          name: "mei.tanaka@contoso.example",
          kind: "person",
        }),
      );
      await kit.raw("UPDATE Jobs SET name = 'x' WHERE job_id = 202");
    });
    assert.deepEqual(summaries(events), ["update Jobs 202"]);
    assert.deepEqual(actors(events), ["login"]);
  });
}

function statementCases(fact: Case): void {
  fact("an edit that is rolled back leaves no event", async (kit) => {
    await seed(kit.store);
    const events = await eventsOf(kit, async () => {
      await kit.raw("BEGIN TRANSACTION");
      await kit.raw("UPDATE Jobs SET name = 'x'");
      await kit.raw("DELETE FROM Access_Policies");
      await kit.raw("ROLLBACK");
    });
    assert.deepEqual(events, []);
  });

  fact("one statement on many rows is one event a row", async (kit) => {
    await seed(kit.store);
    const events = await eventsOf(kit, async () => {
      await kit.raw(insertPolicy(202, 203));
      await kit.raw("UPDATE Jobs SET name = 'x'");
    });
    const inserted = (await kit.store.readRows({ tables: ["Access_Policies"] })).slice(1);
    assert.deepEqual(summaries(events), [
      ...inserted.map(({ key }) => `insert Access_Policies ${key}`),
      "update Jobs 201",
      "update Jobs 202",
      "update Jobs 203",
    ]);
  });

  fact("a statement that changes no row, or fails, is no event", async (kit) => {
    await seed(kit.store);
    const events = await eventsOf(kit, async () => {
      await kit.raw("UPDATE Jobs SET name = 'x' WHERE job_id = 999");
      await assert.rejects(kit.raw("INSERT INTO Jobs (job_id) VALUES (300), (201)"));
      await assert.rejects(kit.raw("DELETE FROM Environments WHERE name = 'westus'"));
    });
    assert.deepEqual(events, []);
  });

  fact("the rows that go with a deleted job are events too, one each", async (kit) => {
    await seed(kit.store);
    const owned = await kit.store.readRows({ jobId: 201 });
    assert.equal(owned.length, 1 + childRows(201).length);
    const events = await eventsOf(kit, () => kit.raw("DELETE FROM Jobs WHERE job_id = 201"));
    assert.deepEqual(summaries(events), owned.map(({ table, key }) => `delete ${table} ${key}`).sort());
    const told = events.map(({ table, before }) => ({ table, values: before }));
    for (const { table, values } of owned)
      assert.deepEqual(told.find((event) => event.table === table)?.values, values);
  });
}

function appendOnlyCases(fact: Case): void {
  for (const [what, statement] of [
    ["changed", "UPDATE Audit_Logs SET actor = 'nobody'"],
    ["deleted", "DELETE FROM Audit_Logs"],
  ] as const)
    fact(`an event cannot be ${what}`, async (kit) => {
      await seed(kit.store);
      const before = await allEvents(kit);
      await assert.rejects(kit.raw(statement), /append-only/);
      await assert.rejects(
        kit.raw(`${statement} WHERE event_id = (SELECT MIN(event_id) FROM Audit_Logs)`),
        /append-only/,
      );
      assert.deepEqual(await allEvents(kit), before);
    });
}
