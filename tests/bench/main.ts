/** `npm run bench`: the budgets, measured. `-- --help` tells its options. */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { enginePath } from "../support/service.ts";
import { benchEditLatency } from "./edit-latency.ts";
import { type Measurement, table } from "./measure.ts";
import { benchOneObject } from "./one-object.ts";
import { benchRollOut } from "./roll-out.ts";
import { benchUnchangedStack } from "./unchanged-stack.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "edit,unchanged,object,rollout" },
    rounds: { type: "string", default: "15" },
    rollouts: { type: "string", default: "3" },
    jobs: { type: "string", default: "40" },
    slots: { type: "string", default: "4" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const usage = `npm run bench -- [options]
  --only LIST     of edit, unchanged, object, rollout (all)
  --rounds N      rounds of the short measurements (15)
  --rollouts N    rounds of the roll-outs, some minutes each (3)
  --jobs N        jobs in a roll-out (40)
  --slots N       runs at once, on both sides (4)
  --json FILE     writes the measurements as JSON, too`;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<void> {
  if (values.help) return say(usage);
  const engine = enginePath();
  const rounds = Number(values.rounds);
  const benches: Readonly<Record<string, () => Promise<readonly Measurement[]>>> = {
    edit: () => benchEditLatency(rounds),
    unchanged: () => benchUnchangedStack(rounds * 10),
    object: () => benchOneObject(engine, rounds),
    rollout: () =>
      benchRollOut({
        enginePath: engine,
        jobs: Number(values.jobs),
        slots: Number(values.slots),
        rounds: Number(values.rollouts),
        say,
      }),
  };
  const measurements: Measurement[] = [];
  for (const name of values.only.split(",")) {
    const bench = benches[name];
    if (bench === undefined)
      throw new Error(`there is no bench "${name}"; one of ${Object.keys(benches).join(", ")}`);
    say(`measuring: ${name}`);
    measurements.push(...(await bench()));
  }
  say(table(measurements));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(measurements, null, 2)}\n`);
  else say(JSON.stringify(measurements));
}

await main();
process.exit(0);
