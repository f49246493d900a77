/** What lies in a home's folders: the engine's state, its locks and pending operations, temporary files. */
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Checkpoint } from "./compare-clouds.ts";

export const backendOf = (home: string): string => path.join(home, "state", "backend");
const stacksOf = (home: string): string => path.join(backendOf(home), ".pulumi", "stacks", "rowgate");

interface StateResource {
  readonly type: string;
  readonly id?: string;
  readonly urn: string;
  readonly custom?: boolean;
  /** left behind by a replacement that did not end */
  readonly delete?: boolean;
}

interface StateFile {
  readonly checkpoint: {
    readonly latest?: {
      readonly resources?: readonly StateResource[];
      readonly pending_operations?: readonly { readonly type: string; readonly resource: StateResource }[];
    };
  };
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? urn;

/** Every stack's state; providers and components are no objects. */
export async function readCheckpoints(home: string): Promise<readonly Checkpoint[]> {
  const folder = stacksOf(home);
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith(".json"));
  return Promise.all(
    files.map(async (file) => {
      const { checkpoint }: StateFile = JSON.parse(await readFile(path.join(folder, file), "utf8"));
      const objects = (checkpoint.latest?.resources ?? []).filter(
        ({ custom, type }) => custom === true && !type.startsWith("pulumi:"),
      );
      return {
        stack: file.slice(0, -".json".length),
        resources: objects.map(({ type, id = "", urn }) => ({ type, id, urn })),
        pending: (checkpoint.latest?.pending_operations ?? []).map(
          ({ type, resource }) => `${type} ${resource.type} ${nameOf(resource.urn)}`,
        ),
      };
    }),
  );
}

/** What children left in the home: folders of children that are gone, and files in those of living ones. */
export async function leftInTemporary(home: string, living: readonly number[]): Promise<readonly string[]> {
  const folder = path.join(home, "tmp");
  const names = await readdir(folder).catch(() => []);
  const left = await Promise.all(
    names.map(async (name) => {
      const pid = Number(/^child-(\d+)-/.exec(name)?.[1] ?? Number.NaN);
      if (!living.includes(pid)) return [`${name} of a child that is gone`];
      return (await readdir(path.join(folder, name))).map((file) => `${name}/${file}`);
    }),
  );
  return left.flat();
}

/** Names as the engine and its SDK give to what they put into the system's temporary folder; the service itself uses none. */
const ours = /^(pulumi|automation)/i;

export async function systemTemporary(): Promise<ReadonlySet<string>> {
  return new Set((await readdir(tmpdir())).filter((name) => ours.test(name)));
}
