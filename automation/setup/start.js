import { handOver } from "./hand-over.js";
import { prepareAll, runScript } from "./prepare.js";

const USAGE = `npm start
  Gets what this checkout needs (Node 24 and the other packages, the Pulumi engine), then runs the Rowgate
  service until Ctrl-C. Set-up happens once: some minutes at most, with progress; later starts skip it.

npm start -- --help
  Prints this and installs nothing.

Environment:
  PORT            where the service listens, on 127.0.0.1 (default 8080)
  ROWGATE_HOME    its database and state (default .rowgate/ in the checkout)
  ROWGATE_METADATA_URL
                  the metadata database, e.g. mssql://server.database.windows.net/rowgate (signs in by Entra);
                  default: metadata.db in ROWGATE_HOME
  ROWGATE_CLOUD   azure: the real clouds, see "On Azure" in the README (default sandbox: simulated ones)
  ROWGATE_SLOTS   engine runs at once, from 1 to 64 (default: twice the cores, from 2 to 8)
  ROWGATE_RUN_SECONDS    how long a run may take that changes something (default: 3600)
  ROWGATE_STALL_SECONDS  silence after which a run is told as Stalled (default: 300)
  ROWGATE_SAMPLE  off: an empty database stays empty instead of being seeded with the sample
  ROWGATE_PULUMI  the pulumi executable to use instead of looking for one (3.259.x; another version warns)
  ROWGATE_CACHE   where the engine and compiled code are kept (default $XDG_CACHE_HOME/rowgate, else ~/.cache/rowgate)
`;

const args = process.argv.slice(2);
await runScript(async () => {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (args.length > 0) {
    process.stderr.write(
      `npm start takes no arguments but --help; it was given: ${args.join(" ")}\n\n${USAGE}`,
    );
    return 2;
  }
  return handOver(["automation/main.ts"], await prepareAll());
});
