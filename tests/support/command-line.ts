/** `rowgate` as a person runs it: its own process, found its service by the home alone. */
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { text } from "node:stream/consumers";
import { checkout, ownEnvironment } from "./service.ts";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export const startRowgate = (
  home: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  { cwd, input }: { readonly cwd?: string; readonly input?: string } = {},
): ChildProcess => {
  const child = spawn(process.execPath, [path.join(checkout, "automation", "setup", "rowgate.js"), ...args], {
    // Port 1 is where it looks without a service of this home: nobody listens there.
    env: { ...ownEnvironment(), ROWGATE_HOME: home, PORT: "1", ...environment },
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
  });
  child.stdin?.end(input);
  return child;
};

export async function saidBy(child: ChildProcess): Promise<Said> {
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? -1)));
  const [out, err] = await Promise.all(
    [child.stdout, child.stderr].map((stream) => (stream === null ? "" : text(stream))),
  );
  return { code: await ended, out: out ?? "", err: err ?? "" };
}

export const rowgate = (home: string, ...args: readonly string[]): Promise<Said> =>
  saidBy(startRowgate(home, args));
