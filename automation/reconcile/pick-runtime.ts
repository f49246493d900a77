/** Which integration runtime reads a data source. Pure. */
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import type { DataSourceRow, IntegrationRuntimeRow, PipelineSettingRow } from "../../metadata-schema/rows.ts";
import { managedRuntimeName } from "../../program/layout/names.ts";

export interface RuntimeChoice {
  readonly name: string;
  readonly type: "managed" | "self-hosted";
  /** true: the factory's own, which no row makes */
  readonly builtIn: boolean;
}

export type PickedRuntime =
  | { readonly status: "picked"; readonly runtime: RuntimeChoice }
  /** the environment has no runtime of that name */
  | { readonly status: "foreign"; readonly name: string }
  | { readonly status: "none"; readonly reason: string; readonly message: string };

/** Regions are written with and without spaces. */
const place = (location: string): string => location.toLowerCase().replaceAll(/\s/g, "");

const choiceOf = ({ name, kind }: IntegrationRuntimeRow): RuntimeChoice => ({
  name,
  type: kind === "managed" ? "managed" : "self-hosted",
  builtIn: false,
});

const builtIn: RuntimeChoice = { name: managedRuntimeName, type: "managed", builtIn: true };

const isUsable = ({ kind, enabled }: IntegrationRuntimeRow): boolean =>
  enabled && (kind === "managed" || kind === "self-hosted");

/** Every runtime that a pipeline of the environment may be given. */
export const runtimesToPick = (rows: readonly IntegrationRuntimeRow[]): readonly RuntimeChoice[] => [
  builtIn,
  ...rows.filter(isUsable).map(choiceOf),
];

/**
 * The runtime that the pipeline names, or its source, or the one at the source's location; without a source the
 * factory's own. Of several at one location the first by name, so that the choice never moves by itself.
 */
export function pickRuntime(
  settings: Pick<PipelineSettingRow, "integration_runtime">,
  source: DataSourceRow | null,
  { rows, facts }: { readonly rows: readonly IntegrationRuntimeRow[]; readonly facts: EnvironmentFacts },
): PickedRuntime {
  const named = settings.integration_runtime ?? source?.integration_runtime ?? null;
  if (named !== null) return namedRuntime(named, rows);
  if (source === null) return { status: "picked", runtime: builtIn };
  const here = rows
    .filter((row) => isUsable(row) && place(row.location) === place(source.location))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const [first] = here;
  if (first !== undefined) return { status: "picked", runtime: choiceOf(first) };
  if (place(source.location) === place(facts.location)) return { status: "picked", runtime: builtIn };
  return {
    status: "none",
    reason: "NoRuntime",
    message: `no enabled integration runtime of environment ${facts.name} is at "${source.location}", where data source "${source.name}" is. Add one to Integration_Runtimes, or name one.`,
  };
}

function namedRuntime(name: string, rows: readonly IntegrationRuntimeRow[]): PickedRuntime {
  if (name === managedRuntimeName) return { status: "picked", runtime: builtIn };
  const row = rows.find((each) => each.name === name);
  if (row === undefined) return { status: "foreign", name };
  if (isUsable(row)) return { status: "picked", runtime: choiceOf(row) };
  const message = row.enabled
    ? `integration runtime "${name}" is of kind "${row.kind}". Write managed or self-hosted there.`
    : `integration runtime "${name}" is not enabled. Enable it, or name another.`;
  return { status: "none", reason: "RuntimeUnavailable", message };
}
