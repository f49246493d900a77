import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { appendFile, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type EngineMakers, ensureEngine } from "../../../automation/setup/engine.js";
import { engineFolder } from "../../../automation/setup/engine-cache.js";
import { ENGINE_VERSION } from "../../../automation/setup/engine-version.js";
import { bareEnvironment, fakeEngine, lines, startNode, tempFolder, writeScript } from "./fixtures.ts";

const unreachable = () => Promise.reject(new Error("cannot be reached"));
const never: EngineMakers = {
  download: () => assert.fail("nothing is to be downloaded"),
  build: () => assert.fail("nothing is to be built"),
};

function makes(version: string, made: string[] = []): EngineMakers["build"] {
  return ({ workDir }) => {
    made.push(version);
    return writeScript(join(workDir, "bin", "pulumi"), fakeEngine(version));
  };
}

async function machine(t: TestContext) {
  const folder = await tempFolder(t);
  return { folder, ...(await bareEnvironment(folder)), ...lines() };
}

async function filledCache(t: TestContext) {
  const { env, report, ...rest } = await machine(t);
  const engine = await ensureEngine({ env, report, makers: { ...never, download: makes("3.259.0") } });
  return { ...rest, ...lines(), env, path: engine.path };
}

describe("an engine named by ROWGATE_PULUMI", () => {
  it("comes first", async (t) => {
    const { folder, env, bin, report, said } = await machine(t);
    await writeScript(join(bin, "pulumi"), fakeEngine("3.259.1"));
    const named = await writeScript(join(folder, "my engine", "pulumi"), fakeEngine("3.259.7"));
    const engine = await ensureEngine({ env: { ...env, ROWGATE_PULUMI: named }, report, makers: never });
    assert.deepEqual(engine, { path: named, version: "3.259.7", source: "ROWGATE_PULUMI" });
    assert.deepEqual(said, []);
  });

  it("may be another version, with a warning", async (t) => {
    const { folder, env, report, said } = await machine(t);
    const named = await writeScript(join(folder, "pulumi"), fakeEngine("3.300.1"));
    const engine = await ensureEngine({ env: { ...env, ROWGATE_PULUMI: named }, report, makers: never });
    assert.equal(engine.version, "3.300.1");
    assert.match(
      said.join(),
      /warning: ROWGATE_PULUMI is Pulumi 3\.300\.1; Rowgate is tested with 3\.259\.x/,
    );
  });

  it("that is no executable is an error, not a reason to look elsewhere", async (t) => {
    const { folder, env, report } = await machine(t);
    const named = { ...env, ROWGATE_PULUMI: join(folder, "nothing") };
    await assert.rejects(
      ensureEngine({ env: named, report, makers: never }),
      /ROWGATE_PULUMI: .*nothing is not an executable file. Set it to the path of a pulumi executable, or unset it/,
    );
  });

  it("that does not run is an error with its own words", async (t) => {
    const { folder, env, report } = await machine(t);
    const named = await writeScript(join(folder, "pulumi"), "echo wrong architecture >&2; exit 3");
    await assert.rejects(
      ensureEngine({ env: { ...env, ROWGATE_PULUMI: named }, report, makers: never }),
      /does not run: `pulumi version` failed, exit code 3: wrong architecture/,
    );
  });
});

describe("an engine on PATH", () => {
  it("comes before the cache", async (t) => {
    const { env, bin, report } = await filledCache(t);
    const path = await writeScript(join(bin, "pulumi"), fakeEngine("3.259.4"));
    const engine = await ensureEngine({ env, report, makers: never });
    assert.deepEqual(engine, { path, version: "3.259.4", source: "PATH" });
  });

  it("of another version is passed over aloud", async (t) => {
    const { env, bin, report, said } = await filledCache(t);
    await writeScript(join(bin, "pulumi"), fakeEngine("3.100.0"));
    const engine = await ensureEngine({ env, report, makers: never });
    assert.equal(engine.source, "cache");
    assert.match(said.join(), /not used: .*pulumi is 3\.100\.0, not 3\.259\.x/);
  });

  it("leaves nothing in the person's own Pulumi home", async (t) => {
    const { folder, env, bin, report } = await machine(t);
    const log = join(folder, "home");
    await writeScript(join(bin, "pulumi"), `echo "$PULUMI_HOME" > '${log}'; ${fakeEngine("3.259.0")}`);
    await ensureEngine({ env: { ...env, PULUMI_HOME: folder }, report, makers: never });
    const home = (await readFile(log, "utf8")).trim();
    assert.notEqual(home, folder);
    assert.equal(existsSync(home), false);
  });
});

describe("the cached engine", () => {
  it("is made once and then only looked at", async (t) => {
    const { env, path, report, said } = await filledCache(t);
    const engine = await ensureEngine({ env, report, makers: never });
    assert.deepEqual(engine, { path, version: "3.259.0", source: "cache" });
    assert.deepEqual(said, []);
  });

  it("lies under ROWGATE_CACHE, else XDG_CACHE_HOME, else the home's .cache", () => {
    const tail = join("engine", ENGINE_VERSION);
    assert.equal(engineFolder({ ROWGATE_CACHE: "/c", XDG_CACHE_HOME: "/x", HOME: "/h" }), join("/c", tail));
    assert.equal(engineFolder({ XDG_CACHE_HOME: "/x", HOME: "/h" }), join("/x/rowgate", tail));
    assert.equal(engineFolder({ XDG_CACHE_HOME: "relative", HOME: "/h" }), join("/h/.cache/rowgate", tail));
  });

  const faults: Record<string, (path: string) => Promise<unknown>> = {
    "cut short": async (path) => truncate(path, (await stat(path)).size - 2),
    altered: (path) => appendFile(path, "# more\n"),
    gone: (path) => rm(path),
    "without its stamp": (path) => rm(join(dirname(path), "..", "stamp.json")),
    "with half a stamp": (path) => truncate(join(dirname(path), "..", "stamp.json"), 20),
  };
  for (const [fault, breakIt] of Object.entries(faults)) {
    it(`${fault} is replaced`, async (t) => {
      const { env, path, report, said } = await filledCache(t);
      await breakIt(path);
      const made: string[] = [];
      const engine = await ensureEngine({
        env,
        report,
        makers: { ...never, download: makes("3.259.0", made) },
      });
      assert.equal(engine.path, path);
      assert.equal(made.length, 1);
      assert.match(said.join("\n"), /the cached engine is broken and will be replaced/);
      assert.equal((await ensureEngine({ env, report, makers: never })).source, "cache");
    });
  }

  it("that cannot be kept is an error that names ROWGATE_CACHE", async (t) => {
    const { folder, env, report } = await machine(t);
    await writeFile(join(folder, "file"), "");
    await assert.rejects(
      ensureEngine({ env: { ...env, ROWGATE_CACHE: join(folder, "file", "below") }, report, makers: never }),
      /the engine's cache .* cannot be used: .* Set ROWGATE_CACHE to a folder that can be written/,
    );
  });
});

describe("an engine that has to be made", () => {
  it("comes from the installer before a build", async (t) => {
    const { env, report } = await machine(t);
    const engine = await ensureEngine({ env, report, makers: { ...never, download: makes("3.259.0") } });
    assert.equal(engine.source, "installer");
    assert.equal(engine.path, join(engineFolder(env), "bin", "pulumi"));
  });

  it("is built where the installer fails, and leaves no work behind", async (t) => {
    const { env, report, said } = await machine(t);
    const makers = { download: unreachable, build: makes("3.259.0") };
    const engine = await ensureEngine({ env, report, makers });
    assert.equal(engine.source, "go build");
    assert.match(said.join("\n"), /installer: cannot be reached/);
    assert.deepEqual((await readdir(engineFolder(env))).sort(), ["bin", "stamp.json"]);
    assert.deepEqual(await readdir(join(engineFolder(env), "..")), [ENGINE_VERSION]);
  });

  it("is refused when it is another version or does not run", async (t) => {
    const { env, report } = await machine(t);
    const broken: EngineMakers["build"] = ({ workDir }) => writeScript(join(workDir, "pulumi"), "exit 1");
    await assert.rejects(
      ensureEngine({ env, report, makers: { download: makes("3.258.0"), build: broken } }),
      /installer: it is version 3\.258\.0, not 3\.259\.0\n.*go build: the engine does not run here/s,
    );
    assert.equal(existsSync(join(engineFolder(env), "bin", "pulumi")), false);
  });

  it("and can't be is one error that says what was tried and what to do", async (t) => {
    const { env, bin, report } = await machine(t);
    await writeScript(join(bin, "pulumi"), fakeEngine("2.0.0"));
    // Nothing listens on port 1: the real installer's download is refused at once.
    const offline = { ...env, HTTPS_PROXY: "http://127.0.0.1:1" };
    await assert.rejects(ensureEngine({ env: offline, report }), ({ message }: Error) => {
      assert.match(message, /^no Pulumi engine 3\.259\.x could be found or made\. Tried:/);
      assert.match(message, /ROWGATE_PULUMI: not set/);
      assert.match(message, /PATH: .*pulumi is 2\.0\.0/);
      assert.match(message, /cache: .* is empty/);
      assert.match(message, /installer: the installer failed, exit code 1: Failed to download/);
      assert.match(message, /go build: there is no go on PATH/);
      assert.match(
        message,
        /Do one of these, then run the command again:\n.*ROWGATE_PULUMI.*\n.*HTTPS_PROXY.*\n.*Go/,
      );
      return true;
    });
  });

  it("is built once by two set-ups at once", async (t) => {
    const { env, folder } = await machine(t);
    const at = (file: string) => JSON.stringify(import.meta.resolve(`../../../automation/setup/${file}`));
    const script = `import { appendFileSync, writeFileSync } from "node:fs";
      import { ensureEngine } from ${at("engine.js")};
      const build = async ({ workDir }) => {
        appendFileSync(process.argv[1], "built\\n");
        await new Promise((done) => setTimeout(done, 700));
        writeFileSync(workDir + "/pulumi", "#!/bin/sh\\necho v3.259.0\\n");
        return workDir + "/pulumi";
      };
      const makers = { download: () => Promise.reject(new Error("offline")), build };
      const engine = await ensureEngine({ env: process.env, report: (line) => console.error(line), makers });
      console.log(engine.source);`;
    const builds = join(folder, "builds");
    const both = [1, 2].map(() => startNode(["--input-type=module", "-e", script, builds], { env }).ended);
    const outcomes = await Promise.all(both);
    assert.deepEqual(outcomes.map(({ stdout }) => stdout.trim()).sort(), ["cache", "go build"]);
    assert.equal(await readFile(builds, "utf8"), "built\n");
    const waiting = outcomes.find(({ stdout }) => stdout.trim() === "cache");
    assert.match(waiting?.stderr ?? "", /waiting for process \d+ \(making the engine 3\.259\.0/);
  });
});

describe("the engine's version", () => {
  it("is the same in package.json, go.mod and set-up", async () => {
    const at = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), "utf8");
    assert.equal(JSON.parse(await at("package.json")).dependencies["@pulumi/pulumi"], ENGINE_VERSION);
    assert.ok((await at("automation/setup/engine/go.mod")).includes(`pulumi/pkg/v3 v${ENGINE_VERSION}\n`));
  });
});
