/** The one file that reads the engine's words. Phrases were seen with engine 3.259.0. */
import type { EngineFailure } from "./engine.ts";

/** One lock on a stack, as the engine tells it whatever the backend. */
export interface LockHolder {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  /** RFC 3339 */
  readonly at: string;
}

/** The holders of the locks that made the engine refuse; null: it did not refuse for a lock. */
export function lockHolders(stderr: string): readonly LockHolder[] | null {
  if (!/the stack is currently locked by \d+ lock\(s\)/.test(stderr)) return null;
  const line = /created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)/g;
  return [...stderr.matchAll(line)].map(([, user = "", host = "", pid = "0", at = ""]) => ({
    user,
    host,
    pid: Number(pid),
    at,
  }));
}

const transient: readonly RegExp[] = [
  /\b429\b|TooManyRequests|throttl/i,
  /PrincipalNotFound/,
  /AnotherOperationInProgress|RetryableError/,
  /ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|connection refused|connection reset|i\/o timeout|no such host/i,
  /\bUnavailable\b|transport is closing|error reading from server/,
  /InternalServerError|ServiceUnavailable|GatewayTimeout|status(?: code)?[ :=]*50[0234]\b/i,
];

const permanent: readonly RegExp[] = [
  /\bguardrail\b/i,
  /AuthorizationFailed|LinkedAuthorizationFailed|\bForbidden\b/,
  /cannot create already existing resource/,
  /RoleAssignmentExists|RoleAssignmentUpdateNotPermitted|RoleDefinitionDoesNotExist|UnmatchedPrincipalType/,
  /missing required property|is not a (?:valid|known)|InvalidParameter|BadRequest/i,
];

/** What kind of failure a message tells of: decides whether and when to try again. */
export function classify(message: string): EngineFailure["class"] {
  if (transient.some((phrase) => phrase.test(message))) return "transient";
  if (permanent.some((phrase) => phrase.test(message))) return "permanent";
  return "unknown";
}

/** What is known of a failed run: error diagnostics in order, and the engine's stderr. */
export function failureOf(run: { errors: readonly string[]; stderr: string; stdout: string }): EngineFailure {
  // The engine ends with summary lines of its own; what a provider or the program said comes before.
  const said = run.errors.map((error) => error.trim()).filter((error) => error !== "");
  const specific = said.filter((error) => !/^(update|preview|refresh|destroy) failed$/i.test(error));
  const fallback =
    run.stderr.trim() || run.stdout.trim().split("\n").slice(-5).join("\n") || "The engine gave no reason.";
  const message = clip((specific.length > 0 ? specific : said).join("\n") || fallback);
  return { class: classify(message), code: "RunFailed", message };
}

// Enough for several failed objects; a condition or a log line is no place for more.
const maxMessageLength = 4000;
const clip = (text: string): string =>
  text.length <= maxMessageLength ? text : `${text.slice(0, maxMessageLength)}…`;
