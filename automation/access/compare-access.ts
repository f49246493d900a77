/** Two accounts of who can do what, one against the other. */
import { type AccessWord, liesIn } from "./access-words.ts";

export interface AccessDifference<Said extends AccessWord, Found extends AccessWord> {
  /** what was said and is not there */
  readonly missing: readonly Said[];
  /** what is there and was not said */
  readonly surplus: readonly Found[];
}

/** What is held on an object counts for all that lies in it, on both sides. */
export function compareAccess<Said extends AccessWord, Found extends AccessWord>(
  said: readonly Said[],
  found: readonly Found[],
): AccessDifference<Said, Found> {
  return { missing: uncovered(said, found), surplus: uncovered(found, said) };
}

function uncovered<T extends AccessWord>(all: readonly T[], by: readonly AccessWord[]): readonly T[] {
  const keyOf = ({ principal, action }: AccessWord): string => `${principal.toLowerCase()} ${action}`;
  const objects = Map.groupBy(by, keyOf);
  return all.filter((each) => !objects.get(keyOf(each))?.some(({ object }) => liesIn(each.object, object)));
}
