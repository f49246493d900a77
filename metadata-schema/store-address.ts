/**
 * Which database a URL means: `sqlite:/path/to/file.db`, `sqlite::memory:` for one that ends with the process, or
 * an Azure SQL or SQL Server address, see stores/mssql/server-address.ts.
 */
export type StoreAddress =
  | { readonly dialect: "sqlite"; readonly file: string }
  | { readonly dialect: "mssql"; readonly url: string };

const isServerAddress = (url: string): boolean =>
  /^(mssql|sqlserver):\/\//i.test(url) || /(^|;)\s*(server|data source)\s*=/i.test(url);

/** Throws an Error that says no password. */
export function storeAddress(url: string): StoreAddress {
  if (isServerAddress(url)) return { dialect: "mssql", url };
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1];
  if (scheme === "sqlite") {
    const file = url.slice("sqlite:".length);
    if (file === "")
      throw new Error("The metadata database URL sqlite: names no file. Write sqlite:/path/to/file.db.");
    return { dialect: "sqlite", file };
  }
  // The rest of a URL may hold a password: only its scheme is said.
  throw new Error(
    `The metadata database URL ${scheme === undefined ? "has no scheme" : `begins with ${scheme}:`}; ` +
      "this release opens sqlite:/path/to/file.db, sqlite::memory: and mssql://host/database.",
  );
}

/** A file, or server/database: never a user or a password. */
export async function addressForPeople(address: StoreAddress): Promise<string> {
  if (address.dialect === "sqlite") return address.file;
  const server = await import("./stores/mssql/server-address.ts");
  return server.addressForPeople(server.parseServerAddress(address.url));
}
