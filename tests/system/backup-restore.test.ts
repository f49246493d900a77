/** A home is backed up while its first roll-out is under way, restored elsewhere, and its service started. */
import assert from "node:assert/strict";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { rowgate } from "../support/command-line.ts";
import { rowsOfJobs } from "../support/many-jobs.ts";
import { type CloudObject, makeHome, removeHome, TestService, until } from "../support/service.ts";

const jobs = 8;
const rollOutMs = 240_000;
const guid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** What there is in the clouds, without the ids that they give anew: whoever an id means stands in its place. */
async function inventory(service: TestService): Promise<readonly string[]> {
  const objects = await service.objects();
  const identities = new Map(
    objects
      .filter(({ type }) => type.endsWith(":UserAssignedIdentity"))
      .flatMap(({ name, body }) => [body.principalId, body.clientId].map((id) => [id, name] as const)),
  );
  const words = ({ type, name, body }: CloudObject): string =>
    type.endsWith(":RoleAssignment") ? `${body.scope} ${body.roleDefinitionId} ${body.principalId}` : name;
  return objects
    .map((object) => `${object.cloud} ${object.type} ${words(object)}`)
    .map((text) => text.replace(guid, (id) => identities.get(id) ?? id).replace(/\.[0-9a-f-]{36}$/, ""))
    .toSorted();
}

function assertSame(found: readonly string[], expected: readonly string[]): void {
  assert.deepEqual(
    { more: without(found, expected), less: without(expected, found) },
    { more: [], less: [] },
  );
}

/** Each of the second list takes one of the first away. */
function without(list: readonly string[], taken: readonly string[]): readonly string[] {
  const left = [...list];
  for (const each of taken) if (left.includes(each)) left.splice(left.indexOf(each), 1);
  return left;
}

async function twiceMade(service: TestService): Promise<readonly string[]> {
  const made = (await service.calls()).filter(({ call, result }) => call === "create" && result === "ok");
  const ids = made.map(({ stack, type, id }) => `${stack} ${type} ${id}`);
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}

describe("a backup in the middle of a roll-out", () => {
  let folder: string;
  let original: TestService;
  let restored: TestService;
  let archive: string;
  let passphrase: string;
  let builtByOriginal: readonly string[];

  before(async () => {
    folder = await TestService.emptyHome();
    archive = path.join(folder, "home.tar.gz");
    original = new TestService(await makeHome(rowsOfJobs(jobs, { varied: true })));
    restored = new TestService(path.join(folder, "restored"));
    await original.start();
  });
  after(async () => {
    for (const service of [original, restored]) await service.stop();
    for (const used of [folder, original.home]) await removeHome(used);
  });

  const allReady = async (service: TestService) =>
    assert.deepEqual([...(await service.readyJobs()).values()], Array(jobs).fill("Ready"));

  it("is made beside the running service, which goes on to the end", async () => {
    const applied = "SELECT 1 FROM Stacks WHERE applied_hash IS NOT NULL";
    const running = "SELECT 1 FROM Runs WHERE status = 'running' AND engine IS NOT NULL";
    await until(
      "half of it is built, and more is under way",
      () => original.sql(applied).length >= 8 && original.sql(running).length >= 2,
      rollOutMs,
    );
    const said = await rowgate(original.home, "backup", archive);
    assert.equal(said.code, 0, said.err);
    assert.match(
      said.out,
      /Backed up .* files, .* MB in .*home\.tar\.gz\.\nIt holds the key to the state's secrets/,
    );
    assert.ok(original.sql(running).length > 0, "runs were under way all the time");
    passphrase = await readFile(path.join(original.home, "state", "passphrase"), "utf8");
    assert.ok(!said.out.includes(passphrase) && !said.err.includes(passphrase));
    assert.equal((await stat(archive)).mode & 0o777, 0o600);
    await original.settled(rollOutMs);
    await allReady(original);
    builtByOriginal = await inventory(original);
    const again = await rowgate(original.home, "restore", archive, "--replace");
    assert.equal(again.code, 1);
    assert.match(again.err, /Another Rowgate \(pid \d+ .*\) runs on/);
    await original.stop();
  });

  it("makes a home that only its owner can read, with the key and without locks", async () => {
    const said = await rowgate(original.home, "restore", archive, "--home", restored.home);
    assert.equal(said.code, 0, said.err);
    assert.match(said.out, /Restored .*restored as it was at \d{4}-.*\n.*looks at every stack/);
    assert.equal((await stat(restored.home)).mode & 0o777, 0o700);
    const kept = path.join(restored.home, "state", "passphrase");
    assert.equal(await readFile(kept, "utf8"), passphrase);
    for (const each of await readdir(restored.home, { recursive: true, withFileTypes: true })) {
      const { mode } = await stat(path.join(each.parentPath, each.name));
      assert.equal((mode & 0o777).toString(8), each.isDirectory() ? "700" : "600", each.name);
    }
    assert.deepEqual(await restored.locks(), []);
  });

  it("starts elsewhere: all Ready, each object once, and the same as without the interruption", async () => {
    await restored.start();
    await restored.settled(rollOutMs);
    await allReady(restored);
    assertSame(await inventory(restored), builtByOriginal);
    assert.deepEqual(await twiceMade(restored), []);
    assert.deepEqual(await restored.locks(), []);
    assert.ok(!(await readdir(restored.home)).includes("restored.json"), "the mark is taken");
    const lost = restored.sql("SELECT 1 FROM Runs WHERE status = 'lost'").length;
    assert.ok(lost > 0, "runs that were under way at the backup are lost");
  });

  it("of a stopped home, restored in its place, has nothing left to build", async () => {
    await restored.stop();
    const settled = path.join(folder, "settled.tar.gz");
    assert.equal((await rowgate(restored.home, "backup", settled)).code, 0);
    const said = await rowgate(restored.home, "restore", settled, "--replace");
    assert.equal(said.code, 0, said.err);
    assert.match(said.out, /The home that was there is now .*restored\.before-/);
    await restored.start();
    const calls = (await restored.calls()).filter(({ call }) => call !== "read").length;
    await restored.settled(rollOutMs);
    await allReady(restored);
    const since = (await restored.calls()).filter(({ call }) => call !== "read").slice(calls);
    assert.deepEqual(since, []);
    assertSame(await inventory(restored), builtByOriginal);
  });
});

describe("a service whose passphrase is gone or another", () => {
  let service: TestService;
  before(async () => {
    service = new TestService(await TestService.emptyHome());
    await service.start({ ROWGATE_SAMPLE: "off" });
    await service.stop();
  });
  after(() => removeHome(service.home));
  const start = () => service.start({ ROWGATE_SAMPLE: "off" });

  it("does not start, makes none, and starts when it is put back", async () => {
    const file = path.join(service.home, "state", "passphrase");
    await rename(file, `${file}.kept`);
    await assert.rejects(start(), /ended with 1: .*passphrase is missing or empty.*rowgate backup/s);
    await writeFile(file, "another one", { mode: 0o600 });
    await assert.rejects(start(), /ended with 1: .*is not the one that the state beside it was made with/s);
    await rm(file);
    await rename(`${file}.kept`, file);
    await start();
    await service.stop();
  });
});
