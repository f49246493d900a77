/** Process entry of `npm run generate`: rewrites what is made from code; with --check it only tells what differs. */
import { fileURLToPath } from "node:url";
import { rewriteCommand, rewriteStaleFiles, staleFiles } from "./generated-files.ts";

const checkout = fileURLToPath(new URL("..", import.meta.url));

if (process.argv.includes("--check")) {
  const stale = await staleFiles(checkout);
  for (const path of stale)
    process.stdout.write(`${path} is not what is generated from the code. Run \`${rewriteCommand}\`.\n`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  const written = await rewriteStaleFiles(checkout);
  process.stdout.write(
    written.length === 0 ? "every generated file is up to date\n" : `wrote ${written.join(", ")}\n`,
  );
}
