/** Texts of rows, people and clouds may hold line ends and colours: printed, none of them may pass for a line of ours. */

// Controls, the two other ends of a line, and what turns the direction of writing round.
const control = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const controls = new RegExp(control, "gu");

/** A sentence, with escapes for what would not be seen as it is. */
export const oneLine = (text: string): string => text.replace(controls, escapeOf);

/** A value: in quotes, as JSON has it, where it needs escapes. */
export const oneLineValue = (text: string): string =>
  control.test(text) ? oneLine(JSON.stringify(text)) : text;

// JSON has a short escape for some, and none for DEL and those after it.
function escapeOf(character: string): string {
  const json = JSON.stringify(character).slice(1, -1);
  return json === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}` : json;
}
