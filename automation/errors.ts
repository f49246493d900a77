/**
 * A fault that a caller gets to see. `code` is for programs and stays; the message is for people and names
 * the thing, the fault and the next step.
 */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: string;
  /** HTTP status that the fault means */
  readonly status: number;
  readonly details: unknown;

  constructor(fault: { code: string; status: number; message: string; details?: unknown; cause?: unknown }) {
    super(fault.message, { cause: fault.cause });
    this.code = fault.code;
    this.status = fault.status;
    this.details = fault.details ?? null;
  }
}

export { messageOf } from "../metadata-schema/errors.ts";
