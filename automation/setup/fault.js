/** A set-up step that cannot go on. Its message is printed as it is, without a stack. */
export class SetupError extends Error {
  code = /** @type {const} */ ("setup-failed");
}

/** @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** @param {unknown} error */
export function isMissing(error) {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
