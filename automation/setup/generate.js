import { handOver } from "./hand-over.js";
import { preparePackages, runScript } from "./prepare.js";

// Needs the packages only: what is generated comes from code, not from an engine.
await runScript(async () => {
  await preparePackages();
  const entry = ["--disable-warning=ExperimentalWarning", "automation/generate.ts"];
  return handOver([...entry, ...process.argv.slice(2)], process.env);
});
