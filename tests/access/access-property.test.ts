import { describe, it } from "node:test";
import { holds } from "./property.ts";

// Half of the row sets; access-property-more.test.ts has the others, so that two processors share them.
describe("after reconcile the clouds allow what rows say and nothing else", () => {
  it(
    "for everybody, of 260 row sets, before and after edits and once they are gone",
    { timeout: 900_000 },
    () => holds({ seed: 20260115, numRuns: 260 }),
  );
});
