/** The scripts for shells: what they offer is there, and bash offers it where it fits. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { kinds } from "../../../automation/cli/kinds.ts";
import { rowgate } from "../../support/command-line.ts";

const shells = ["bash", "zsh", "fish"] as const;

describe("completion", () => {
  let home: string;
  let scripts: ReadonlyMap<string, string>;

  before(async () => {
    home = await mkdtemp(path.join(tmpdir(), "rowgate-"));
    const said = await Promise.all(shells.map((shell) => rowgate(home, "completion", shell)));
    for (const { code, err } of said) assert.deepEqual([code, err], [0, ""]);
    scripts = new Map(shells.map((shell, index) => [shell, said[index]?.out ?? ""]));
  });
  after(() => rm(home, { recursive: true }));

  /** What bash itself would offer after these words; the last one is being typed. */
  async function offered(...typed: readonly string[]): Promise<readonly string[]> {
    const words = ["rowgate", ...typed].map((word) => `'${word}'`).join(" ");
    const ask = `COMP_WORDS=(${words}); COMP_CWORD=${typed.length}; _rowgate; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = await promisify(execFile)("bash", [
      "-uc",
      `${scripts.get("bash")}\ncomplete -p rowgate >&2\n${ask}`,
    ]);
    assert.match(stderr, /-F _rowgate rowgate/);
    return stdout.split("\n").filter((word) => word !== "");
  }
  const isCommand = (word: string): boolean => /^[a-z]/.test(word);

  it("every word that it offers first is a command, and every command is offered", async () => {
    const words = (await offered("")).filter(isCommand);
    const help = await rowgate(home, "--help");
    const listed = [...(help.out.split("Commands:")[1]?.matchAll(/^ {2}([a-z]+)/gm) ?? [])].map(
      ([, name]) => name,
    );
    assert.deepEqual(words, listed);
    assert.ok(words.length > 10);
    for (const word of words.filter((each) => each !== "help")) {
      const { code, out } = await rowgate(home, word, "--help");
      assert.deepEqual([code, out.startsWith(`Usage: rowgate ${word} `)], [0, true], word);
    }
  });

  it("a beginning is completed, at every depth", async () => {
    assert.deepEqual(await offered("re"), ["refresh", "reconcile", "restore"]);
    assert.deepEqual(await offered("describe", "s"), ["stack"]);
    assert.deepEqual(await offered("sandbox", "fault", "l"), ["list"]);
    assert.deepEqual(await offered("nonsense", "sandbo"), ["sandbox"]);
    assert.deepEqual(await offered("get", "zzz"), []);
  });

  it("kinds follow get, and formats follow -o wherever it stands", async () => {
    const words = await offered("get", "");
    assert.deepEqual(words.filter(isCommand), kinds);
    assert.deepEqual(await offered("get", "--j"), ["--job"]);
    assert.deepEqual(await offered("get", "jobs", "-o", ""), ["table", "json", "yaml"]);
    assert.deepEqual(await offered("describe", "job", "201", "--output", "j"), ["json"]);
  });

  it("every path and option of every script is one that the command has", async () => {
    const paths = [...(scripts.get("bash") ?? "").matchAll(/^ {4}"rowgate ([a-z ]+)"\) offer="([^"]*)"/gm)];
    assert.ok(paths.length > 20);
    for (const [, command = "", words = ""] of paths.filter(([, command]) => command?.includes(" "))) {
      const { code, out } = await rowgate(home, ...command.split(" "), "--help");
      assert.equal(code, 0, command);
      for (const word of words.split(" ")) assert.ok(out.includes(word), `${command} ${word}`);
    }
    for (const shell of ["zsh", "fish"])
      for (const [, command = "", words = ""] of paths) {
        const script = scripts.get(shell) ?? "";
        assert.ok(script.includes(`"rowgate ${command}"`), `${shell} ${command}`);
        assert.ok(script.includes(words), `${shell} ${words}`);
      }
  });

  it("a shell that is not known is refused", async () => {
    const { code, out, err } = await rowgate(home, "completion", "tcsh");
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /tcsh.*bash, zsh, fish/);
  });
});
