/** Config -> store: the only place that chooses one. */
import type { MetadataStore } from "./store.ts";
import { openSqliteStore } from "./stores/sqlite/store.ts";

export interface OpenStoreOptions {
  /** `sqlite:/path/to/file.db`, or `sqlite::memory:` for a database that ends with the process */
  readonly url: string;
  /** replaces database time; for tests */
  readonly clock?: { now(): Date };
}

/** Opens the metadata database and brings its schema up to date. */
export async function openStore(options: OpenStoreOptions): Promise<MetadataStore> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(options.url)?.[1];
  if (scheme === "sqlite") {
    const file = options.url.slice("sqlite:".length);
    if (file === "")
      throw new Error("The metadata database URL sqlite: names no file. Write sqlite:/path/to/file.db.");
    return await openSqliteStore({ file, clock: options.clock ?? null });
  }
  // The rest of a URL may hold a password: only its scheme is said.
  throw new Error(
    `The metadata database URL ${scheme === undefined ? "has no scheme" : `begins with ${scheme}:`}; ` +
      "this release opens sqlite:/path/to/file.db and sqlite::memory:.",
  );
}
