/**
 * The forms in which a person may write where an Azure SQL or SQL Server database is:
 *   mssql://user:password@host:1433/database?encrypt=true&trustServerCertificate=false
 *   sqlserver://host:1433;database=…;user=…;password=…
 *   Server=host,1433;Database=…;User Id=…;Password=…;Encrypt=true
 * Without a user the service signs in by Entra (managed identity, workload identity, az login).
 */
import sql from "mssql";

/** Throws an Error that names the part at fault and says no password. */
export function parseServerAddress(url: string): sql.config {
  const parsed = /^(mssql|sqlserver):\/\//i.test(url)
    ? fromUrl(url)
    : sql.ConnectionPool.parseConnectionString(url);
  if (!parsed.server)
    throw new Error("The metadata database URL names no server. Write mssql://host/database.");
  if (!parsed.database)
    throw new Error("The metadata database URL names no database. Write mssql://host/database.");
  if (Number.isNaN(parsed.port))
    throw new Error(
      "The metadata database URL names a port that is no number. Write mssql://host:1433/database.",
    );
  return { ...parsed, options: { ...parsed.options, encrypt: parsed.options?.encrypt ?? true } };
}

function fromUrl(url: string): sql.config {
  if (url.includes(";")) return fromUrlWithProperties(url);
  const parts = readable(() => new URL(url));
  const decoded = (text: string): string => readable(() => decodeURIComponent(text));
  const flag = (name: string): boolean | undefined => flagOf(parts.searchParams.get(name), name);
  const [encrypt, trustServerCertificate] = [flag("encrypt"), flag("trustServerCertificate")];
  const database = decoded(parts.pathname.slice(1)) || parts.searchParams.get("database") || "";
  return {
    server: parts.hostname.replace(/^\[|\]$/g, ""),
    port: parts.port === "" ? 1433 : Number(parts.port),
    database,
    ...(parts.username === "" ? {} : { user: decoded(parts.username) }),
    ...(parts.password === "" ? {} : { password: decoded(parts.password) }),
    options: {
      ...(encrypt === undefined ? {} : { encrypt }),
      ...(trustServerCertificate === undefined ? {} : { trustServerCertificate }),
    },
  };
}

/** The URL itself stays out of the message: it may hold a password. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new Error(
      "The metadata database URL cannot be read. Encode % : / ? # @ in a password as %25 %3A %2F %3F %23 %40.",
    );
  }
}

function fromUrlWithProperties(url: string): sql.config {
  const semicolon = url.indexOf(";");
  const address = url.slice(0, semicolon).replace(/^\w+:\/\//, "");
  if (address.includes("@"))
    throw new Error(
      "The metadata database URL names a user before the server. Write ;user=…;password=… behind it.",
    );
  // Their names as the driver knows them.
  const properties = url
    .slice(semicolon)
    .replace(/;\s*user(name)?\s*=/gi, ";User Id=")
    .replace(/;\s*databaseName\s*=/gi, ";Database=");
  return sql.ConnectionPool.parseConnectionString(`Server=${address.replace(":", ",")}${properties}`);
}

function flagOf(value: string | null, name: string): boolean | undefined {
  if (value === null) return undefined;
  if (/^(true|yes|1)$/i.test(value)) return true;
  if (/^(false|no|0)$/i.test(value)) return false;
  throw new Error(`The metadata database URL says ${name}=${value}; it must be true or false.`);
}

/** For messages: never the user or the password. */
export const addressForPeople = ({ server, port, database }: sql.config): string =>
  `${server}${port === undefined || port === 1433 ? "" : `:${port}`}/${database}`;
