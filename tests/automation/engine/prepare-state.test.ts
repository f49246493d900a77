import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { prepareState } from "../../../automation/engine/prepare-state.ts";
import { type FakeHome, fakeHome } from "./fake-engine.ts";

// What `stack init` leaves; the real engine is seen doing it by the engine suite.
const engine = `tell "$1 $2 backend=$PULUMI_BACKEND_URL"
case "$1 $2" in "stack init") echo 'encryptionsalt: v1:salt=' > "Pulumi.$3.yaml";; esac`;

const base = { PATH: process.env.PATH ?? "", PULUMI_HOME: "/home/engine" };

describe("preparing the state of a home", () => {
  let home: FakeHome;
  let root: string;
  beforeEach(async () => {
    home = await fakeHome(engine);
    root = path.join(home.folder, "the state");
  });
  afterEach(() => home.remove());
  const prepare = () => prepareState(root, home.settings.engine.command, base);
  const verbs = async () => (await home.told()).map((line) => line.split(" ").slice(0, 2).join(" "));

  it("lets the engine make the salt and leaves no set-up stack", async () => {
    const { salt, folder } = await prepare();
    assert.equal(salt, "v1:salt=");
    assert.deepEqual(await verbs(), ["stack rm", "stack init", "stack rm"]);
    assert.equal(existsSync(path.join(root, "set-up")), false);
    assert.ok(existsSync(folder.backend) && existsSync(folder.workspaces));
  });

  it("a second time starts no engine and gives the same", async () => {
    const first = await prepare();
    await home.script("tell again");
    assert.deepEqual(await prepare(), first);
    assert.ok(!(await home.told()).includes("again"));
  });

  it("makes a passphrase that only its owner can read, and keeps it", async () => {
    const { environment } = await prepare();
    const file = environment.PULUMI_CONFIG_PASSPHRASE_FILE ?? "";
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(path.join(root, "backend"))).mode & 0o777, 0o700);
    const passphrase = await readFile(file, "utf8");
    assert.match(passphrase, /^[\w-]{43}$/);
    await prepare();
    assert.equal(await readFile(file, "utf8"), passphrase);
    assert.ok(!JSON.stringify(environment).includes(passphrase), "the environment names the file alone");
  });

  it("gives engines the base environment and the state's URL", async () => {
    const { environment } = await prepare();
    assert.equal(environment.PULUMI_HOME, "/home/engine");
    assert.match(environment.PULUMI_BACKEND_URL ?? "", /^file:\/\/\/.*the%20state\/backend\?metadata=skip$/);
    const [line] = await home.told();
    assert.ok(line?.endsWith(`backend=${environment.PULUMI_BACKEND_URL}`));
  });

  it("interrupted before the salt was kept, is taken up again", async () => {
    await home.script("exit 255");
    await assert.rejects(prepare());
    await home.script(engine);
    assert.equal((await prepare()).salt, "v1:salt=");
  });

  it("a salt file that was emptied is a fault that says what to do", async () => {
    await prepare();
    await writeFile(path.join(root, "encryption-salt.yaml"), "");
    await assert.rejects(prepare(), /encryption-salt\.yaml has no encryptionsalt; remove the file/);
  });
});
