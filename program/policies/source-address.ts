import { guardrail } from "./pieces.ts";

const sqlKinds: readonly string[] = ["sql-server", "azure-sql"];
/** What follows it in a connection string would be a setting of its own, e.g. `;TrustServerCertificate=true`. */
const serverName = /^[a-z0-9][a-z0-9._-]*(?:\\[a-z0-9._-]+)?(?:,\d{1,5})?$/i;

export const sourceAddress = guardrail(
  {
    id: "source-address",
    invariant: "I19",
    title: "A data source is read over HTTPS, from the host that its row names",
    reason: "SourceInClear",
    reference: "CKV_AZURE_3",
    fix: "Write the host alone, or an address that begins with https://.",
  },
  (piece) => {
    if (piece.kind !== "data-source" || piece.host === null) return null;
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(piece.host)?.[1]?.toLowerCase();
    if (scheme !== undefined && scheme !== "https")
      return { message: `Data source ${piece.name} is reached by ${scheme}, not by https.` };
    if (sqlKinds.includes(piece.type) && !serverName.test(piece.host))
      return {
        message: `Data source ${piece.name} has something else in place of a server's name.`,
        fix: "Write the host alone; with an instance: host\\instance; with a port: host,1433.",
      };
    // What begins with "@" Data Factory would compute, and anything before an "@" is a name to sign in with.
    return piece.host.includes("@") || /\s/.test(piece.host)
      ? { message: `The host of data source ${piece.name} is not one plain address.` }
      : null;
  },
);
