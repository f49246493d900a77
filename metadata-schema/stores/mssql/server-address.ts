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
  return { ...parsed, options: { ...parsed.options, encrypt: parsed.options?.encrypt ?? true } };
}

function fromUrl(url: string): sql.config {
  const semicolon = url.indexOf(";");
  if (semicolon >= 0) {
    const address = url
      .slice(0, semicolon)
      .replace(/^\w+:\/\//, "")
      .replace(":", ",");
    return sql.ConnectionPool.parseConnectionString(`Server=${address};${url.slice(semicolon + 1)}`);
  }
  let parts: URL;
  try {
    parts = new URL(url);
  } catch {
    // The URL itself stays out of the message: it may hold a password.
    throw new Error(
      "The metadata database URL cannot be read. Encode : / ? # @ in a password as %3A %2F %3F %23 %40.",
    );
  }
  const flag = (name: string): boolean | undefined => flagOf(parts.searchParams.get(name), name);
  const [encrypt, trustServerCertificate] = [flag("encrypt"), flag("trustServerCertificate")];
  const database = decodeURIComponent(parts.pathname.slice(1)) || parts.searchParams.get("database") || "";
  return {
    server: parts.hostname.replace(/^\[|\]$/g, ""),
    port: parts.port === "" ? 1433 : Number(parts.port),
    database,
    ...(parts.username === "" ? {} : { user: decodeURIComponent(parts.username) }),
    ...(parts.password === "" ? {} : { password: decodeURIComponent(parts.password) }),
    options: {
      ...(encrypt === undefined ? {} : { encrypt }),
      ...(trustServerCertificate === undefined ? {} : { trustServerCertificate }),
    },
  };
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
