/** Which errors of the server or of the connection pass by themselves. */

/**
 * Error numbers that Microsoft lists as transient for Azure SQL ("Troubleshoot transient connection errors"),
 * and the ends of one transaction in favour of another one: deadlock victim (1205), lock timeout (1222),
 * snapshot conflict (3960).
 */
const transientNumbers = new Set([
  64, 233, 1204, 1205, 1222, 3960, 4060, 4221, 10053, 10054, 10060, 10928, 10929, 11001, 40143, 40197, 40501,
  40540, 40613, 49918, 49919, 49920,
]);
/** Names that tedious and the pool give to a connection that is gone or cannot be made. */
const transientCodes = new Set([
  "ESOCKET",
  "ECONNCLOSED",
  "ETIMEOUT",
  "ENOCONN",
  "EINVALIDSTATE",
  "ECONNRESET",
  "EPIPE",
  "ENOTOPEN",
  "ECONNREFUSED",
]);
/** Two transactions inserted the same key: tried again, the second one finds the row and changes it. */
const duplicateNumbers = new Set([2601, 2627]);

const field = (error: unknown, name: string): unknown =>
  typeof error === "object" && error !== null ? (error as Record<string, unknown>)[name] : undefined;

/** The server's error number; 0 for an error that is not the server's. */
export function serverNumber(error: unknown): number {
  const number = field(error, "number");
  return typeof number === "number" ? number : 0;
}

export const isDuplicate = (error: unknown): boolean => duplicateNumbers.has(serverNumber(error));

/** The connection is gone: what was sent last may or may not have been done. */
export function isConnectionLost(error: unknown): boolean {
  const code = field(error, "code");
  if (typeof code === "string" && transientCodes.has(code)) return true;
  const original = field(error, "originalError");
  return original !== undefined && original !== error && isConnectionLost(original);
}

export const isTransient = (error: unknown): boolean =>
  transientNumbers.has(serverNumber(error)) || isConnectionLost(error);
