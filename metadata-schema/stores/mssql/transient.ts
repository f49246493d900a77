/** Which errors of the server or of the connection pass by themselves. */

/**
 * Error numbers that Microsoft lists as transient for Azure SQL ("Troubleshoot transient connection errors"),
 * and the ends of one transaction in favour of another one: deadlock victim (1205), lock timeout (1222), snapshot
 * conflict (3960, 3961), application lock (51001, see lockText).
 */
const transientNumbers = new Set([
  64, 233, 1204, 1205, 1222, 3960, 3961, 4060, 4221, 10053, 10054, 10060, 10928, 10929, 11001, 40143, 40197,
  40501, 40540, 40613, 49918, 49919, 49920, 51001,
]);
/** Names that tedious, the pool and the socket give to a connection that is gone or cannot be made. */
const transientCodes = new Set([
  "ESOCKET",
  "ECLOSE",
  "ECONNCLOSED",
  "ETIMEOUT",
  "ENOCONN",
  "EINVALIDSTATE",
  "ECONNRESET",
  "EPIPE",
  "ENOTOPEN",
  "ECONNREFUSED",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "ERR_STREAM_PREMATURE_CLOSE",
]);
/** The driver keeps no number of a refused sign-in. These are the words of 4060, 40613, 40197, 40501, 49918 and 18401. */
const transientSignIn =
  /^cannot open database|is not currently available|is currently busy|please try again|not enough resources|script upgrade mode/i;
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
  // A connection that ends during a request tells it in `info`.
  return [field(error, "originalError"), field(error, "info")].some(
    (inner) => inner !== undefined && inner !== error && isConnectionLost(inner),
  );
}

const isTransientSignIn = (error: unknown): boolean =>
  field(error, "code") === "ELOGIN" && error instanceof Error && transientSignIn.test(error.message);

export const isTransient = (error: unknown): boolean =>
  transientNumbers.has(serverNumber(error)) || isConnectionLost(error) || isTransientSignIn(error);
