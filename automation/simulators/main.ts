/** Process entry of the simulated clouds: arguments, start, signals, end. */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { startClouds } from "./clouds.ts";
import { claimHome } from "./home.ts";

const usage =
  "usage: main.ts --home DIR [--seed FILE.json] [--idle-minutes 15]   starts the simulated clouds of DIR";

function readArguments() {
  const { values } = parseArgs({
    options: { home: { type: "string" }, seed: { type: "string" }, "idle-minutes": { type: "string" } },
  });
  const idleMinutes = Number(values["idle-minutes"] ?? "15");
  if (!values.home || !(idleMinutes > 0)) throw new Error("--home and a positive --idle-minutes are needed");
  return {
    home: resolve(values.home),
    seed: values.seed && resolve(values.seed),
    idleMs: idleMinutes * 60_000,
  };
}

async function main(): Promise<number> {
  let given: ReturnType<typeof readArguments>;
  try {
    given = readArguments();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return 2;
  }
  const claim = claimHome(given.home);
  if (claim.status === "taken") {
    const who = claim.by
      ? `process ${claim.by.pid}, since ${claim.by.startedAt}`
      : "a process that is just starting";
    process.stderr.write(
      `The simulated clouds of ${given.home} already run (${who}); use those, or stop them first.\n`,
    );
    return 2;
  }
  try {
    const clouds = await startClouds({ home: claim.home, seedFile: given.seed, idleMs: given.idleMs });
    process.on("SIGTERM", () => clouds.stop("SIGTERM"));
    process.on("SIGINT", () => clouds.stop("SIGINT"));
    process.stdout.write(`${JSON.stringify({ message: "simulated clouds ready", ...clouds.endpoint })}\n`);
    const reason = await clouds.stopped;
    process.stdout.write(`${JSON.stringify({ message: "simulated clouds stopped", reason })}\n`);
    return 0;
  } finally {
    claim.home.release();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `The simulated clouds failed: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exit(1);
  },
);
