import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { matchesSalt } from "../../../automation/engine/passphrase.ts";
import { prepareState } from "../../../automation/engine/prepare-state.ts";
import { ServiceError } from "../../../automation/errors.ts";
import { createLogger } from "../../../automation/log.ts";
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
  const prepare = () =>
    prepareState({
      root,
      engineCommand: home.settings.engine.command,
      base,
      log: createLogger(null, "info"),
    });
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

  const passphraseFile = () => path.join(root, "passphrase");
  const refusedWith = (code: string, ...words: readonly string[]) =>
    assert.rejects(prepare(), (fault: Error) => {
      assert.ok(fault instanceof ServiceError && fault.code === code, fault.message);
      for (const word of words) assert.ok(fault.message.includes(word), `${word} in ${fault.message}`);
      return true;
    });

  it("never makes a new passphrase where a salt is: missing and empty are refused", async () => {
    await prepare();
    await rm(passphraseFile());
    await refusedWith("PassphraseMissing", passphraseFile(), "backup");
    assert.equal(existsSync(passphraseFile()), false, "none was made");
    await writeFile(passphraseFile(), " \n", { mode: 0o600 });
    await refusedWith("PassphraseMissing", passphraseFile());
    assert.equal(await readFile(passphraseFile(), "utf8"), " \n", "nor was the file touched");
  });

  it("never makes a new passphrase, or salt, where stacks have state", async () => {
    const stacks = path.join(root, "backend", ".pulumi", "stacks", "rowgate");
    await mkdir(stacks, { recursive: true });
    await writeFile(path.join(stacks, "platform-eastus.json.bak"), "{}");
    await refusedWith("PassphraseMissing");
    await writeFile(passphraseFile(), "put back", { mode: 0o600 });
    await refusedWith("SaltMissing", "encryption-salt.yaml", "Pulumi.*.yaml");
    assert.deepEqual(await home.told(), [], "no engine was started");
  });

  it("a passphrase file that others can read is tightened, and the log tells", async () => {
    await prepare();
    await chmod(passphraseFile(), 0o644);
    const log = path.join(home.folder, "log");
    const engineCommand = home.settings.engine.command;
    await prepareState({ root, engineCommand, base, log: createLogger(log, "info") });
    assert.equal((await stat(passphraseFile())).mode & 0o777, 0o600);
    const [line = "{}", ...more] = (await readFile(log, "utf8")).trim().split("\n");
    const { msg, was, file } = JSON.parse(line);
    assert.match(msg, /could be read by others/);
    assert.deepEqual({ was, file, more }, { was: "644", file: passphraseFile(), more: [] });
    assert.ok(!line.includes(await readFile(passphraseFile(), "utf8")));
  });

  it("a passphrase that the salt was not made with is refused, and what was wrong is not said", async () => {
    await prepare();
    await writeFile(path.join(root, "encryption-salt.yaml"), `encryptionsalt: ${realSalt}\n`);
    await writeFile(passphraseFile(), "another passphrase", { mode: 0o600 });
    await refusedWith("PassphraseWrong", passphraseFile(), "same backup");
    await prepare().catch((fault) => assert.ok(!fault.message.includes("another passphrase")));
    await writeFile(passphraseFile(), `  ${realPassphrase}\n`, { mode: 0o600 });
    assert.equal((await prepare()).salt, realSalt, "white space around it is none of it, as for the engine");
  });
});

// Made by engine 3.259.0 with this passphrase, for this test alone.
const realPassphrase = "correct horse";
const realSalt = "v1:syxjrO511/8=:v1:yNGXtAGBx17Zu7yE:eKtqk6k+2ZaLrqxgMJeGqw4bkvbWOw==";

describe("a passphrase and the engine's salt", () => {
  it("match, or do not, or the salt has a form that is left to the engine", async () => {
    assert.equal(await matchesSalt(realPassphrase, realSalt), "yes");
    assert.equal(await matchesSalt("correct horses", realSalt), "no");
    assert.equal(await matchesSalt("", realSalt), "no");
    const cut = realSalt.replace(/.{8}$/, "AAAAAAA=");
    assert.equal(await matchesSalt(realPassphrase, cut), "no");
    for (const other of ["", "v1:salt=", "v2:a:v1:b:c", `${realSalt}:more`])
      assert.equal(await matchesSalt(realPassphrase, other), "unknown", other);
  });
});
