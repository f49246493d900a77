/** Faults that a store raises by type, so that callers can tell them from a broken database. */

/** A write lost against another one: the row or stack is no longer what the writer read. */
export class ConflictError extends Error {
  override readonly name = "ConflictError";
}

/** A write under a lease came after the lease had expired or passed to somebody else. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
  readonly stackName: string;
  readonly epoch: number;
  constructor(stack: string, epoch: number) {
    super(`The lease on stack ${stack} (epoch ${epoch}) is lost; its run may write nothing more.`);
    this.stackName = stack;
    this.epoch = epoch;
  }
}

/** A row, job, stack, run or request that a caller names does not exist. */
export class RowNotFoundError extends Error {
  override readonly name = "RowNotFoundError";
}

/** A row that the table's shape refuses; says the table, the column and the fault. */
export class RowRefusedError extends Error {
  override readonly name = "RowRefusedError";
}

export const messageOf = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault));
