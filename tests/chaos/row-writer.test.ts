/** The writer keeps to rows that can be Ready, on the real schema: each kind of edit is tried, none is refused. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rowsOfJobs } from "../support/many-jobs.ts";
import { makeHome, removeHome, TestService } from "../support/service.ts";
import { seededRandom } from "./random.ts";
import { RowWriter } from "./row-writer.ts";

describe("the row writer", () => {
  it("makes every kind of edit, and keeps the number of jobs around what it was", async () => {
    const home = await makeHome(rowsOfJobs(10, { varied: true }));
    try {
      const rows = new TestService(home);
      const writer = new RowWriter({ home, random: seededRandom(5), jobs: 10 });
      const seen = new Set<string>();
      for (let round = 0; round < 150; round++) {
        seen.add(writer.edit());
        const count = rows.sql("SELECT 1 FROM Jobs").length;
        assert.ok(count >= 8 && count <= 12, `${count} jobs`);
      }
      assert.deepEqual([...seen].toSorted(), [
        "add-job",
        "add-policy",
        "delete-job",
        "drop-policy",
        "range",
        "resize",
      ]);
      assert.equal(writer.edits, 150);
      const lonely = rows.sql(
        "SELECT job_id FROM Jobs WHERE job_id NOT IN (SELECT job_id FROM Access_Policies)",
      );
      assert.deepEqual(lonely, [], "each job keeps a policy");
    } finally {
      await removeHome(home);
    }
  });
});
