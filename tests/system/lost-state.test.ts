/** States that can't be read, that are older than the clouds, or that are gone: what the next run does. */
import assert from "node:assert/strict";
import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { type LeftoverLab, openLeftoverLab, type RunResult } from "../support/leftover-lab.ts";
import { platformSpec, specsIn } from "../support/small-specs.ts";

const jobType = "databricks:index/job:Job";

describe("a state that is lost", () => {
  let lab: LeftoverLab;
  let specs: ReturnType<typeof specsIn>;
  before(async () => {
    lab = await openLeftoverLab();
    specs = specsIn(await lab.apply(platformSpec));
    await lab.apply(specs.inside);
  });
  after(() => lab.close());

  const historyOf = (stack: string): string =>
    path.join(lab.folder.backend, ".pulumi", "history", "rowgate", stack);
  const codeOf = ({ ended }: RunResult): string =>
    ended.status === "succeeded" ? "succeeded" : `${ended.failure.class} ${ended.failure.code}`;
  const told = ({ steps }: RunResult, words: RegExp): boolean =>
    steps.some(
      ({ operation, status, message }) =>
        operation === "message" && status === "message" && words.test(message ?? ""),
    );

  async function madeSince(since: number): Promise<readonly string[]> {
    const calls = await lab.calls(since);
    return calls.filter(({ call }) => call === "create").map(({ type }) => type);
  }

  async function restores(spec: StackSpec, break_: (file: string) => Promise<void>): Promise<RunResult> {
    const file = lab.checkpoint(spec.stack);
    await break_(file);
    const broken = await readFile(file, "utf8");
    const since = await lab.lastSeq();
    const result = await lab.run(spec, { wasApplied: true });
    assert.equal(codeOf(result), "succeeded", JSON.stringify(result.ended));
    assert.ok(told(result, /can't be read.*restored as it was at/), JSON.stringify(result.steps));
    assert.deepEqual(await madeSince(since), [], "nothing that exists is made again");
    const aside = (await readdir(path.dirname(file))).filter((name) =>
      name.startsWith(`${spec.stack}.json.unreadable-`),
    );
    assert.equal(aside.length, 1, "the unreadable state is kept aside");
    assert.equal(await readFile(path.join(path.dirname(file), aside[0] ?? ""), "utf8"), broken);
    await rm(path.join(path.dirname(file), aside[0] ?? ""));
    await lab.isSettled(spec);
    return result;
  }

  const cutOff = async (file: string): Promise<void> => {
    const text = await readFile(file, "utf8");
    await writeFile(file, text.slice(0, text.length / 2));
  };

  it("cut off in the middle, is restored from the copy beside it", async () => {
    const spec = specs.job(201);
    await lab.apply(spec);
    await restores(spec, cutOff);
  });

  it("emptied, is restored from the history when there is no copy, and what was made since is found", async () => {
    const spec = specs.job(202);
    await lab.apply(spec, {});
    const withSecret = spec;
    const without = specs.job(202, { secrets: [] });
    await lab.apply(without, { wasApplied: true });
    const history = (await readdir(historyOf(spec.stack)))
      .filter((name) => name.endsWith(".checkpoint.json"))
      .sort();
    // the history of the last run is gone, too: the state that is restored knows an assignment that is no more
    await rm(path.join(historyOf(spec.stack), history.at(-1) ?? ""));
    await restores(without, async (file) => {
      await writeFile(file, "");
      await rm(`${file}.bak`);
    });
    await lab.apply(withSecret, { wasApplied: true });
  });

  it("that the engine alone finds wrong, is restored as well", async () => {
    const spec = specs.job(201);
    await restores(spec, async (file) => {
      const whole = JSON.parse(await readFile(file, "utf8"));
      whole.checkpoint.latest.manifest.time = "yesterday";
      await writeFile(file, JSON.stringify(whole));
    });
  });

  it("from before all objects, finds each of them again by the table", async () => {
    const spec = specs.job(203);
    const stateOf = lab.checkpoint(spec.stack);
    // a first run that makes nothing leaves a state with the providers alone
    for (const type of ["azure-native", "databricks"])
      await lab.fault({ type, call: "create", code: "403", times: "forever" });
    await lab.run(spec);
    await lab.clearFaults();
    await copyFile(stateOf, `${stateOf}.early`);
    await lab.apply(spec);
    const since = await lab.lastSeq();
    await rm(historyOf(spec.stack), { recursive: true });
    await copyFile(`${stateOf}.early`, `${stateOf}.bak`);
    await writeFile(stateOf, "{");
    const result = await lab.run(spec, { wasApplied: true });
    assert.equal(codeOf(result), "succeeded", JSON.stringify(result.ended));
    assert.ok(told(result, /did not know it, but it exists/));
    assert.deepEqual(await madeSince(since), []);
    assert.equal((await lab.objects(jobType)).filter(({ name }) => name.startsWith("job-203")).length, 1);
    await lab.isSettled(spec);
  });

  it("is looked over when the service says that it is doubtful", async () => {
    const spec = specs.access("ds_team");
    await lab.apply({ ...spec, unityGrants: [] });
    const older = await readFile(lab.checkpoint(spec.stack), "utf8");
    await lab.apply(spec, { wasApplied: true });
    await writeFile(lab.checkpoint(spec.stack), older);
    const since = await lab.lastSeq();
    const result = await lab.run(spec, { wasApplied: true, stateDoubtful: true });
    assert.equal(codeOf(result), "succeeded", JSON.stringify(result.ended));
    assert.deepEqual(await madeSince(since), []);
    await lab.isSettled(spec);
  });

  it("with nothing to restore from, builds and destroys nothing and asks for a backup", async () => {
    const spec = specs.access("sec_ops");
    await lab.apply(spec);
    const file = lab.checkpoint(spec.stack);
    await cutOff(file);
    await rm(`${file}.bak`);
    await rm(historyOf(spec.stack), { recursive: true });
    const since = await lab.lastSeq();
    for (const change of [
      { wasApplied: true },
      { wasApplied: true, kind: "destroy", spec: null },
      { wasApplied: true, kind: "refresh" },
    ] as const)
      assert.equal(codeOf(await lab.run(spec, change)), "permanent StateUnreadable");
    assert.deepEqual(await lab.calls(since), []);
  });

  it("that is gone, is StateMissing for updates and destroys, though a copy lies there", async () => {
    const spec = specs.firewall;
    await lab.apply(spec);
    await rm(lab.checkpoint(spec.stack));
    const since = await lab.lastSeq();
    for (const change of [{ wasApplied: true }, { wasApplied: true, kind: "destroy", spec: null }] as const)
      assert.equal(codeOf(await lab.run(spec, change)), "permanent StateMissing");
    assert.deepEqual(await lab.calls(since), []);
  });
});
