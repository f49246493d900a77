import { handOver } from "./hand-over.js";
import { prepareAll, runScript } from "./prepare.js";

await runScript(async () => handOver(["tests/chaos/main.ts", ...process.argv.slice(2)], await prepareAll()));
