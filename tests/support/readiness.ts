/** What the service says of itself while something is missing. */
import type { TestService } from "./service.ts";

export interface Readiness {
  readonly status: number;
  /** names and messages of what is not well */
  readonly faults: Readonly<Record<string, string>>;
}

export async function readinessOf(service: TestService): Promise<Readiness> {
  const response = await service.fetch("/readyz");
  const { checks } = (await response.json()) as {
    checks: readonly { readonly name: string; readonly ok: boolean; readonly message: string | null }[];
  };
  const faults = checks.filter(({ ok }) => !ok).map(({ name, message }) => [name, message ?? ""] as const);
  return { status: response.status, faults: Object.fromEntries(faults) };
}

/** Why no run starts for now, as `rowgate engine status` shows it. */
export async function heldFor(service: TestService): Promise<readonly string[]> {
  return (await service.get<{ closedFor: readonly string[] }>("/api/engine")).closedFor;
}
