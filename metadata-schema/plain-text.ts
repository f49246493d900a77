/** An output as somebody who expects text reads it: text as it is, anything else as JSON. */
export const plainText = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);
