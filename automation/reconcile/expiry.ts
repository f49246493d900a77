/** Instants that rows write. */

// With a zone, or nobody knows when it is; Date.parse alone takes almost anything.
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** Milliseconds since 1970 of an expiry; null: none. */
export function expiryOf(value: string | null): number | null | "unreadable" {
  if (value === null) return null;
  const expiry = instant.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(expiry) ? "unreadable" : expiry;
}
