/** Reads inputs of resources and bodies of ARM, of which nobody has said what shape they have. */
import type { Setting } from "./pieces.ts";

export type Props = Readonly<Record<string, unknown>>;

/** A resource that is about to be registered. */
export interface ResourceInputs {
  /** Pulumi's type token, e.g. `azure-native:authorization:RoleAssignment` */
  readonly type: string;
  /** in the program */
  readonly name: string;
  readonly props: Props;
}

/** Stands for a value that no guardrail allows: what can't be read before the run can't be judged. */
export const notReadable = "(not known before the run)";

/** Outputs of other resources, and promises: their values come later. */
export const isLater = (value: unknown): boolean =>
  typeof value === "object" && value !== null && ("__pulumiOutput" in value || "then" in value);

/** The value at a path such as `properties.networkAcls.bypass`; undefined: there is none. */
export function at(props: unknown, path: string): unknown {
  let value = props;
  for (const name of path.split(".")) {
    if (isLater(value)) return notReadable;
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Props)[name];
  }
  return value;
}

export function setting(value: unknown): Setting {
  if (value === undefined || value === null) return null;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : notReadable;
}
export const settingAt = (props: unknown, path: string): Setting => setting(at(props, path));

/** @param absent what a value that is left out means */
export const text = (value: unknown, absent: string = notReadable): string => {
  const read = setting(value);
  return read === null ? absent : String(read);
};
/** null: it is left out. */
export const textOrNull = (value: unknown): string | null =>
  value === undefined || value === null ? null : text(value);

export const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map((item) => text(item)) : [notReadable];
export const textsOrNone = (value: unknown): readonly string[] =>
  value === undefined || value === null ? [] : texts(value);

/** Items of a list; of one that can't be read, one that can't be either. */
export const itemsAt = (props: unknown, path: string): readonly unknown[] => {
  const value = at(props, path);
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [notReadable];
};
