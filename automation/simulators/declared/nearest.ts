/** The name that was probably meant, for a message. */

/** Two slips, or one in three letters of a short name, are a slip; more is another word. */
const mostSlips = (name: string): number => Math.min(3, Math.max(1, Math.floor(name.length / 3)));

export function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, slips: slips(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.slips - b.slips);
  const [best] = ranked;
  return best && best.slips <= mostSlips(name) ? best.candidate : undefined;
}

/** Letters to insert, drop or change to make one of the other (Levenshtein), a row of the table at a time. */
function slips(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_none, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const here = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const changed = (above[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      here.push(Math.min(changed, (above[column] ?? 0) + 1, (here[column - 1] ?? 0) + 1));
    }
    above = here;
  }
  return above[to.length] ?? 0;
}
