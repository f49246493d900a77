/**
 * What every stack of the sample must contain is what golden/sample-specs.yaml says: a change of the resolver or of the
 * merge shows as a diff there. `UPDATE_GOLDEN=1 npm test -- <this file>` writes it anew.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { v5 } from "uuid";
import { stringify } from "yaml";
import { systemClock } from "../../../automation/clock.ts";
import { createLogger } from "../../../automation/log.ts";
import { noObserver } from "../../../automation/observe/run-observer.ts";
import type { Directory, NameAnswer, NameQuery } from "../../../automation/reconcile/names-needed.ts";
import { Reconciler } from "../../../automation/reconcile/reconciler.ts";
import type { StackSpec } from "../../../metadata-schema/desired-state.ts";
import { sampleRows } from "../../../metadata-schema/sample/sample.ts";
import type { OutputValues } from "../../../metadata-schema/store.ts";
import { factoryId } from "../../../program/layout/names.ts";
import { jobOutputs, platformOutputs, workspaceOutputs } from "../../support/applied-outputs.ts";
import { openTempStore, type TempStore } from "../../support/temp-store.ts";

const goldenFile = path.join(import.meta.dirname, "golden", "sample-specs.yaml");
const owner = { host: "h", pid: 1, startedAt: "1" };

/** Everything that a row names is there. */
const answer = ({ kind, name }: NameQuery): NameAnswer => {
  if (kind === "runtime") return { status: "found", objectId: "Online" };
  if (kind === "model-version") return { status: "found", objectId: "7" };
  return { status: "found", objectId: kind === "group" || kind === "user" ? v5(name, v5.URL) : name };
};
const directory: Directory = { forget: () => {}, lookUp: async (query) => answer(query) };

/** What a stack tells once it is applied, as far as other rows wait for it. */
function outputsOf(spec: StackSpec): OutputValues {
  switch (spec.kind) {
    case "platform":
      return {
        ...platformOutputs,
        workspace_url: `adb-${spec.environment.name}.7.azuredatabricks.net`,
        factory_id: factoryId(spec.environment),
      };
    case "workspace":
      return workspaceOutputs;
    case "runtimes":
      return {
        integration_runtimes: Object.fromEntries(
          spec.runtimes.map(({ name, type }) => [name, { id: name, type }]),
        ),
      };
    case "job":
      return {
        ...jobOutputs(spec.jobId),
        databricks_job_id: spec.online ? null : String(spec.jobId),
        serving_endpoint_id: spec.online ? `S${spec.jobId}` : null,
        instance_pool_id: spec.urgent ? `pool-${spec.jobId}` : null,
      };
    default:
      return {};
  }
}

describe("specs of the sample", () => {
  let temp: TempStore;
  before(async () => {
    temp = await openTempStore({ clock: { now: () => new Date("2026-11-01T00:00:00Z") } });
    await temp.store.insertRows(await sampleRows());
  });
  after(() => temp.close());

  /** Applies every stack that is not, until what they tell asks for nothing more. */
  async function settle(): Promise<void> {
    const { store } = temp;
    const reconciler = new Reconciler({
      store,
      directory,
      clock: systemClock,
      log: createLogger(null, "info"),
      observer: noObserver,
      realm: "test",
      hashSuffix: "",
      onDesired: () => {},
    });
    for (let run = 0; ; ) {
      while (await reconciler.round());
      const due = (await store.listStacks()).filter(
        ({ desired, appliedHash }) => desired.hash !== null && desired.hash !== appliedHash,
      );
      if (due.length === 0) return;
      for (const { stack, desired } of due) {
        assert.ok(desired.spec !== null && run < 1_000);
        const desiredHash = desired.hash;
        const runId = `run-${run++}`;
        const acquired = await store.acquireLease({
          ...{ stack, owner, leaseMs: 60_000, runId, desiredHash },
          ...{ kind: "update", reason: "spec-changed" },
        });
        assert.ok(acquired.status === "acquired", stack);
        const outputs = outputsOf(desired.spec);
        await store.settleRun(acquired.lease, { status: "succeeded", outputs, changes: {} });
      }
    }
  }

  it("are those of the golden file", async () => {
    await settle();
    const stacks = await temp.store.listStacks();
    const specs = stacks.map(({ desired }) => desired.spec).filter((spec) => spec !== null);
    const text = specs
      .toSorted((a, b) => (a.stack < b.stack ? -1 : 1))
      .map((spec) => stringify(spec, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false }))
      .join("---\n");
    if (process.env.UPDATE_GOLDEN === "1") await writeFile(goldenFile, text);
    assert.equal(text, await readFile(goldenFile, "utf8"));
  });

  it("leave no row of it out", async () => {
    const [blocked, waiting] = await Promise.all([
      temp.store.conditionsByType("row", "Blocked"),
      temp.store.conditionsByType("row", "Waiting"),
    ]);
    assert.deepEqual([...blocked, ...waiting], []);
  });
});
