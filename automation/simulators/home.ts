/** The directory of one simulated cloud: one process at a time, found by its endpoint file. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export interface Endpoint {
  readonly pid: number;
  readonly grpcPort: number;
  readonly httpPort: number;
  /** where connections join the simulated network */
  readonly networkPort: number;
  readonly startedAt: string;
}

export interface Home {
  readonly databaseFile: string;
  publish(endpoint: Endpoint): void;
  /** removes the endpoint file and lets the next process in */
  release(): void;
}

export type HomeClaim =
  | { readonly status: "claimed"; readonly home: Home }
  | { readonly status: "taken"; readonly by: Endpoint | undefined };

/**
 * The claim is a lock on a database file, which the operating system drops with the process however it
 * ends; a file with a process id would outlive a kill and could name a stranger.
 */
export function claimHome(directory: string): HomeClaim {
  mkdirSync(directory, { recursive: true });
  const endpointFile = join(directory, "endpoint.json");
  const lock = new DatabaseSync(join(directory, "clouds.lock"));
  try {
    lock.exec(
      "pragma locking_mode = exclusive; begin exclusive; create table if not exists held (x); commit;",
    );
  } catch {
    lock.close();
    return { status: "taken", by: readEndpoint(endpointFile) };
  }
  rmSync(endpointFile, { force: true });
  return {
    status: "claimed",
    home: {
      databaseFile: join(directory, "clouds.db"),
      publish: (endpoint) => {
        const draft = `${endpointFile}.${endpoint.pid}`;
        writeFileSync(draft, `${JSON.stringify(endpoint)}\n`);
        renameSync(draft, endpointFile);
      },
      release: () => {
        rmSync(endpointFile, { force: true });
        lock.close();
      },
    },
  };
}

function readEndpoint(file: string): Endpoint | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Endpoint;
  } catch {
    // the other process is still starting
    return undefined;
  }
}
