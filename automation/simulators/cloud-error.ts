/** A refusal by a simulated cloud: what the real service would have answered. */
export class CloudError extends Error {
  override readonly name = "CloudError";
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** header of a 429 over HTTP */
  readonly retryAfterSeconds: number | null;

  /** `text` is how the real provider words it for the engine. */
  constructor(answer: {
    status: number;
    code: string;
    detail: string;
    text: string;
    retryAfterSeconds?: number | null;
  }) {
    super(answer.text);
    this.status = answer.status;
    this.code = answer.code;
    this.detail = answer.detail;
    this.retryAfterSeconds = answer.retryAfterSeconds ?? null;
  }
}

/** ARM's way: azure-native prints status, code and message in one line. */
export const armText = (status: number, code: string, detail: string): string =>
  `Status=${status} Code="${code}" Message="${detail}"`;

export const armError = (status: number, code: string, detail: string): CloudError =>
  new CloudError({ status, code, detail, text: armText(status, code, detail) });

/** The Databricks and Entra providers print the service's message alone. */
export const plainError = (status: number, code: string, detail: string): CloudError =>
  new CloudError({ status, code, detail, text: detail });
