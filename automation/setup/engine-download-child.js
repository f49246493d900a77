import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { SetupError } from "./fault.js";

/** Its version is the SDK's own, which package.json pins. */
const root = process.argv[2];
if (root === undefined) throw new SetupError("engine-download-child.js needs the folder to install into");
try {
  await PulumiCommand.install({ root });
} catch (error) {
  const cause = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${cause}\n`);
  process.exitCode = 1;
}
