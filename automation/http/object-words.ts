/**
 * How a text that a person typed finds objects: every word of it is a whole word of the object, in any order
 * and case. Whole, so that job_20 never finds what job_201 has.
 */
import type { NamedObject } from "./cloud-objects.ts";

// Words that join names, and name nothing.
const joints: ReadonlySet<string> = new Set(["on", "to", "of", "in", "for", "by", "the", "a", "an"]);

const split = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .split(/[\s,;:()"']+/)
    .filter((word) => word !== "");

export function wordsOf(text: string): readonly string[] {
  const words = split(text);
  const names = words.filter((word) => !joints.has(word));
  return names.length > 0 ? names : words;
}

/** An id counts as a word, and so does each of its segments. */
export function isNamedBy(object: NamedObject, words: readonly string[]): boolean {
  const whole = new Set(
    [object.sentence, ...object.also].flatMap(split).flatMap((word) => [word, ...word.split("/")]),
  );
  return words.every((word) => whole.has(word));
}
