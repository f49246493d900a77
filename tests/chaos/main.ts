/** `npm run chaos -- NAME`: proofs that take too long for `npm test`. `-- --help` tells names and options. */
import { parseArgs } from "node:util";
import { removeHome } from "../support/service.ts";
import { chaosDeadWorker } from "./dead-worker.ts";
import { chaosDrift } from "./drift.ts";
import { chaosKill } from "./kill.ts";
import type { Proof } from "./proof.ts";
import { chaosRollOut } from "./roll-out.ts";

const usage = `npm run chaos -- NAME [options]
  kill            kill -9 of workers, engines, service and clouds while rows change
    --rounds N      (10)
    --jobs N        about two stacks each (20)
    --seed N        repeats the choices of an earlier run (by the clock)
    --budget N      seconds in which all must be Ready (120)
    --latency N     seconds that the clouds take to answer, after the work (1)
  dead-worker     processes of a held run are killed or frozen; a person's own update
    --budget N      seconds after which the stack must run again (60)
  drift           drift checks of one stack beside a year of history: flat time and memory
    --checks N      (300)
    --updates N     of the generated history (8000)
  roll-out        many jobs at once: stacks a second, memory over time
    --jobs N        (300)
    --slots N       runs at once (4)
    --csv FILE      all samples, one a second
A breach ends with 1, and keeps the home whose path it prints.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "10" },
    jobs: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    budget: { type: "string" },
    latency: { type: "string", default: "1" },
    checks: { type: "string", default: "300" },
    updates: { type: "string", default: "8000" },
    slots: { type: "string", default: "4" },
    csv: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const proofs: Readonly<Record<string, () => Promise<Proof>>> = {
  kill: () =>
    chaosKill({
      rounds: Number(values.rounds),
      jobs: Number(values.jobs ?? "20"),
      seed: Number(values.seed),
      budgetSeconds: Number(values.budget ?? "120"),
      latencySeconds: Number(values.latency),
      say,
    }),
  "dead-worker": () => chaosDeadWorker({ budgetSeconds: Number(values.budget ?? "60"), say }),
  drift: () => chaosDrift({ checks: Number(values.checks), updates: Number(values.updates), say }),
  "roll-out": () =>
    chaosRollOut({
      jobs: Number(values.jobs ?? "300"),
      slots: Number(values.slots),
      csv: values.csv ?? null,
      say,
    }),
};

async function main(): Promise<number> {
  const proof = proofs[positionals[0] ?? ""];
  if (values.help || proof === undefined || positionals.length !== 1) {
    say(usage);
    return values.help ? 0 : 2;
  }
  const { ok, home } = await proof();
  if (ok) await removeHome(home);
  say(ok ? "holds" : `BREACHED; the home is kept: ${home}`);
  return ok ? 0 : 1;
}

process.exit(
  await main().catch((fault: Error) => {
    say(`BREACHED: ${fault.stack}`);
    return 1;
  }),
);
