import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { ensureEngine } from "../../../automation/setup/engine.js";
import { buildEngine } from "../../../automation/setup/engine-build.js";
import { bareEnvironment, lines, tempFolder, writeScript } from "./fixtures.ts";

/** A go that answers `list` with two packages and `build` with an engine. */
const FAKE_GO = `echo "$PWD: $*" >> "$HOME/calls"
echo "$CGO_ENABLED $GOFLAGS $GOWORK [$GOOS]" >> "$HOME/settings"
if [ "$1" = list ]; then echo "go: downloading a v1" >&2; echo a; echo b; exit 0; fi
echo a >&2
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho v3.259.0\\n' > "$2"
chmod +x "$2"`;

async function setting(t: TestContext, go: string) {
  const folder = await tempFolder(t);
  const { env, bin } = await bareEnvironment(folder);
  const workDir = join(folder, "work");
  await mkdir(workDir);
  return { folder, go: await writeScript(join(bin, "go"), go), env, workDir, ...lines() };
}

describe("a build with Go", () => {
  it("follows when the installer's server refuses, and fills the cache", async (t) => {
    const { env, said, report } = await setting(t, FAKE_GO);
    const engine = await ensureEngine({ env: { ...env, HTTPS_PROXY: "http://127.0.0.1:1" }, report });
    assert.equal(engine.source, "go build");
    assert.match(said.join("\n"), /building the engine 3\.259\.0 with Go: usually 3 to 5 min/);
    assert.equal((await ensureEngine({ env, report })).source, "cache");
  });

  it("takes the pinned module, reproducibly, for this machine", async (t) => {
    const { folder, go, ...options } = await setting(t, FAKE_GO);
    await buildEngine(go, { ...options, env: { ...options.env, GOOS: "plan9", GOFLAGS: "-mod=mod" } });
    const calls = await readFile(join(folder, "calls"), "utf8");
    assert.match(calls, /automation\/setup\/engine: build -v -trimpath .*version\.Version=v3\.259\.0 -o/);
    assert.match(calls, /github\.com\/pulumi\/pulumi\/pkg\/v3\/cmd\/pulumi\n$/);
    assert.deepEqual(
      new Set((await readFile(join(folder, "settings"), "utf8")).trim().split("\n")),
      new Set(["0 -mod=readonly off []"]),
    );
  });

  it("that cannot fetch its modules quotes Go", async (t) => {
    const { go, ...options } = await setting(t, "echo 'go: dial tcp: i/o timeout' >&2; exit 1");
    await assert.rejects(
      buildEngine(go, options),
      /the Go modules could not be fetched, exit code 1: go: dial tcp/,
    );
  });

  it("whose modules stop arriving is given up", async (t) => {
    const { go, ...options } = await setting(t, "echo 'go: downloading a v1' >&2; exec sleep 600");
    await assert.rejects(buildEngine(go, { ...options, silenceMs: 300 }), /no Go module arrived for 0\.3 s/);
  });

  it("that fails to compile quotes Go", async (t) => {
    const { go, ...options } = await setting(
      t,
      `[ "$1" = list ] && exit 0; echo 'no space left on device' >&2; exit 1`,
    );
    await assert.rejects(buildEngine(go, options), /go build failed, exit code 1: no space left on device/);
  });

  it("speaks at least every ten seconds", async (t) => {
    const { go, said, ...options } = await setting(t, `[ "$1" = build ] && sleep 9\n${FAKE_GO}`);
    await buildEngine(go, options);
    assert.match(said.join("\n"), /compiling: 0 of at most 2 packages, 8 s/);
  });
});
