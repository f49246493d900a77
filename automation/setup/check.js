import { delimiter, dirname, join } from "node:path";
import { CHECKOUT } from "./checkout.js";
import { runCommand } from "./command.js";
import { nodePath } from "./packages.js";
import { preparePackages, runScript } from "./prepare.js";
import { formatDuration, reportToStderr, withHeartbeat } from "./progress.js";

/** `script`: what the checkout's Node runs
 * @typedef {{ name: string, script: string, args: string[] }} Check
 */

/** @param {string} name */
const bin = (name) => join(dirname(nodePath(CHECKOUT)), name);

/** @type {readonly Check[]} */
const CHECKS = [
  { name: "types (tsc)", script: bin("tsc"), args: ["-p", "."] },
  { name: "format and lint (biome)", script: bin("biome"), args: ["check", "--colors=off"] },
  {
    name: "import rules (dependency-cruiser)",
    script: bin("depcruise"),
    args: ["--config", ".dependency-cruiser.cjs", "metadata-schema", "program", "automation", "tests"],
  },
  { name: "unused code (knip)", script: bin("knip"), args: ["--no-progress"] },
  { name: "generated files", script: join(CHECKOUT, "automation", "generate.ts"), args: ["--check"] },
];

/**
 * @param {Check} check
 * @returns {Promise<boolean>} whether it passed
 */
async function runCheck({ name, script, args }) {
  const node = nodePath(CHECKOUT);
  const started = Date.now();
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}` };
  const result = await runCommand(node, ["--disable-warning=ExperimentalWarning", script, ...args], {
    env,
    cwd: CHECKOUT,
  });
  const passed = result.code === 0;
  const output = `${result.stdout}${result.stderr}`.trim();
  if (!passed) process.stdout.write(`${output}\n`);
  process.stdout.write(`${passed ? "ok    " : "FAILED"} ${name}, ${formatDuration(Date.now() - started)}\n`);
  return passed;
}

await runScript(async () => {
  await preparePackages();
  const describe = () => "checking";
  const passed = await withHeartbeat({ report: reportToStderr, describe }, () =>
    Promise.all(CHECKS.map(runCheck)),
  );
  const failures = passed.filter((ok) => !ok).length;
  process.stdout.write(
    failures === 0 ? "all checks passed\n" : `${failures} of ${passed.length} checks failed\n`,
  );
  return failures === 0 ? 0 : 1;
});
