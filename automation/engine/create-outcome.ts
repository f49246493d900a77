/**
 * Whether a failed create may have made its object all the same. An answer that was lost, a server's own fault
 * and a throttled wait all leave it open; a refusal does not. Phrases are those of the providers and of gRPC.
 */

const neverSent = /dial tcp|no such host|connection refused|Error while dialing|TLS handshake/i;

// What was accepted is waited for by asking again: whatever fails there, the object may be on its way.
const waitedFor = /\bpoll(?:ing|er)?\b/i;

const open: readonly RegExp[] = [
  /connection (?:lost|reset)|broken pipe|unexpected EOF|\bEOF\b|ECONNRESET|EPIPE|server closed/i,
  /transport is closing|error reading from server|code = (?:Unavailable|Internal|DeadlineExceeded|Canceled)/,
  /time[d ]?[- ]?out|deadline exceeded|context canceled|GatewayTimeout|RequestTimeout/i,
  /\bUnavailable\b|ServiceUnavailable|InternalServerError|InternalError|INTERNAL_ERROR|TEMPORARILY_UNAVAILABLE/i,
  /\bstatus(?: ?code)?["' :=]*(?:408|429|5\d\d)\b/i,
  /Too ?Many ?Requests|throttl|RetryableError|AnotherOperationInProgress|REQUEST_LIMIT_EXCEEDED/i,
];

/** False where the message tells a refusal: then nothing was made. */
export function mayHaveMade(message: string): boolean {
  if (waitedFor.test(message)) return true;
  return !neverSent.test(message) && open.some((phrase) => phrase.test(message));
}

/** A refusal since there is such an object already. */
export const tellsOfExisting = (message: string): boolean =>
  /already exist|must be unique|RoleAssignmentExists|RESOURCE_ALREADY_EXISTS|was found and preventDuplicateNames/i.test(
    message,
  );
