/** How the service signs in: by the user of its URL (tests), or by Entra. */
import type sql from "mssql";

/** One credential for all connections of the process: each one refreshes and caches its own token. */
let shared: Promise<import("@azure/identity").TokenCredential> | null = null;

const entraCredential = (): Promise<import("@azure/identity").TokenCredential> => {
  // Loaded only where it is used: it is large.
  shared ??= import("@azure/identity").then(({ DefaultAzureCredential }) => new DefaultAzureCredential());
  return shared;
};

export async function signIn(address: sql.config): Promise<Partial<sql.config>> {
  if (address.user !== undefined || address.authentication !== undefined) return {};
  return {
    authentication: { type: "token-credential", options: { credential: await entraCredential() } },
  };
}
