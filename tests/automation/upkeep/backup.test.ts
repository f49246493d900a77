import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { create, list } from "tar";
import { ServiceError } from "../../../automation/errors.ts";
import { lockHome } from "../../../automation/home-lock.ts";
import { writeBackup } from "../../../automation/upkeep/backup.ts";
import { type Manifest, manifestName } from "../../../automation/upkeep/manifest.ts";
import { restoreBackup } from "../../../automation/upkeep/restore.ts";
import { checkpoint, HomeKit, tree } from "./home-kit.ts";

let kit: HomeKit;
let file: string;
beforeEach(async () => {
  kit = await HomeKit.make();
  file = path.join(kit.folder, "home.tar.gz");
  await kit.fill();
});
afterEach(() => kit.remove());

const backUp = (change: Partial<Parameters<typeof writeBackup>[0]> = {}) =>
  writeBackup({
    home: kit.home,
    metadataUrl: kit.metadataUrl,
    file,
    force: false,
    version: "0.1.0",
    ...change,
  });
const other = () => path.join(kit.folder, "restored here", "home");
const restore = (change: Partial<Parameters<typeof restoreBackup>[0]> = {}) =>
  restoreBackup({ file, home: other(), replace: false, ...change });

const refused = (work: Promise<unknown>, code: string, ...words: readonly (string | RegExp)[]) =>
  assert.rejects(work, (fault: Error) => {
    assert.ok(fault instanceof ServiceError && fault.code === code, `${code}: ${fault.stack}`);
    for (const word of words)
      assert.match(fault.message, word instanceof RegExp ? word : new RegExp(RegExp.escape(word)));
    return true;
  });

const objects = (home: string): readonly unknown[] => {
  const database = new DatabaseSync(path.join(home, "clouds", "clouds.db"));
  const rows = database
    .prepare("SELECT id FROM objects")
    .all()
    .map((row) => row.id);
  database.close();
  return rows;
};
const jobs = (home: string): readonly unknown[] => {
  const database = new DatabaseSync(path.join(home, "metadata.db"));
  const rows = database
    .prepare("SELECT job_id FROM Jobs ORDER BY job_id")
    .all()
    .map((row) => row.job_id);
  database.close();
  return rows;
};

describe("a backup", () => {
  it("and its restore make the same home: databases, state, passphrase and salt, but no lock", async () => {
    const { manifest, damaged } = await backUp();
    assert.deepEqual(damaged, []);
    assert.equal((await stat(file)).mode & 0o777, 0o600, "it holds the key");
    assert.deepEqual(await readdir(kit.at("tmp")), [], "nothing is left of making it");
    assert.deepEqual(await readdir(kit.folder), ["home.tar.gz", "the home"]);
    await restore();
    const [before, after] = [await tree(kit.at("state")), await tree(path.join(other(), "state"))];
    const kept = [...before.keys()].filter((name) => !name.startsWith("backend/.pulumi/locks"));
    assert.deepEqual([...after.keys()].toSorted(), kept.toSorted());
    for (const name of kept) assert.equal(after.get(name)?.text, before.get(name)?.text, name);
    assert.deepEqual(jobs(other()), [201, 202]);
    assert.deepEqual(objects(other()), ["a"]);
    for (const [name, { mode, text }] of await tree(other()))
      assert.equal(mode, text === "" ? "700" : "600", name);
    assert.equal((await stat(other())).mode & 0o777, 0o700);
    assert.equal(manifest.rowgate, "0.1.0");
    assert.ok(manifest.migrations.length > 0 && manifest.metadata.kind === "file");
  });

  it("begins with a manifest that has the size and hash of every other entry", async () => {
    const { manifest, bytes } = await backUp();
    assert.equal((await stat(file)).size, bytes);
    const entries: string[] = [];
    await list({ file, strict: true, onReadEntry: (entry) => entries.push(`${entry.type} ${entry.path}`) });
    assert.deepEqual(
      entries,
      [manifestName, ...manifest.files.map((each) => each.path)].map((name) => `File ${name}`),
    );
    const passphrase = manifest.files.find((each) => each.path === "state/passphrase");
    const sha256 = createHash("sha256").update("the passphrase").digest("hex");
    assert.deepEqual(passphrase, { path: "state/passphrase", bytes: 14, sha256 });
  });

  it("is of one instant of a database that another connection writes all the time", async () => {
    const writer = new DatabaseSync(kit.at("clouds", "clouds.db"));
    writer.exec("CREATE TABLE pairs (a INTEGER, b INTEGER); INSERT INTO pairs VALUES (0, 0)");
    let writes = 0;
    const timer = setInterval(() => {
      writes += 1;
      writer.exec(`BEGIN; UPDATE pairs SET a = ${writes}; INSERT INTO objects VALUES (hex(randomblob(9000)));
        UPDATE pairs SET b = ${writes}; COMMIT`);
    }, 0);
    await backUp();
    clearInterval(timer);
    writer.close();
    await restore();
    const copy = new DatabaseSync(path.join(other(), "clouds", "clouds.db"));
    const [pair] = copy.prepare("SELECT a, b FROM pairs").all();
    copy.close();
    assert.ok(pair !== undefined && pair.a === pair.b && Number(pair.a) <= writes, JSON.stringify(pair));
    assert.ok(writes > 3, `${writes} writes came between`);
  });

  it("leaves out what an engine has not finished, and more than twenty updates of a stack", async () => {
    await kit.put(kit.backend("stacks", "rowgate", "job-eastus-201.json.18a3c0ffee12345.tmp"), "{");
    await kit.history("job-eastus-201", 30, (index) => (index === 3 ? "succeeded" : "failed"));
    await kit.link(kit.at("state", "workspaces", "job-eastus-201", "elsewhere"), "/etc/passwd");
    const { manifest } = await backUp();
    const names = manifest.files.map((each) => path.basename(each.path));
    assert.ok(!names.some((name) => name.endsWith(".tmp") || name === "elsewhere"));
    const history = names.filter(
      (name) => name.startsWith("job-eastus-201-") && name.endsWith(".history.json"),
    );
    assert.equal(history.length, 21, "twenty, and the only one that succeeded");
    assert.ok(history.includes("job-eastus-201-1700000000000000003.history.json"));
  });

  it("has a damaged checkpoint as it is, with its backup beside it, and tells", async () => {
    const broken = await kit.put(kit.backend("stacks", "rowgate", "job-eastus-201.json"), '{"half": ');
    const { damaged } = await backUp();
    assert.deepEqual(damaged, [broken]);
    await restore();
    const restored = path.join(other(), "state/backend/.pulumi/stacks/rowgate/job-eastus-201.json");
    assert.equal(await readFile(restored, "utf8"), '{"half": ');
    assert.equal(await readFile(`${restored}.bak`, "utf8"), checkpoint("job-eastus-201"));
  });

  it("has whole checkpoints while they are replaced as an engine does it", async () => {
    let stop = false;
    const target = kit.backend("stacks", "rowgate", "platform-eastus.json");
    const replace = async () => {
      for (let n = 0; !stop; n++) {
        const text = JSON.stringify({ version: 3, checkpoint: { n, padding: "x".repeat(200_000) } });
        await writeFile(`${target}.${n}.tmp`, text);
        await rename(`${target}.${n}.tmp`, target);
      }
    };
    const replaced = replace();
    for (let round = 0; round < 3; round++) {
      assert.deepEqual((await backUp({ force: true })).damaged, []);
    }
    stop = true;
    await replaced;
    await restore();
    const text = await readFile(path.join(other(), path.relative(kit.home, target)), "utf8");
    assert.equal(JSON.parse(text).checkpoint.padding.length, 200_000);
  });

  it("refuses a file that is there, unless told to replace it, and replaces it whole", async () => {
    await writeFile(file, "somebody's", { mode: 0o644 });
    await refused(backUp(), "FileExists", file, "--force");
    assert.equal(await readFile(file, "utf8"), "somebody's");
    await backUp({ force: true });
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    await restore();
  });

  it("that fails leaves the file that was there, and nothing half", async () => {
    await backUp();
    const before = await readFile(file);
    await writeFile(
      kit.at("clouds", "clouds.db"),
      "this is no database, and long enough to be seen as none".repeat(9),
    );
    await refused(backUp({ force: true }), "DatabaseNotCopied", "clouds.db", "no backup was made");
    assert.deepEqual(await readFile(file), before);
    assert.deepEqual(await readdir(kit.at("tmp")), []);
    await rm(kit.at("clouds"), { recursive: true });
    await mkdir(path.join(kit.folder, "a file is wanted here.new", "x"), { recursive: true });
    await refused(
      backUp({ file: path.join(kit.folder, "no", "such", "folder.tgz") }),
      "BackupNotWritten",
      /ENOENT/,
    );
    await refused(backUp({ file: path.join(kit.folder, "a file is wanted here") }), "BackupNotWritten");
    assert.deepEqual(await readdir(kit.at("tmp")), []);
  });

  it("of no home, and of one without its passphrase, is refused", async () => {
    const metadataUrl = `sqlite:${path.join(kit.folder, "none.db")}`;
    await refused(backUp({ metadataUrl }), "NothingToBackUp", "none.db");
    await refused(backUp({ home: path.join(kit.folder, "none") }), "NothingToBackUp", "has no state");
    await rm(kit.at("state", "passphrase"));
    await refused(backUp(), "PassphraseMissing", "could never be read");
    assert.equal(existsSync(file), false);
  });

  it("where the metadata is on a server has all else, and names the database without its password", async () => {
    const metadataUrl = "mssql://somebody:hunter2@sql.example.net/rowgate";
    const { manifest } = await backUp({ metadataUrl });
    assert.deepEqual(manifest.metadata, { kind: "server", database: "sql.example.net/rowgate" });
    assert.ok(!JSON.stringify(manifest).includes("hunter2"));
    await restore();
    assert.deepEqual((await readdir(other())).toSorted(), ["clouds", "restored.json", "state"]);
  });
});

describe("a restore", () => {
  it("leaves a mark for the first start", async () => {
    const { manifest } = await backUp();
    await restore();
    const marker = JSON.parse(await readFile(path.join(other(), "restored.json"), "utf8"));
    assert.equal(marker.madeAt, manifest.madeAt);
    assert.ok(marker.restoredAt >= marker.madeAt);
  });

  it("refuses a home with something in it; --replace puts it aside, and a restore into an empty one is fine", async () => {
    await backUp();
    await refused(restore({ home: kit.home }), "HomeNotEmpty", kit.home, "--replace");
    await kit.put(kit.at("made later"), "kept");
    const { aside } = await restore({ home: kit.home, replace: true });
    assert.ok(aside?.startsWith(`${kit.home}.before-`));
    assert.equal(await readFile(path.join(aside ?? "", "made later"), "utf8"), "kept");
    assert.deepEqual(jobs(kit.home), [201, 202]);
    assert.equal(existsSync(kit.at("made later")), false);
    await mkdir(other(), { recursive: true });
    assert.equal((await restore()).aside, null);
  });

  it("never puts a folder aside that is no home", async () => {
    await backUp();
    const family = path.join(kit.folder, "family photos");
    await kit.put(path.join(family, "baby.jpg"), "...");
    await refused(restore({ home: family, replace: true }), "HomeNotEmpty", "no home of Rowgate");
    assert.deepEqual(await readdir(family), ["baby.jpg"]);
  });

  it("refuses a home on which a service runs, and takes it once that has ended", async () => {
    await backUp();
    const lock = await lockHome(kit.home);
    await refused(restore({ home: kit.home, replace: true }), "HomeInUse", `pid ${process.pid}`);
    assert.deepEqual(jobs(kit.home), [201, 202]);
    await lock.release();
    await restore({ home: kit.home, replace: true });
  });

  it("of a damaged archive changes nothing, wherever the damage is", async () => {
    await backUp();
    const whole = await readFile(file);
    const before = await tree(kit.home);
    const bytes = [
      0,
      5,
      100,
      ...Array.from({ length: 40 }, (_, n) => Math.floor((whole.length * (n + 1)) / 42)),
    ];
    let told = 0;
    for (const at of bytes) {
      const flipped = Buffer.from(whole);
      flipped.writeUInt8(flipped.readUInt8(at) ^ 0xff, at);
      await writeFile(file, flipped);
      // Two bytes of a gzip header mean nothing for the content.
      await restore({ home: path.join(kit.folder, "flipped") }).then(
        () => rm(path.join(kit.folder, "flipped"), { recursive: true }),
        (fault) => {
          assert.ok(fault instanceof ServiceError && fault.code === "BackupUnusable", fault.stack);
          told += 1;
        },
      );
      await writeFile(file, whole.subarray(0, at));
      await refused(restore({ home: kit.home, replace: true }), "BackupUnusable", file);
    }
    assert.ok(told >= bytes.length - 3, `${told} of ${bytes.length} flipped bytes were seen`);
    await writeFile(file, "");
    await refused(restore(), "BackupUnusable");
    await rm(file);
    await refused(restore(), "BackupUnusable", /ENOENT/);
    const after = await tree(kit.home);
    for (const name of ["service.lock"]) assert.ok(after.has(name), "only the lock was tried");
    assert.deepEqual(
      [...after.keys()].filter((name) => name !== "service.lock"),
      [...before.keys()],
    );
    assert.deepEqual(
      (await readdir(kit.folder)).toSorted(),
      ["restored here", "the home"],
      "no folder is left",
    );
  });
});

describe("an archive that somebody made to do harm", () => {
  const sha256 = createHash("sha256").update("evil").digest("hex");
  const entryOf = (name: string) => ({ path: name, bytes: 4, sha256 });

  /** An archive of these files, in this order, each with the content `evil`; links lead out. */
  async function archive(
    names: readonly string[],
    change: (manifest: Manifest) => unknown = (manifest) => manifest,
    links: readonly string[] = [],
  ): Promise<void> {
    const folder = path.join(kit.folder, "made by hand");
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    const manifest: Manifest = {
      format: 1,
      madeAt: new Date().toISOString(),
      rowgate: "0.1.0",
      metadata: { kind: "file" },
      migrations: [],
      files: [...names, ...links].map(entryOf),
    };
    await writeFile(path.join(folder, manifestName), JSON.stringify(change(manifest)));
    for (const name of names) await kit.put(path.join(folder, name), "evil");
    for (const name of links) await kit.link(path.join(folder, name), kit.folder);
    await create({ gzip: true, file, cwd: folder, preservePaths: true, portable: true }, [
      manifestName,
      ...names,
      ...links,
    ]);
    await rm(folder, { recursive: true });
  }
  const leavesNothing = async () => {
    assert.equal(existsSync(other()), false);
    const left = (await readdir(kit.folder)).filter((name) => name !== "restored here");
    assert.deepEqual(left.toSorted(), ["home.tar.gz", "the home"]);
    assert.deepEqual(await readdir(path.join(kit.folder, "restored here")).catch(() => []), []);
  };

  it("cannot lead out of the home by its manifest or its entries", async () => {
    for (const name of [
      "../escaped",
      "state/../../escaped",
      "/tmp/escaped-rowgate",
      "state//x",
      "state/./x",
      "state/a\\b",
    ]) {
      await archive([], (manifest) => ({ ...manifest, files: [entryOf(name)] }));
      await refused(restore(), "BackupUnusable", /no file of a home/);
      await leavesNothing();
    }
    await archive(["../escaped"], (manifest) => ({ ...manifest, files: [] }));
    await rm(path.join(kit.folder, "escaped"));
    await refused(restore(), "BackupUnusable");
    assert.equal(existsSync("/tmp/escaped-rowgate"), false);
    await leavesNothing();
  });

  it("cannot write what a home has beside a backup: marks, locks, other folders", async () => {
    for (const name of [
      "restored.json",
      "service.lock",
      "clouds/endpoint.json",
      "tmp/x",
      "state",
      "metadata.db-wal",
    ]) {
      await archive([], (manifest) => ({ ...manifest, files: [entryOf(name)] }));
      await refused(restore(), "BackupUnusable", /no file of a home/);
    }
    await leavesNothing();
  });

  it("cannot bring links, unnamed files, or files twice", async () => {
    await archive([], undefined, ["state/link"]);
    await refused(restore(), "BackupUnusable", "state/link is no file but a SymbolicLink");
    await archive(["state/a"], (manifest) => ({ ...manifest, files: [] }));
    await refused(restore(), "BackupUnusable", "state/a is not in its manifest");
    await archive(["state/a", "state/a"], (manifest) => ({ ...manifest, files: [entryOf("state/a")] }));
    await refused(restore(), "BackupUnusable", /twice/);
    await leavesNothing();
  });

  it("cannot have other content, another size, or less than its manifest says", async () => {
    const file = entryOf("state/a");
    await archive(["state/a"], (manifest) => ({ ...manifest, files: [{ ...file, sha256: "0".repeat(64) }] }));
    await refused(restore(), "BackupUnusable", "state/a is not as it was");
    await archive(["state/a"], (manifest) => ({ ...manifest, files: [{ ...file, bytes: 5 }] }));
    await refused(restore(), "BackupUnusable", "another size");
    await archive(["state/a"], (manifest) => ({ ...manifest, files: [file, entryOf("state/b")] }));
    await refused(restore(), "BackupUnusable", "state/b is not in it");
    await leavesNothing();
  });

  it("of a newer format, without a manifest, or with one that is none, is refused", async () => {
    await archive([], (manifest) => ({ ...manifest, format: 2, more: true }));
    await refused(restore(), "BackupUnusable", "format 2 is newer");
    await archive([], () => "no object");
    await refused(restore(), "BackupUnusable", "manifest is not valid");
    await create({ gzip: true, file, cwd: kit.home }, ["state/passphrase"]);
    await refused(restore(), "BackupUnusable", "first entry is no manifest");
    await leavesNothing();
  });

  it("is restored when it is none of that", async () => {
    await archive(["state/a", "metadata.db"]);
    await restore();
    await chmod(other(), 0o700);
    assert.equal(await readFile(path.join(other(), "state", "a"), "utf8"), "evil");
  });
});
