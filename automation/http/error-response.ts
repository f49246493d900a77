import { ServiceError } from "../errors.ts";

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details: unknown;
  readonly requestId: string;
}

/** Fault → status and body, once. What is no ServiceError is ours to mend, and tells a caller nothing of us. */
export function errorResponse(fault: unknown, requestId: string): { status: number; body: ErrorBody } {
  if (fault instanceof ServiceError) {
    const { code, message, details, status } = fault;
    return { status, body: { code, message, details, requestId } };
  }
  const status = statusOfExpress(fault);
  if (status !== null) {
    const message =
      status === 413
        ? "The request's body is too large. Send it in several parts."
        : "The request could not be read. Mend it and send it again.";
    return { status, body: { code: "BadRequest", message, details: null, requestId } };
  }
  const message = `The request failed here. The service's log has the cause under requestId ${requestId}.`;
  return { status: 500, body: { code: "InternalError", message, details: null, requestId } };
}

/** Express marks what the caller did wrong (a path that cannot be decoded) with a status of its own. */
function statusOfExpress(fault: unknown): number | null {
  if (!(fault instanceof Error) || !("status" in fault)) return null;
  const { status } = fault;
  return typeof status === "number" && status >= 400 && status < 500 ? status : null;
}
