import { handOver } from "./hand-over.js";
import { prepareAll, runScript } from "./prepare.js";

await runScript(async () =>
  handOver(["tests/automation/engine/samples/record.ts", ...process.argv.slice(2)], await prepareAll()),
);
