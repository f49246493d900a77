/** A home on disk as a service leaves it, without an engine: real databases, and files in the engine's form. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type StateFolder, stateFolder } from "../../../automation/engine/stack-files.ts";
import { openStore } from "../../../metadata-schema/open-store.ts";
import { environment, job } from "../../support/small-rows.ts";

export const dayMs = 24 * 60 * 60 * 1000;

export class HomeKit {
  /** holds the home, and room for archives and other homes */
  readonly folder: string;
  readonly home: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.home = path.join(folder, "the home");
  }

  static async make(): Promise<HomeKit> {
    const kit = new HomeKit(await mkdtemp(path.join(tmpdir(), "rowgate upkeep ")));
    await mkdir(kit.home, { mode: 0o700 });
    return kit;
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  get state(): StateFolder {
    return stateFolder(path.join(this.home, "state"));
  }

  get metadataUrl(): string {
    return `sqlite:${path.join(this.home, "metadata.db")}`;
  }

  /** Path below the home. */
  at(...parts: readonly string[]): string {
    return path.join(this.home, ...parts);
  }

  /** Path below the backend's own folder. */
  backend(...parts: readonly string[]): string {
    return this.at("state", "backend", ".pulumi", ...parts);
  }

  /** A file with its folders, last changed so long ago. */
  async put(file: string, content: string, ageMs = 0): Promise<string> {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
    await this.age(file, ageMs);
    return file;
  }

  async link(file: string, to: string): Promise<string> {
    await mkdir(path.dirname(file), { recursive: true });
    await symlink(to, file);
    return file;
  }

  async age(file: string, ageMs: number): Promise<void> {
    const then = new Date(Date.now() - ageMs);
    await utimes(file, then, then);
  }

  /** A database with two jobs, simulated clouds, and state with locks and history. */
  async fill(stacks: readonly string[] = ["platform-eastus", "job-eastus-201"]): Promise<void> {
    const store = await openStore({ url: this.metadataUrl });
    await store.insertRows([environment(), job(201), job(202)]);
    await store.close();
    await mkdir(this.at("clouds"));
    const clouds = new DatabaseSync(this.at("clouds", "clouds.db"));
    clouds.exec(
      "PRAGMA journal_mode = wal; CREATE TABLE objects (id TEXT); INSERT INTO objects VALUES ('a')",
    );
    clouds.close();
    await this.put(this.at("state", "passphrase"), "the passphrase");
    await this.put(this.at("state", "encryption-salt.yaml"), "encryptionsalt: v1:salt=\n");
    await this.put(this.backend("meta.yaml"), "version: 1");
    for (const stack of stacks) {
      await this.put(this.backend("stacks", "rowgate", `${stack}.json`), checkpoint(stack));
      await this.put(this.backend("stacks", "rowgate", `${stack}.json.bak`), checkpoint(stack));
      await this.put(this.backend("locks", "organization", "rowgate", stack, "a.json"), "{}");
      await this.put(
        this.at("state", "workspaces", stack, `Pulumi.${stack}.yaml`),
        "encryptionsalt: v1:salt=\n",
      );
      await this.history(stack, 2);
    }
  }

  /** Updates of a stack, the newest last; returns their numbers. */
  async history(
    stack: string,
    count: number,
    result: (index: number) => string = () => "succeeded",
  ): Promise<readonly string[]> {
    const numbers = Array.from({ length: count }, (_, index) =>
      String(1_700_000_000_000_000_000n + BigInt(index)),
    );
    const folder = this.backend("history", "rowgate", stack);
    await mkdir(folder, { recursive: true });
    for (const [index, at] of numbers.entries()) {
      const name = path.join(folder, `${stack}-${at}`);
      await writeFile(`${name}.history.json`, JSON.stringify({ kind: "update", result: result(index) }));
      await writeFile(`${name}.checkpoint.json`, checkpoint(stack));
    }
    return numbers;
  }
}

export const checkpoint = (stack: string): string =>
  JSON.stringify({
    version: 3,
    checkpoint: { stack: `organization/rowgate/${stack}`, latest: { resources: [] } },
  });

/** Every file below a folder with its content, and its mode in octal. */
export async function tree(folder: string): Promise<ReadonlyMap<string, { text: string; mode: string }>> {
  const found = new Map<string, { text: string; mode: string }>();
  for (const each of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(each.parentPath, each.name);
    const mode = ((await stat(file)).mode & 0o777).toString(8);
    const text = each.isFile() ? await readFile(file, "latin1") : "";
    found.set(path.relative(folder, file), { text, mode });
  }
  return found;
}
