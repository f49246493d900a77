/**
 * What every run needs of this host: its state folder, room on its disk, the engine's executable, the clouds. While
 * one is missing no run starts: each would fail like the others, and hide what is wrong behind hundreds of failures.
 *
 * Open ⇄ closed, by what the last look found; closed at once when a run failed for such a reason, until the next look.
 */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, open, rm, stat, statfs } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "./clock.ts";
import { messageOf } from "./errors.ts";
import type { Logger } from "./log.ts";

export interface HostCheck {
  /** as /readyz shows it */
  readonly name: string;
  /** Ends with an error that names the fault and the next step. */
  look(): Promise<void>;
}

export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string | null;
}

export interface HostHealthOptions {
  readonly checks: readonly HostCheck[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Runs may start again. */
  onOpen(): void;
}

// Soon enough that few runs start in vain, cheap enough to go unnoticed; a fault is looked at again sooner.
const healthyPauseMs = 5_000;
const closedPauseMs = 1_000;
// A disk or a share that answers later than this is as good as gone.
const answerMs = 10_000;

export class HostHealth {
  readonly #options: HostHealthOptions;
  readonly #stop = new AbortController();
  readonly #pending = new Map<string, Promise<CheckResult>>();
  #poke = new AbortController();
  #results: readonly CheckResult[] = [];
  #suspicion: string | null = null;
  #ended: Promise<void> | null = null;

  constructor(options: HostHealthOptions) {
    this.#options = options;
  }

  start(): void {
    this.#ended ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#poke.abort();
    await this.#ended;
  }

  /** A run failed for a reason of the host: nothing starts until it was looked at. */
  suspect(message: string): void {
    this.#suspicion = message;
    this.#poke.abort();
  }

  /** Why no run may start; none: runs may. */
  closedFor(): readonly string[] {
    const faults = this.#results.flatMap(({ ok, message }) => (ok || message === null ? [] : [message]));
    return faults.length > 0 || this.#suspicion === null ? faults : [this.#suspicion];
  }

  /** Looks at everything once; what does not answer in time counts as gone, and is not asked twice at once. */
  async look(): Promise<readonly CheckResult[]> {
    const suspicion = this.#suspicion;
    const before = this.closedFor().length > 0;
    this.#results = await Promise.all(this.#options.checks.map((check) => this.#ask(check)));
    if (this.#suspicion === suspicion) this.#suspicion = null;
    const after = this.closedFor();
    if (before && after.length === 0) {
      this.#options.log.info({}, "the host is well again; runs go on");
      this.#options.onOpen();
    }
    if (!before && after.length > 0) this.#options.log.warn({ reasons: after }, "no run starts for now");
    return this.#results;
  }

  async #loop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#poke = new AbortController();
      await this.look();
      const pauseMs = this.closedFor().length > 0 ? closedPauseMs : healthyPauseMs;
      await this.#options.clock.sleep(pauseMs, this.#poke.signal);
    }
  }

  async #ask({ name, look }: HostCheck): Promise<CheckResult> {
    const asked =
      this.#pending.get(name) ??
      look().then(
        (): CheckResult => ({ name, ok: true, message: null }),
        (fault): CheckResult => ({ name, ok: false, message: messageOf(fault) }),
      );
    this.#pending.set(name, asked);
    void asked.then(() => this.#pending.delete(name));
    const late = new AbortController();
    const gaveUp = this.#options.clock
      .sleep(answerMs, AbortSignal.any([late.signal, this.#stop.signal]))
      .then((): CheckResult => {
        const message = `The ${name} does not answer for ${answerMs / 1000} s; look at its disk or its process. Runs go on once it does.`;
        return { name, ok: false, message };
      });
    const result = await Promise.race([asked, gaveUp]);
    late.abort();
    return result;
  }
}

// A checkpoint is some hundred KB and is written several times a run, by each slot; below this it is a matter of minutes.
const leastFreeBytes = 64 * 1024 * 1024;

/** Whether state can be written where engines write it. */
export const stateFolderCheck = (folder: string): HostCheck => ({
  name: "state",
  look: async () => {
    const again = "Runs go on by themselves.";
    try {
      // The engine's own folder: a share that is not mounted leaves an empty one, which must not be written to.
      await access(path.join(folder, ".pulumi"), constants.W_OK);
      await writeThrough(path.join(folder, `.probe-${randomUUID()}`));
    } catch (cause) {
      throw new Error(
        `State cannot be written to ${folder}: ${messageOf(cause)}. Make the folder writable, or make room on its disk. ${again}`,
        { cause },
      );
    }
    const { bavail, bsize } = await statfs(folder);
    const freeBytes = bavail * bsize;
    if (freeBytes < leastFreeBytes)
      throw new Error(
        `The disk of ${folder} is full but for ${Math.floor(freeBytes / 2 ** 20)} MB; make room for at least ${leastFreeBytes / 2 ** 20} MB. ${again}`,
      );
  },
});

async function writeThrough(file: string): Promise<void> {
  try {
    const handle = await open(file, "wx", 0o600);
    try {
      await handle.writeFile("probe");
      await handle.datasync();
    } finally {
      await handle.close();
    }
  } finally {
    await rm(file, { force: true });
  }
}

/** Whether the engine's executable is there; one that was replaced must be of the version that was tried. */
export function engineCheck(command: string, askVersion: () => Promise<string>, wanted: string): HostCheck {
  let known = "";
  return {
    name: "engine",
    look: async () => {
      const next =
        "Run `npm start` or `npm test` in the checkout, which sets it up again. Runs go on by themselves.";
      let found: string;
      try {
        await access(command, constants.X_OK);
        const { ino, mtimeMs, size } = await stat(command);
        found = `${ino} ${mtimeMs} ${size}`;
      } catch (cause) {
        throw new Error(`The engine ${command} is gone: ${messageOf(cause)}. ${next}`, { cause });
      }
      if (found === known) return;
      const version = await askVersion();
      if (lineOf(version) !== lineOf(wanted))
        throw new Error(
          `The engine ${command} was replaced by version ${version}; stacks are run with ${lineOf(wanted)}.x. ${next}`,
        );
      known = found;
    },
  };
}

/** Engines of one line (3.259) are of one kind. */
const lineOf = (version: string): string => version.split(".").slice(0, 2).join(".");
