import { availableParallelism } from "node:os";
import { handOver } from "./hand-over.js";
import { prepareAll, runScript } from "./prepare.js";

/**
 * `npm test [-- file-or-glob... --node-test-option=value...]`: set-up, then Node's own test runner.
 */
const DEFAULT_FILES = "tests/**/*.test.ts";
// Node's default is one less than the cores; on two cores, tests that wait for an engine would queue singly.
const CONCURRENCY = Math.max(2, availableParallelism());

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith("-"));
const files = args.filter((arg) => !arg.startsWith("-"));
await runScript(async () => {
  const env = await prepareAll();
  const runner = ["--test", "--test-reporter=spec", `--test-concurrency=${CONCURRENCY}`, ...options];
  return handOver([...runner, ...(files.length > 0 ? files : [DEFAULT_FILES])], env);
});
