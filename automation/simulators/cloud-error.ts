/** A refusal by a simulated cloud: what the real service would have answered. */
export class CloudError extends Error {
  override readonly name = "CloudError";
  readonly status: number;
  readonly code: string;
  readonly detail: string;

  /** `text` replaces the ARM wording where the real provider words the fault itself. */
  constructor(status: number, code: string, detail: string, text?: string) {
    super(text ?? `Status=${status} Code="${code}" Message="${detail}"`);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

/** ARM's way: azure-native prints status, code and message in one line. */
export const armError = (status: number, code: string, detail: string): CloudError =>
  new CloudError(status, code, detail);

/** The Databricks and Entra providers print the service's message alone. */
export const plainError = (status: number, code: string, detail: string): CloudError =>
  new CloudError(status, code, detail, detail);
