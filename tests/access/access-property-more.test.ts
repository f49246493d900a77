import { describe, it } from "node:test";
import { holds } from "./property.ts";

describe("after reconcile the clouds allow what rows say and nothing else, again", () => {
  it("for everybody, of 260 more row sets", { timeout: 900_000 }, () =>
    holds({ seed: 20260116, numRuns: 260 }),
  );
});
