/** Config -> the migrations of a metadata database and nothing else of it, for the command line. */
import { existsSync } from "node:fs";
import {
  historyFault,
  type MigrationDatabase,
  type MigrationStatus,
  migrate,
  migrationStatus,
  readMigrations,
} from "./migrate.ts";
import { addressForPeople, type StoreAddress, storeAddress } from "./store-address.ts";

export type { MigrationState } from "./migrate.ts";

export interface MigrationReport {
  /** a file, or server/database; never a password */
  readonly database: string;
  readonly migrations: readonly MigrationStatus[];
  /** why nothing may be applied, with the next step */
  readonly fault: string | null;
}

// A person waits for it. A database that takes longer to wake up is met by the next call.
const retryForMs = 5_000;

/** Changes nothing: a file that is not there is not made. */
export async function lookAtMigrations(url: string): Promise<MigrationReport> {
  const address = lastingAddress(url);
  const migrations = readMigrations(`${address.dialect}.sql`);
  const isThere = address.dialect === "mssql" || existsSync(address.file);
  const applied = isThere ? await withDatabase(address, "look", (database) => database.applied()) : [];
  return {
    database: await addressForPeople(address),
    migrations: migrationStatus(migrations, applied),
    fault: historyFault(migrations, applied),
  };
}

/** Applies what is pending, as the service does when it starts. Returns the names of what this call applied. */
export async function applyMigrations(url: string): Promise<readonly string[]> {
  const address = lastingAddress(url);
  const migrations = readMigrations(`${address.dialect}.sql`);
  return await withDatabase(address, "apply", (database) => migrate(database, migrations));
}

function lastingAddress(url: string): StoreAddress {
  const address = storeAddress(url);
  if (address.dialect === "sqlite" && address.file === ":memory:")
    throw new Error("The metadata database sqlite::memory: ends with its process. Name a file or a server.");
  return address;
}

async function withDatabase<T>(
  address: StoreAddress,
  purpose: "look" | "apply",
  work: (database: MigrationDatabase) => Promise<T>,
): Promise<T> {
  const connection = await connect(address, purpose);
  try {
    return await work(connection.migrations());
  } finally {
    await connection.close();
  }
}

async function connect(address: StoreAddress, purpose: "look" | "apply") {
  // Drivers cost time: only the one that is used is loaded.
  if (address.dialect === "mssql") {
    const { Connection } = await import("./stores/mssql/connection.ts");
    return await Connection.open({ url: address.url, clock: null, retryForMs });
  }
  const { Connection } = await import("./stores/sqlite/connection.ts");
  const keepMode = purpose === "look" ? { keepMode: true as const } : {};
  return await Connection.open({ file: address.file, clock: null, ...keepMode });
}
