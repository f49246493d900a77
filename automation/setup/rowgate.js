#!/usr/bin/env node
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { CHECKOUT } from "./checkout.js";
import { handOver } from "./hand-over.js";
import { nodePath } from "./packages.js";

/**
 * `npx rowgate …`: the command line runs on the checkout's Node 24, whatever Node calls this. It installs
 * nothing, so that a person who only looks never starts a set-up.
 */
const missing = [nodePath(CHECKOUT), join(CHECKOUT, "node_modules", "commander")].find(
  (path) => !existsSync(path),
);
if (missing !== undefined) {
  process.stderr.write(
    `This checkout is not set up yet: ${missing} is missing. Run \`npm start\` or \`npm test\` first.\n`,
  );
  process.exitCode = 1;
} else {
  // the command runs with the checkout as its folder: a relative path means the caller's
  const home = process.env.ROWGATE_HOME;
  const env = {
    ...process.env,
    ...(home ? { ROWGATE_HOME: resolve(home) } : {}),
    // so that a relative file is the caller's too
    ROWGATE_CALLED_FROM: process.cwd(),
  };
  const entry = join(CHECKOUT, "automation", "cli", "main.ts");
  process.exitCode = await handOver(
    ["--disable-warning=ExperimentalWarning", entry, ...process.argv.slice(2)],
    env,
  );
}
