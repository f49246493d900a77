/**
 * How an object that inputs describe is found in its cloud: what a rule may say. Pure: questions are data,
 * asked by whoever has a provider.
 */

/** Inputs, settings or answers as the engine has them. */
export type Properties = Readonly<Record<string, unknown>>;

/** A function of the provider that makes the object. */
export interface Question {
  readonly token: string;
  readonly args: Properties;
}

/** `ours`: it bears our marks; `namesake`: it has the name and may be anybody's; `other`: another name. */
export type Verdict = "ours" | "namesake" | "other";

export interface IdRule {
  readonly kind: "id";
  /** null: an input that the id needs is not known */
  id(inputs: Properties, provider: Properties): string | null;
}

export interface LookupRule {
  readonly kind: "lookup";
  /** null: an input that the question needs is not known */
  search(inputs: Properties): Question | null;
  /** ids of what the answer shows */
  ids(answer: Properties): readonly string[];
  /** the provider's words for "there is none" */
  readonly absent: RegExp;
  /** the provider's words for "there is more than one"; null: it has no such answer */
  readonly several: RegExp | null;
  /** asks for one found object; null: the search's answer already shows it */
  inspect: ((id: string) => Question) | null;
  judge(answer: Properties, inputs: Properties): Verdict;
}

export interface AskRule {
  readonly kind: "ask";
  /** where a person looks */
  readonly where: string;
}

export type AdoptionRule = IdRule | LookupRule | AskRule;

/** What the engine shows in place of a value that is not known yet. Pulumi's protocol fixes it. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const isProperties = (value: unknown): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether any part of a value is not known yet. */
export function hasUnknown(value: unknown): boolean {
  if (typeof value === "string") return value.includes(unknownValue);
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isProperties(value) && Object.values(value).some(hasUnknown);
}

/** A known, non-empty text; null otherwise. */
export function textOf(properties: Properties, name: string): string | null {
  const value = properties[name];
  return typeof value === "string" && value !== "" && !hasUnknown(value) ? value : null;
}

/** The id that an answer shows under a name; empty if it shows none. */
export const idsOf = (answer: Properties, name: string): readonly string[] => {
  const id = textOf(answer, name);
  return id === null ? [] : [id];
};
