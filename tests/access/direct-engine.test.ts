/** The direct engine against the real one: after the same runs the clouds hold the same. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { openTenant, readSeed } from "../../automation/simulators/seed.ts";
import { Store } from "../../automation/simulators/store.ts";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { cloudsSeedFile } from "../../metadata-schema/sample/sample.ts";
import type { OutputValues } from "../../metadata-schema/store.ts";
import { DirectEngine } from "../support/direct-engine.ts";
import { type LeftoverLab, openLeftoverLab } from "../support/leftover-lab.ts";
import { platformSpec, runtimesSpec, specsIn } from "../support/small-specs.ts";

interface Seen {
  readonly type: string;
  readonly name: string;
  readonly body: unknown;
}

/** One way to run stacks, and what the clouds hold then. */
interface Side {
  up(spec: StackSpec): Promise<OutputValues>;
  destroy(spec: StackSpec): Promise<void>;
  objects(): Promise<readonly Seen[]>;
}

function directSide(): Side {
  const store = new Store(":memory:");
  const tenant = openTenant(store, () => readSeed(cloudsSeedFile));
  const engine = new DirectEngine(store, { ...tenant, principalLagSeconds: 0 });
  return {
    up: async (spec) => (await engine.up(spec)).outputs as OutputValues,
    destroy: async ({ stack }) => {
      await engine.destroy(stack);
    },
    objects: async () => store.list(),
  };
}

function realSide(lab: LeftoverLab): Side {
  const applied = new Set<string>();
  return {
    up: async (spec) => {
      const outputs = await lab.apply(spec, { wasApplied: applied.has(spec.stack) });
      applied.add(spec.stack);
      return outputs;
    },
    destroy: async (spec) => {
      const change = { kind: "destroy", spec: null, previous: spec, wasApplied: true } as const;
      const { ended } = await lab.run(spec, change);
      assert.equal(ended.status, "succeeded", JSON.stringify(ended));
    },
    objects: async () => {
      const store = new Store(path.join(lab.home, "clouds", "clouds.db"));
      const all = store.list();
      store.close();
      return all;
    },
  };
}

/** What a cloud makes up, and when: the same object has others of these in another tenant. */
const neutral = (text: string): string =>
  text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g, "<time>")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, "<guid>")
    .replaceAll(/(?<![0-9A-Za-z])[0-9a-f]{16,64}(?![0-9A-Za-z])/gi, "<hex>")
    .replaceAll(/\d{4}-\d{6}-\w+-pool-\w{8}/g, "<pool>")
    .replaceAll(/0x[0-9A-F]{15}/g, "<etag>")
    .replaceAll(/\d{12,19}/g, "<digits>")
    .replaceAll(/"[0-9a-f]{8}-[0-9a-f]"/g, '"<nickname>"')
    // in the order in which endpoints of one wave came
    .replaceAll(/10\.20\.0\.\d+(?!\/)/g, "<address>")
    .replaceAll(/adb-<(digits|hex)>\.\d+/g, "<host>")
    .replaceAll(/(dce-\w+-)\w{4}(\.\w+-)\d/g, "$1<made>$2<made>");

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [neutral(key), sorted(each)]));
};

const told = (objects: readonly Seen[]): readonly string[] =>
  objects.map(({ type, name, body }) => neutral(JSON.stringify([type, name, sorted(body)]))).toSorted();

describe("the direct engine leaves what the real engine leaves", () => {
  let lab: LeftoverLab;
  let sides: readonly Side[] = [];
  let worlds: readonly ReturnType<typeof worldOf>[] = [];

  before(async () => {
    lab = await openLeftoverLab();
    sides = [realSide(lab), directSide()];
  });
  after(async () => {
    await lab.close();
  });

  /** Specs of one side: they hold what its clouds made up. */
  const worldOf = (platform: OutputValues) => ({ ...specsIn(platform), warehouseId: "", jobId: "" });

  const same = async (): Promise<void> => {
    const [real = [], direct = []] = (await Promise.all(sides.map((side) => side.objects()))).map(told);
    assert.deepEqual(
      direct.filter((line) => !real.includes(line)),
      real.filter((line) => !direct.includes(line)),
    );
    assert.deepEqual(direct, real);
  };
  const up = async (
    specOf: (world: (typeof worlds)[number]) => StackSpec,
  ): Promise<readonly OutputValues[]> => {
    const outputs: OutputValues[] = [];
    for (const [index, side] of sides.entries()) {
      const world = worlds[index];
      assert.ok(world);
      outputs.push(await side.up(specOf(world)));
    }
    await same();
    return outputs;
  };

  it("a platform, what is inside its workspace, and a runtime", async () => {
    const outputs: OutputValues[] = [];
    for (const side of sides) outputs.push(await side.up(platformSpec));
    await same();
    worlds = outputs.map(worldOf);
    const inside = await up((world) => world.inside);
    worlds = worlds.map((world, index) => ({ ...world, warehouseId: String(inside[index]?.warehouse_id) }));
    await up(() => runtimesSpec);
  });

  it("a job with all that one can have, made and changed", async () => {
    const outputs = await up(({ fullJob, warehouseId }) => fullJob(201, warehouseId));
    worlds = worlds.map((world, index) => ({ ...world, jobId: String(outputs[index]?.databricks_job_id) }));
    await up(({ fullJob, warehouseId }) => ({
      ...fullJob(201, warehouseId),
      ...{ urgent: false, secrets: [], name: "renamed", federation: null },
    }));
  });

  it("access and a permission list, given and changed", async () => {
    await up(({ access }) => access("ds_team"));
    await up(({ acl, jobId }) => acl(jobId));
    const privileges = ["BROWSE", "USE_CATALOG"];
    await up(({ access }) =>
      access("ds_team", {
        roleAssignments: [],
        unityGrants: [{ securable: "catalog", name: "ml", privileges }],
      }),
    );
    await up(({ acl, jobId }) => acl(jobId, { level: "CAN_VIEW" }));
  });

  it("what is replaced: a principal, and an endpoint in the place of a job", async () => {
    await up(({ access }) => ({ ...access("fraud_analytics"), stack: access("ds_team").stack }));
    await up(({ onlineJob }) => onlineJob(201));
  });

  it("nothing, of stacks that are destroyed", async () => {
    for (const [index, side] of sides.entries()) {
      const world = worlds[index];
      assert.ok(world);
      const { access, acl, onlineJob, inside, jobId } = world;
      for (const spec of [acl(jobId), access("ds_team"), onlineJob(201), runtimesSpec, inside, platformSpec])
        await side.destroy(spec);
    }
    await same();
  });
});
