/** What the service asks all the time is answered by index: its cost does not grow with what exists. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { tableNames } from "../../metadata-schema/columns.ts";
import { belongsToJob } from "../../metadata-schema/row-values.ts";
import { selectAlerts } from "../../metadata-schema/stores/sqlite/alerts.ts";
import {
  selectDueWakeups,
  selectEnvironmentChanges,
  selectJobChanges,
  selectPendingJobs,
} from "../../metadata-schema/stores/sqlite/changes.ts";
import { selectObstacles } from "../../metadata-schema/stores/sqlite/conditions.ts";
import { selectReferrers } from "../../metadata-schema/stores/sqlite/outputs.ts";
import { selectLatestProbes, selectRecentProbes } from "../../metadata-schema/stores/sqlite/probes.ts";
import {
  selectEndedRuns,
  selectOldestEmptyRequest,
  selectOldestRun,
} from "../../metadata-schema/stores/sqlite/prune.ts";
import { selectOldAlerts, selectOldProbes } from "../../metadata-schema/stores/sqlite/prune-history.ts";
import {
  selectLaneFacts,
  selectLeaseFacts,
  selectQueuedCount,
} from "../../metadata-schema/stores/sqlite/queue-facts.ts";
import { selectJobsAfter } from "../../metadata-schema/stores/sqlite/rows.ts";
import { selectNewestRuns, selectRecentRuns } from "../../metadata-schema/stores/sqlite/runs.ts";
import {
  selectDefaultRuntimes,
  selectModels,
  selectRuntimes,
  selectSources,
} from "../../metadata-schema/stores/sqlite/snapshots.ts";
import {
  selectContributedStacks,
  selectOtherVersions,
  selectStackFacts,
  selectStacksAmong,
  selectStacksToMerge,
} from "../../metadata-schema/stores/sqlite/stacks.ts";
import {
  selectDueStacks,
  selectHeldDestroys,
  selectQueuedRuns,
  selectUrgentDueStacks,
  selectUrgentQueuedRuns,
} from "../../metadata-schema/stores/sqlite/work.ts";
import { openTempStore } from "../support/temp-store.ts";
import { desired, spec } from "./conformance/kit.ts";

/** Scans that end with the limit or go through an index of waiting things only. */
const boundedScans = [
  /^SCAN Job_Changes$/,
  /^SCAN Environment_Changes$/,
  /^SCAN Runs$/, // newest first, by its key
  /^SCAN Probe_Results$/, // newest first, by its key, up to the limit or past those that are kept
  /^SCAN Alert_Events$/,
  /^SCAN Probe_Results USING INDEX Probe_Results_latest$/, // a row for each endpoint
  /^SCAN Integration_Runtimes USING INDEX Integration_Runtimes_default$/, // all of them are read
  /^SCAN any_pause$/, // a row for each subscription that is throttled
  /^SCAN Stacks USING COVERING INDEX Stacks_queue$/,
  /^SCAN Runs USING COVERING INDEX Runs_queued$/,
  /^SCAN s USING COVERING INDEX Stacks_leased$/,
  /^SCAN s USING INDEX Stacks_due$/,
  /^SCAN s USING INDEX Stacks_due_urgent$/,
  /^SCAN q USING INDEX Runs_queued$/,
  /^SCAN q USING INDEX Runs_queued_urgent$/,
  /^SCAN s USING (COVERING )?INDEX Stacks_to_destroy$/,
  /^SCAN (json_each|wanted) VIRTUAL TABLE/,
  /^SCAN \(subquery/,
];

const statements = {
  readChanges: selectJobChanges,
  "readChanges of environments": selectEnvironmentChanges,
  wake: selectDueWakeups,
  stacksToMerge: selectStacksToMerge,
  "listWork of due stacks": selectDueStacks,
  "listWork of queued runs": selectQueuedRuns,
  "listWork of urgent due stacks": selectUrgentDueStacks,
  "listWork of urgent queued runs": selectUrgentQueuedRuns,
  listHeldDestroys: selectHeldDestroys,
  "queueFacts of due stacks": selectLaneFacts,
  "queueFacts of leases": selectLeaseFacts,
  "queueFacts of queued runs": selectQueuedCount,
  "pruneRuns, whether there is anything": selectOldestRun,
  "pruneRuns, whether there are requests": selectOldestEmptyRequest,
  pruneRuns: selectEndedRuns,
  stacksAmong: selectStacksAmong,
  recentRuns: selectRecentRuns,
  listRuns: selectNewestRuns,
  "listJobs of a page": selectJobsAfter,
  "jobFacts' contributions": selectContributedStacks,
  "jobFacts' stacks": selectStackFacts,
  "jobFacts' rows": selectObstacles,
  "jobFacts' changes": selectPendingJobs,
  stacksOfOtherVersion: selectOtherVersions,
  "settleRun's referrers": selectReferrers,
  "a lookup of a job's outputs": "SELECT * FROM vw_Adf_Job_Outputs WHERE job_id = ?",
  "loadJob's data sources": selectSources,
  "loadJob's models": selectModels,
  "loadJob's runtimes": selectRuntimes,
  "loadJob's runtimes of the default environment": selectDefaultRuntimes,
  latestProbes: selectLatestProbes,
  recentProbes: selectRecentProbes({ stack: false, endpoint: false }),
  "recentProbes of a stack": selectRecentProbes({ stack: true, endpoint: false }),
  "recentProbes of an endpoint": selectRecentProbes({ stack: false, endpoint: true }),
  "recentProbes of both": selectRecentProbes({ stack: true, endpoint: true }),
  listAlerts: selectAlerts({ job: false, state: false, before: false }),
  "listAlerts of a job": selectAlerts({ job: true, state: false, before: true }),
  "listAlerts in a state": selectAlerts({ job: false, state: true, before: true }),
  "listAlerts of a job in a state": selectAlerts({ job: true, state: true, before: true }),
  "pruneHistory of probes": selectOldProbes,
  "pruneHistory of alerts": selectOldAlerts,
  stackContributions: "SELECT * FROM Contributions WHERE stack = ? ORDER BY subject",
};

/** Tables of one row; what one statement set aside; the subjects or rows that another statement handed over. */
const scansInTriggers = [
  /^SCAN Service_State$/,
  /^SCAN Audit_Context$/,
  /^SCAN \(subquery/,
  /^SCAN CONSTANT ROW$/,
];

/** The statements of a trigger, with parameters in place of its row's values. */
const statementsOf = (trigger: string): readonly string[] =>
  trigger
    .replace(/--.*$/gm, "")
    .replace(/^.*?\bBEGIN\b/s, "")
    .replace(/\bEND\s*$/, "")
    .split(";")
    .map((statement) => statement.trim().replace(/RAISE\([^)]*\)/g, "1"))
    .filter((statement) => statement !== "")
    .map((statement) => statement.replace(/\b(NEW|OLD)\.\w+/g, "?"));

async function inShell(run: (shell: DatabaseSync) => void): Promise<void> {
  const temp = await openTempStore();
  const shell = new DatabaseSync(temp.file);
  run(shell);
  shell.close();
  await temp.close();
}

const planOf = (shell: DatabaseSync, sql: string): readonly string[] =>
  shell
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail));

describe("sqlite: query plans", () => {
  for (const [name, sql] of Object.entries(statements))
    it(`${name} scans no table`, async () => {
      await inShell((shell) => {
        const plan = planOf(shell, sql);
        assert.ok(plan.length > 0);
        const scans = plan.filter((step) => step.startsWith("SCAN"));
        const unbounded = scans.filter((step) => !boundedScans.some((bounded) => bounded.test(step)));
        assert.deepEqual(unbounded, [], plan.join("\n"));
      });
    });

  for (const name of [
    "readChanges",
    "readChanges of environments",
    "stacksToMerge",
    "listWork of due stacks",
    "listWork of urgent due stacks",
    "listWork of urgent queued runs",
    "recentRuns",
    "listRuns",
    "pruneRuns",
    "listJobs of a page",
    "stackContributions",
    "latestProbes",
    "recentProbes",
    "recentProbes of a stack",
    "recentProbes of an endpoint",
    "recentProbes of both",
    "listAlerts",
    "listAlerts of a job",
    "listAlerts in a state",
    "listAlerts of a job in a state",
    "pruneHistory of probes",
    "pruneHistory of alerts",
  ] as const)
    it(`${name} comes sorted from its index`, async () => {
      await inShell((shell) => {
        assert.doesNotMatch(planOf(shell, statements[name]).join("\n"), /TEMP B-TREE/);
      });
    });

  for (const table of tableNames.filter((each) => belongsToJob(each) && each !== "Jobs"))
    it(`a job's rows of ${table} are found by index`, async () => {
      await inShell((shell) => {
        const plan = planOf(shell, `SELECT * FROM ${table} WHERE job_id = ?`).join("\n");
        assert.match(plan, new RegExp(`^SEARCH ${table} USING INDEX`));
      });
    });

  it("no trigger scans a table, whatever is edited", async () => {
    await inShell((shell) => {
      const triggers = shell.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all();
      assert.ok(triggers.length > 100);
      for (const { name, sql } of triggers)
        for (const statement of statementsOf(String(sql))) {
          const plan = planOf(shell, statement);
          const scans = plan.filter((step) => step.startsWith("SCAN"));
          const unbounded = scans.filter((step) => !scansInTriggers.some((bounded) => bounded.test(step)));
          assert.deepEqual(unbounded, [], `${name}: ${statement}\n${plan.join("\n")}`);
        }
    });
  });

  it("the facts of 3,000 jobs that share a stack take milliseconds, whatever its spec's size", async () => {
    const temp = await openTempStore();
    const memberObjectIds = Array.from({ length: 3_000 }, (_, index) => `object-id-of-member-${index}`);
    const ownGroup = { displayName: "ml_team", memberObjectIds };
    const shared = desired("aaaa.v1", { spec: { ...spec("stack-shared"), ownGroup } });
    await temp.store.setDesired("stack-shared", 1, shared, "normal", null);
    const shell = new DatabaseSync(temp.file);
    shell.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO Contributions (subject, stack, kind, environment, wanted, admitted, urgent)
      SELECT 'job:' || i, 'stack-shared', 'acl', 'eastus', '[]', '[{}]', 0 FROM n`);
    shell.close();
    const jobIds = Array.from({ length: 3_000 }, (_, index) => index + 1);
    const began = performance.now();
    const facts = await temp.store.jobFacts(jobIds);
    const factsMs = performance.now() - began;
    assert.ok(facts.every(({ stacks }) => stacks.length === 1));
    // About 10 ms; it was 430 ms when each job read the row with the spec again.
    assert.ok(factsMs <= 100, `the facts took ${factsMs} ms`);
    await temp.close();
  });
});
