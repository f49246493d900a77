/** Rules on settings of resources, as tables. */
import type { Fault, Piece, ResourceType, Setting } from "./pieces.ts";

export interface SettingRule {
  readonly setting: string;
  /** completes "must be …" */
  readonly words: string;
  holds(value: Setting): boolean;
}

const plain = (value: Setting): string => String(value).toLowerCase();

/** One of these values, in any case: services answer in another than they are told. */
export const is = (setting: string, ...values: readonly (string | number | boolean)[]): SettingRule => ({
  setting,
  words: values.map(String).join(" or "),
  holds: (value) => value !== null && values.some((each) => plain(each) === plain(value)),
});
/** Not set, or this value. */
export const mayBe = (setting: string, allowed: string | number | boolean): SettingRule => ({
  setting,
  words: `${allowed} or left out`,
  holds: (value) => value === null || plain(value) === plain(allowed),
});
export const isSet = (setting: string): SettingRule => ({
  setting,
  words: "set",
  holds: (value) => value !== null && value !== "",
});
export const isNotSet = (setting: string): SettingRule => ({
  setting,
  words: "left out",
  holds: (value) => value === null,
});

type Rules = Readonly<Partial<Record<ResourceType, readonly SettingRule[]>>>;

/** The settings of a resource that break its rules; null: none, or the piece is of another kind. */
export function settingFault(piece: Piece, rules: Rules): Fault | null {
  if (piece.kind !== "resource") return null;
  const broken = (rules[piece.type] ?? []).filter(
    ({ setting, holds }) => !holds(piece.settings[setting] ?? null),
  );
  if (broken.length === 0) return null;
  const told = broken.map(({ setting }) => {
    const value = piece.settings[setting] ?? null;
    return value === null ? `${setting} is not set` : `${setting} is ${value}`;
  });
  const wanted = broken.map(({ setting, words }) => `${setting} must be ${words}`);
  return { message: `The ${piece.type} ${piece.name}: ${told.join(", ")}.`, fix: `${wanted.join(", ")}.` };
}
