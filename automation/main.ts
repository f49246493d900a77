/** Process entry: configuration, signals, exit code; nothing else. */

import { addressForPeople, storeAddress } from "../metadata-schema/store-address.ts";
import { openApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { messageOf, ServiceError } from "./errors.ts";
import { reportProgress } from "./progress.ts";

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

// One Ctrl-C reaches this process from the terminal and again from `npm start`, within milliseconds.
const sameSignalMs = 1_000;

/** Resolves on the first signal, or when the `npm start` above is gone; a second signal ends the process at once. */
function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | null = null;
    const stop = (): void => {
      first ??= performance.now();
      // Children stop by themselves when their service is gone.
      if (performance.now() - first > sameSignalMs) process.exit(130);
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
    process.once("disconnect", resolve);
  });
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const app = await openApp(config, say);
  const database = await addressForPeople(storeAddress(config.metadataUrl));
  const progress = reportProgress({
    store: app.store,
    port: app.port,
    cloud: config.cloud.kind,
    home: config.home,
    database,
    say,
  });
  await stopAsked();
  say("Stopping: calls under way end first; the rest goes on at the next start.");
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
