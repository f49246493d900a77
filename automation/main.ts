/** Process entry: configuration, signals, exit code; nothing else. */
import { openApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { messageOf, ServiceError } from "./errors.ts";
import { reportProgress } from "./progress.ts";

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const app = await openApp(config, say);
  const progress = reportProgress({ store: app.store, port: app.port, home: config.home, say });
  const stop = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      // A second signal ends the process at once, as the default does; children stop by themselves then.
      process.once(signal, () => process.exit(130));
      stop.resolve(signal);
    });
  }
  await stop.promise;
  say("Stopping: runs under way end first.");
  progress.stop();
  await app.close({ stopClouds: true });
  say("Stopped.");
}

main().then(
  () => process.exit(0),
  (fault) => {
    const known = fault instanceof ServiceError;
    process.stderr.write(`${known ? messageOf(fault) : (fault?.stack ?? fault)}\n`);
    process.exit(1);
  },
);
