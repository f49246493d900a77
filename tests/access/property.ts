/** The property itself: what rows say and what the clouds hold is the same for everybody, before and after edits. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { rowsInForce } from "../../automation/access/access-of-rows.ts";
import type { AccessRows } from "../../automation/access/rows-in-force.ts";
import { environmentFacts } from "../../automation/reconcile/environment.ts";
import * as operations from "../../automation/simulators/operations.ts";
import { resourceTypes } from "../../automation/simulators/types.ts";
import { armPlace, lakeId } from "../../program/layout/names.ts";
import {
  type Edit,
  edited,
  editLists,
  emptyRows,
  firstMs,
  keptBy,
  laterMs,
  rowSets,
  seed,
} from "./row-sets.ts";
import { RowWorld } from "./row-world.ts";

/** An environment without jobs, in whose lake a person has made a container. */
export async function openRowWorld(): Promise<{ readonly world: RowWorld; readonly restore: () => void }> {
  const world = new RowWorld(seed);
  await world.settle(emptyRows, firstMs);
  const [environment] = emptyRows.environments;
  const type = resourceTypes.get("azure-native:storage:BlobContainer");
  if (environment === undefined || type === undefined) throw new Error("the world has an environment");
  const facts = environmentFacts(environment);
  const place = armPlace(lakeId(facts));
  const inputs = {
    resourceGroupName: place.resourceGroup,
    accountName: place.name,
    containerName: "landing",
  };
  await operations.create(
    world.at({ subscriptionId: facts.subscriptionId }),
    { type, name: "landing", stack: "by hand" },
    inputs,
    new AbortController().signal,
  );
  return { world, restore: world.remember() };
}

interface Case {
  readonly rows: AccessRows;
  readonly edits: readonly Edit[];
}
const cases: fc.Arbitrary<Case> = fc.record({ rows: rowSets, edits: editLists });

/** Rolls a case out, edits it two months later, and tells all differences that there are on the way. */
export async function differencesOf(world: RowWorld, { rows, edits }: Case): Promise<readonly string[]> {
  await world.settle(rows, firstMs);
  const facts = world.facts(firstMs);
  const first = world.differences(rows, facts).map((line) => `first: ${line}`);
  const after = withoutUndecided(edits.reduce(edited, rows), rows, world);
  await world.settle(after, laterMs);
  const kept = keptBy(after, rowsInForce(rows, facts));
  const second = world.differences(after, world.facts(laterMs, kept)).map((line) => `then: ${line}`);
  await world.settle(emptyRows, laterMs);
  const last = world.differences(emptyRows, world.facts(laterMs)).map((line) => `at last: ${line}`);
  return [...first, ...second, ...last];
}

/** Checks the property; a counterexample is told as its rows and edits, with the numbers that make it again. */
export async function holds(parameters: { readonly seed: number; readonly numRuns: number }): Promise<void> {
  const { world, restore } = await openRowWorld();
  const result = await fc.check(
    fc.asyncProperty(cases, async (each) => {
      restore();
      assert.deepEqual(await differencesOf(world, each), []);
    }),
    parameters,
  );
  if (!result.failed) return;
  const [found] = result.counterexample ?? [];
  const told = found === undefined ? "" : toldCase(found);
  assert.fail(
    `${told}\nseed ${result.seed}, path ${result.counterexamplePath}\n${String(result.errorInstance)}`,
  );
}

/** Rows without what is as it always is. */
const toldCase = ({ rows, edits }: Case): string =>
  [
    ...rows.jobs.map(({ job_id, kind, priority, model }) => `Jobs ${job_id}: ${kind}, ${priority}, ${model}`),
    ...rows.policies.map(
      (row) =>
        `Access_Policies ${row.policy_id} of ${row.job_id}: ${row.role} [${row.permissions.join(", ")}] to ` +
        `${row.entra_id_group} on ${row.model}, expires ${row.expires_at}`,
    ),
    ...rows.secrets.map(
      (row) => `Secret_References ${row.reference_id} of ${row.job_id}: ${row.key_vault}/${row.secret_name}`,
    ),
    ...rows.pipelines.map(
      (row) => `Pipeline_Settings ${row.setting_id} of ${row.job_id}: ${row.data_source}`,
    ),
    ...rows.alerts.map((row) => `Alert_Rules ${row.alert_id} of ${row.job_id}: ${row.metric}`),
    ...edits.map((edit) => `edit ${JSON.stringify(edit)}`),
  ].join("\n");

/** What a refused row keeps of a job that becomes another kind of job at the same time is nobody's to say. */
function withoutUndecided(after: AccessRows, before: AccessRows, world: RowWorld): AccessRows {
  const kindOf = ({ jobs }: AccessRows, jobId: number): string | undefined =>
    jobs.find(({ job_id }) => job_id === jobId)?.kind;
  const standing = rowsInForce(after, world.facts(laterMs)).jobs;
  const jobs = after.jobs.map((job) =>
    standing.includes(job) ? job : { ...job, kind: kindOf(before, job.job_id) ?? job.kind },
  );
  const rows = { ...after, jobs };
  const good = rowsInForce(rows, world.facts(laterMs));
  const isSameKind = ({ job_id }: { readonly job_id: number }): boolean =>
    kindOf(rows, job_id) === kindOf(before, job_id);
  return {
    ...rows,
    policies: rows.policies.filter((row) => good.policies.includes(row) || isSameKind(row)),
    pipelines: rows.pipelines.filter((row) => good.pipelines.includes(row) || isSameKind(row)),
  };
}
