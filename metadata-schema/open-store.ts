/** Config -> store: the only place that chooses one. */
import type { MetadataStore } from "./store.ts";
import { storeAddress } from "./store-address.ts";
import { openSqliteStore } from "./stores/sqlite/store.ts";

export interface OpenStoreOptions {
  /** see store-address.ts */
  readonly url: string;
  /** replaces database time; for tests */
  readonly clock?: { now(): Date };
}

/** Opens the metadata database and brings its schema up to date. */
export async function openStore(options: OpenStoreOptions): Promise<MetadataStore> {
  const clock = options.clock ?? null;
  const address = storeAddress(options.url);
  if (address.dialect === "sqlite") return await openSqliteStore({ file: address.file, clock });
  // Loaded only where it is used: the driver costs memory and time.
  const { openMssqlStore } = await import("./stores/mssql/store.ts");
  return await openMssqlStore({ url: address.url, clock });
}
