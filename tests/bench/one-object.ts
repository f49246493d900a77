/** One changed object: our engine against the bare command and against `stack.up()` as shipped. */
import type { AccessSpec, PlatformSpec } from "../../metadata-schema/desired-state.ts";
import { accessStack, workspaceId } from "../../program/layout/names.ts";
import { bareSide, initStack, runAsShipped, runOurs } from "../support/engine-sides.ts";
import { openSandbox } from "../support/sandbox.ts";
import { groupId } from "../support/small-rows.ts";
import { facts, platformSpec } from "../support/small-specs.ts";
import { type Measurement, millisecondsOf, numbersOf, ratios } from "./measure.ts";

const platform: PlatformSpec = { ...platformSpec, ownGroup: null };

/** Each side grants on models of its own, so that all three share one metastore. */
const models = {
  ours: "ml.models.recommender",
  bare: "ml.models.demand_forecast",
  shipped: "ml.models.fraud_scoring",
} as const;
const groups = { ours: "ds_team", bare: "fraud_analytics", shipped: "supply_science" } as const;

function accessSpec(side: keyof typeof models, host: string, round: number): AccessSpec {
  const principal = { type: "Group", objectId: groupId(groups[side]), displayName: groups[side] } as const;
  // The model's privileges alternate: one object of the three changes in each run.
  const privileges = round % 2 === 0 ? ["EXECUTE"] : ["APPLY_TAG", "EXECUTE"];
  return {
    kind: "access",
    stack: accessStack("eastus", principal.objectId),
    environment: facts,
    workspace: { host, resourceId: workspaceId(facts) },
    principal,
    workspaceMember: false,
    roleAssignments: [],
    unityGrants: [
      { securable: "catalog", name: "ml", privileges: ["USE_CATALOG"] },
      { securable: "model", name: models[side], privileges },
      { securable: "schema", name: "ml.models", privileges: ["USE_SCHEMA"] },
    ],
  };
}

export async function benchOneObject(enginePath: string, rounds: number): Promise<readonly Measurement[]> {
  const sandbox = await openSandbox(enginePath, 1);
  try {
    const { workspace_url: host } = await runOurs(sandbox.engine, platform, false);
    const spec = (side: keyof typeof models, round: number) => accessSpec(side, String(host), round);
    const bareOptions = await sandbox.side("bare", true);
    const shippedOptions = await sandbox.side("shipped", false);
    const bare = bareSide(bareOptions);
    await runOurs(sandbox.engine, spec("ours", 0), false);
    await initStack(spec("bare", 0), bareOptions);
    await bare.run(spec("bare", 0));
    await runAsShipped(spec("shipped", 0), shippedOptions);
    const times = { ours: [] as number[], bare: [] as number[], shipped: [] as number[] };
    for (let round = 1; round <= rounds; round++) {
      times.ours.push(await millisecondsOf(() => runOurs(sandbox.engine, spec("ours", round), true)));
      times.bare.push(await millisecondsOf(() => bare.run(spec("bare", round))));
      times.shipped.push(await millisecondsOf(() => runAsShipped(spec("shipped", round), shippedOptions)));
    }
    const overBare = numbersOf(ratios(times.ours, times.bare));
    const underShipped = numbersOf(ratios(times.shipped, times.ours));
    return [
      { name: "one changed object, our engine", unit: "ms", numbers: numbersOf(times.ours) },
      { name: "one changed object, bare pulumi up", unit: "ms", numbers: numbersOf(times.bare) },
      { name: "one changed object, stack.up() as shipped", unit: "ms", numbers: numbersOf(times.shipped) },
      {
        name: "one changed object, ours / bare",
        unit: "x",
        numbers: overBare,
        budget: { text: "<= 1.15", met: overBare.median <= 1.15 },
      },
      {
        name: "one changed object, as shipped / ours",
        unit: "x",
        numbers: underShipped,
        budget: { text: ">= 2.5", met: underShipped.median >= 2.5 },
      },
    ];
  } finally {
    await sandbox.close();
  }
}
