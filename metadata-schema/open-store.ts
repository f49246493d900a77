/** Config -> store: the only place that chooses one. */
import type { MetadataStore } from "./store.ts";
import { openSqliteStore } from "./stores/sqlite/store.ts";

export interface OpenStoreOptions {
  /**
   * `sqlite:/path/to/file.db`, `sqlite::memory:` for a database that ends with the process, or an Azure SQL or
   * SQL Server address, see stores/mssql/server-address.ts
   */
  readonly url: string;
  /** replaces database time; for tests */
  readonly clock?: { now(): Date };
}

const isServerAddress = (url: string): boolean =>
  /^(mssql|sqlserver):\/\//i.test(url) || /(^|;)\s*(server|data source)\s*=/i.test(url);

/** Opens the metadata database and brings its schema up to date. */
export async function openStore(options: OpenStoreOptions): Promise<MetadataStore> {
  const clock = options.clock ?? null;
  if (isServerAddress(options.url)) {
    // Loaded only where it is used: the driver costs memory and time.
    const { openMssqlStore } = await import("./stores/mssql/store.ts");
    return await openMssqlStore({ url: options.url, clock });
  }
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(options.url)?.[1];
  if (scheme === "sqlite") {
    const file = options.url.slice("sqlite:".length);
    if (file === "")
      throw new Error("The metadata database URL sqlite: names no file. Write sqlite:/path/to/file.db.");
    return await openSqliteStore({ file, clock });
  }
  // The rest of a URL may hold a password: only its scheme is said.
  throw new Error(
    `The metadata database URL ${scheme === undefined ? "has no scheme" : `begins with ${scheme}:`}; ` +
      "this release opens sqlite:/path/to/file.db, sqlite::memory: and mssql://host/database.",
  );
}
