/**
 * A database for tests on the server of METADATA_TEST_MSSQL_URL: one of its own where the login may make one,
 * else the URL's own, emptied of what the store makes.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import sql from "mssql";
import { parseServerAddress } from "../../metadata-schema/stores/mssql/server-address.ts";

export interface TestDatabase {
  readonly url: string;
  /** Drops every table, view, sequence and role of ours. */
  empty(): Promise<void>;
  /** Deletes every row, and begins again with the numbers, where the schema is there. */
  clear(): Promise<void>;
  /** A connection that is not the store's; statements of one transaction may come one by one. */
  connect(): Promise<TestConnection>;
  /** A new user in a database role, who signs in at `url`. Throws the server's words where none may be made. */
  addUser(role: string): Promise<{ readonly name: string; readonly url: string }>;
  close(): Promise<void>;
}

export interface TestConnection {
  execute(statement: string): Promise<void>;
  query(statement: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}

export async function openTestDatabase(url: string): Promise<TestDatabase> {
  const name = `rowgate_test_${randomUUID().replaceAll("-", "").slice(0, 12)}`;
  const server = await connectTo(url);
  const isOwn = await server.execute(`CREATE DATABASE ${name}`).then(
    () => true,
    () => false,
  );
  const ownUrl = isOwn ? withDatabase(url, name) : url;
  const empty = async () => {
    const connection = await connectTo(ownUrl);
    await emptyDatabase(connection).finally(() => connection.close());
  };
  const users: string[] = [];
  return {
    url: ownUrl,
    empty,
    clear: async () => {
      const connection = await connectTo(ownUrl);
      await connection.execute(clearDatabase).finally(() => connection.close());
    },
    connect: () => connectTo(ownUrl),
    addUser: async (role) => {
      const user = `rowgate_user_${randomUUID().replaceAll("-", "").slice(0, 12)}`;
      const password = `Aa1-${randomUUID()}`;
      const connection = await connectTo(ownUrl);
      try {
        await server.execute(`CREATE LOGIN ${user} WITH PASSWORD = '${password}'`);
        users.push(user);
        await connection.execute(`CREATE USER ${user} FOR LOGIN ${user}`);
        await connection.execute(`ALTER ROLE ${role} ADD MEMBER ${user}`);
      } finally {
        await connection.close();
      }
      return { name: user, url: withSignIn(ownUrl, user, password) };
    },
    close: async () => {
      const connection = await connectTo(ownUrl);
      for (const user of users) await connection.execute(`DROP USER IF EXISTS ${user}`);
      await connection.close();
      for (const user of users) await server.execute(`DROP LOGIN ${user}`);
      await empty();
      if (isOwn) await dropDatabase(server, name);
      await server.close();
    },
  };
}

/** Sessions that were closed a moment ago may still be there. */
async function dropDatabase(server: TestConnection, name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await server.execute(`DROP DATABASE ${name}`);
      return;
    } catch (fault) {
      if (attempt === 20 || !/in use/.test(String(fault))) throw fault;
      await sleep(250);
    }
  }
}

async function connectTo(url: string): Promise<TestConnection> {
  const pool = new sql.ConnectionPool({ ...parseServerAddress(url), pool: { min: 0, max: 1 } });
  pool.on("error", () => {});
  await pool.connect();
  return {
    execute: async (statement) => {
      await new sql.Request(pool).batch(statement);
    },
    query: async (statement) => (await new sql.Request(pool).batch(statement)).recordset ?? [],
    close: () => pool.close(),
  };
}

export function withDatabase(url: string, database: string): string {
  if (!url.includes(";") && /^\w+:\/\//.test(url)) {
    const parts = new URL(url);
    parts.pathname = `/${database}`;
    parts.searchParams.delete("database");
    return parts.href;
  }
  const kept = url
    .split(";")
    .filter((part) => !/^\s*(database|initial catalog|databasename)\s*=/i.test(part));
  return [...kept.filter((part) => part.trim() !== ""), `Database=${database}`].join(";");
}

function withSignIn(url: string, user: string, password: string): string {
  const { server, port, database, options } = parseServerAddress(url);
  const { encrypt, trustServerCertificate } = options ?? {};
  const flags = `encrypt=${encrypt}&trustServerCertificate=${trustServerCertificate ?? false}`;
  return `mssql://${user}:${password}@${server}:${port ?? 1433}/${database}?${flags}`;
}

const ours = ["vw_Adf_Job_Outputs", "Audit_Actor"] as const;
const tablesInOrder = [
  "Run_Steps",
  "Runs",
  "Requests",
  "Access_Policies",
  "Secret_References",
  "Network_Rules",
  "Cluster_Configs",
  "Pipeline_Settings",
  "Alert_Rules",
  "Guardrail_Exceptions",
  "Jobs",
  "Models",
  "Data_Sources",
  "Integration_Runtimes",
  "Environments",
  "Audit_Logs",
  "Service_Logins",
  "Approvals",
  "Service_State",
  "Commit_Marks",
  "Job_Changes",
  "Environment_Changes",
  "Wakeups",
  "Contributions",
  "Stack_Merges",
  "Stack_References",
  "Output_Changes",
  "Recorded_References",
  "Stacks",
  "Conditions",
  "Stack_Outputs",
  "Subscription_Pauses",
  "Probe_Results",
  "Alert_Events",
  "Schema_Migrations",
] as const;
const sequences = [
  "Change_Numbers",
  "Job_Ids",
  "Policy_Ids",
  "Reference_Ids",
  "Rule_Ids",
  "Config_Ids",
  "Setting_Ids",
  "Alert_Ids",
  "Exception_Ids",
] as const;
const roles = ["rowgate_service", "rowgate_adf_reader", "rowgate_editor", "rowgate_auditor"] as const;

// The log refuses a DELETE; whoever may alter the table can still truncate it.
const clearDatabase = `IF OBJECT_ID(N'Schema_Migrations') IS NOT NULL BEGIN
${tablesInOrder
  .filter((name) => !["Audit_Logs", "Service_State", "Schema_Migrations"].includes(name))
  .map((name) => `  DELETE FROM ${name};`)
  .join("\n")}
  TRUNCATE TABLE Audit_Logs;
  UPDATE Service_State SET ever_filled = 0, pruned_to_at = NULL, pruned_to_number = NULL;
${sequences.map((name) => `  ALTER SEQUENCE ${name} RESTART;`).join("\n")}
END`;

async function emptyDatabase(connection: TestConnection): Promise<void> {
  const drops = [
    ...ours.map((name) => `IF OBJECT_ID(N'${name}') IS NOT NULL DROP VIEW ${name};`),
    ...tablesInOrder.map((name) => `IF OBJECT_ID(N'${name}') IS NOT NULL DROP TABLE ${name};`),
    ...sequences.map((name) => `DROP SEQUENCE IF EXISTS ${name};`),
    ...roles.map((name) => `IF DATABASE_PRINCIPAL_ID(N'${name}') IS NOT NULL DROP ROLE ${name};`),
  ];
  await connection.execute(drops.join("\n"));
}
