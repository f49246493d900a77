/**
 * Pipelines as Data Factory writes them (raw), and as azure-native takes them: there an activity's settings lie
 * beside its name instead of under `typeProperties`.
 */

export interface Dependency {
  readonly activity: string;
  readonly dependencyConditions: readonly string[];
}
/** A value that Data Factory computes when the pipeline runs. */
export interface Expression {
  readonly value: string;
  readonly type: "Expression";
}
export type Settings = Readonly<Record<string, unknown>>;

export interface RawActivity {
  readonly name: string;
  readonly type: string;
  readonly dependsOn: readonly Dependency[];
  readonly policy?: Settings;
  readonly typeProperties: Settings;
  /** the rest: description, inputs, outputs, linkedServiceName */
  readonly [more: string]: unknown;
}
export interface RawPipeline {
  readonly name: string;
  readonly properties: {
    readonly activities: readonly RawActivity[];
    readonly [more: string]: unknown;
  };
}

export const expression = (value: string): Expression => ({ value, type: "Expression" });

/**
 * A text that Data Factory takes as it is. It computes what begins with `@` and what stands in `@{…}`, and a second
 * `@` undoes that: text from a row must never be computed.
 */
export const literal = (text: string): string => text.replace(/^@|@(?=\{)/g, "@@");

/** Settings that hold activities of their own: branches of an IfCondition or Switch, bodies of ForEach and Until. */
const branches: readonly string[] = [
  "activities",
  "ifTrueActivities",
  "ifFalseActivities",
  "defaultActivities",
];

function flatSettings(settings: Settings): Settings {
  const flat = Object.entries(settings).map(([name, value]) => {
    if (branches.includes(name) && Array.isArray(value)) return [name, value.map(flatActivity)];
    // Switch: each case has its own branch.
    if (name === "cases" && Array.isArray(value)) return [name, value.map(flatSettings)];
    return [name, value];
  });
  return Object.fromEntries(flat);
}

/** @returns the activity without its level `typeProperties`, the activities inside it too */
export function flatActivity({ typeProperties, ...rest }: RawActivity): Settings & { readonly name: string } {
  return { ...rest, ...flatSettings(typeProperties) };
}
