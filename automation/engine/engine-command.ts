/**
 * Our own `pulumiCommand` for the Automation API. It owns the spawn, so that a run is one engine process in
 * a process group of its own, with an environment made of an allow-list, whose exit code and pid are known.
 * What the Automation API asks around a run (select, output, history) is answered here without a process:
 * stacks are made by stack-files.ts, and outputs come from the event stream.
 */
import { spawn } from "node:child_process";
import { signalGroup } from "./processes.ts";

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
  readonly err?: Error;
}

/** The engine process of a run ended with another code than 0. */
export class EngineExitError extends Error {
  override readonly name = "EngineExitError";
  readonly code: number | null;
  /** the signal that ended it, e.g. `SIGKILL`; null: it ended by itself */
  readonly signal: string | null;
  readonly stderr: string;
  readonly stdout: string;
  constructor(exit: { code: number | null; signal: string | null; stderr: string; stdout: string }) {
    super(
      exit.signal === null
        ? `The engine ended with code ${exit.code}.`
        : `The engine was ended by ${exit.signal}.`,
    );
    this.signal = exit.signal;
    this.code = exit.code;
    this.stderr = exit.stderr;
    this.stdout = exit.stdout;
  }
}

export interface EngineCommandOptions {
  readonly command: string;
  readonly version: string;
  /** the whole environment of engine processes, but for what the Automation API adds */
  readonly environment: Readonly<Record<string, string>>;
  /** An engine process has started. */
  onProcess(pid: number): void;
  /** An engine process has ended with code 0: its program, if it had one, is over. */
  onSuccess(): void;
}

// An engine that was asked twice to end ends within about a second; these are the pauses before the next,
// harder signal. The first leaves it the time to finish and record the calls under way.
const pauseBeforeSecondTermMs = 20_000;
const pauseBeforeKillMs = 5_000;

export class EngineCommand {
  readonly command: string;
  readonly version: string;
  readonly #options: EngineCommandOptions;
  #pid: number | null = null;
  #stopping = false;
  #timers: NodeJS.Timeout[] = [];

  constructor(options: EngineCommandOptions) {
    this.command = options.command;
    this.version = options.version;
    this.#options = options;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Called by the Automation API. */
  async run(
    args: string[],
    cwd: string,
    environment: Record<string, string>,
    onOutput?: (text: string) => void,
  ): Promise<CommandResult> {
    const [verb, noun] = args;
    if (verb === "stack" && noun === "select") return answer("");
    if (verb === "stack" && noun === "output") return answer("{}");
    if (verb === "stack" && noun === "history") return answer("[]");
    const extra = verb === "destroy" ? ["--remove"] : [];
    return this.#spawn([...args, ...extra, "--non-interactive"], cwd, environment, onOutput);
  }

  /** TERM, TERM, KILL to the engine's group; no engine starts any more. `urgent` leaves out the first pause. */
  stop(urgent: boolean): void {
    const first = !this.#stopping;
    // Asked again politely, it has no more time than it had.
    if (!first && !urgent) return;
    this.#stopping = true;
    if (this.#pid === null) return;
    const pid = this.#pid;
    if (first) signalGroup(pid, "SIGTERM");
    for (const timer of this.#timers) clearTimeout(timer);
    const secondMs = urgent ? 500 : pauseBeforeSecondTermMs;
    this.#timers = [
      setTimeout(() => signalGroup(pid, "SIGTERM"), secondMs),
      setTimeout(() => signalGroup(pid, "SIGKILL"), secondMs + pauseBeforeKillMs),
    ];
  }

  kill(): void {
    this.#stopping = true;
    if (this.#pid !== null) signalGroup(this.#pid, "SIGKILL");
  }

  #spawn(
    args: string[],
    cwd: string,
    environment: Record<string, string>,
    onOutput?: (text: string) => void,
  ): Promise<CommandResult> {
    if (this.#stopping)
      return Promise.reject(new EngineExitError({ code: null, signal: "SIGTERM", stderr: "", stdout: "" }));
    return new Promise((resolve, reject) => {
      const child = spawn(this.command, args, {
        cwd,
        env: { ...this.#options.environment, ...environment },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const text = { stdout: "", stderr: "" };
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text.stdout += chunk;
        onOutput?.(chunk);
      });
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        text.stderr += chunk;
      });
      if (child.pid !== undefined) {
        this.#pid = child.pid;
        this.#options.onProcess(child.pid);
      }
      child.on("error", reject);
      // Whatever the engine started itself shares its group, must not outlive it, and may hold its output.
      child.on("exit", () => {
        if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
      });
      child.on("close", (code, signal) => {
        for (const timer of this.#timers) clearTimeout(timer);
        this.#pid = null;
        if (code === 0) {
          this.#options.onSuccess();
          resolve({ ...text, code });
        } else {
          reject(new EngineExitError({ code, signal, ...text }));
        }
      });
    });
  }
}

const answer = (stdout: string): CommandResult => ({ stdout, stderr: "", code: 0 });
