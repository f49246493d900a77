/**
 * A service with ROWGATE_CLOUD=azure, as far as it goes without Azure: nobody signs it in here, so no run starts.
 * Its engine is the real one behind a script, which notes how it is called and makes plugins in place of a download.
 */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { enginePath, removeHome, TestService, until } from "../support/service.ts";

const secret = "geheim-7f2a91";
const signIn = {
  ROWGATE_CLOUD: "azure",
  ARM_CLIENT_ID: "11111111-1111-4111-8111-111111111111",
  ARM_TENANT_ID: "22222222-2222-4222-8222-222222222222",
  ARM_CLIENT_SECRET: secret,
  // Nobody listens there: what is asked of Microsoft Entra ID fails at once.
  AZURE_AUTHORITY_HOST: "https://127.0.0.1:1",
};

async function scriptedEngine(t: TestContext) {
  const folder = await mkdtemp(path.join(tmpdir(), "rowgate-engine-"));
  t.after(() => rm(folder, { recursive: true }));
  const command = path.join(folder, "pulumi");
  const log = path.join(folder, "calls");
  await writeFile(
    command,
    `#!/bin/sh
printf '%s\\n' "$*" >> "${log}"
env | grep -c PULUMI_DEBUG_PROVIDERS >> "${log}.debug"
if [ "$1" = plugin ]; then
  folder="$PULUMI_HOME/plugins/resource-$4-$5"
  mkdir -p "$folder" && printf x > "$folder/pulumi-resource-$4" && chmod +x "$folder/pulumi-resource-$4"
  exit 0
fi
exec "${enginePath()}" "$@"
`,
  );
  await chmod(command, 0o755);
  return {
    command,
    calls: async () => await readFile(log, "utf8"),
    debug: () => readFile(`${log}.debug`, "utf8"),
  };
}

/** Command lines of all processes that have this home in theirs. */
async function processesOf(home: string): Promise<readonly string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes(home)).map((line) => line.replaceAll("\0", " "));
}

async function textOf(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = files
    .filter((file) => file.isFile())
    .map((file) => readFile(path.join(file.parentPath, file.name), "latin1"));
  return (await Promise.all(texts)).join("\n");
}

describe("a service on Azure", () => {
  it("starts no simulated cloud, installs its plugins, and says why no run starts", async (t) => {
    const engine = await scriptedEngine(t);
    const home = await TestService.emptyHome();
    t.after(() => removeHome(home));
    const service = new TestService(home);
    await service.start({ ...signIn, ROWGATE_ENGINE_PATH: engine.command });
    t.after(() => service.kill("SIGKILL"));
    assert.match(service.text, /Installing provider plugin azure-native 3\.28\.0 \(1 of 3\), once\./);
    assert.match(service.text, /runs at http:\S+ \(on Azure\)/);
    assert.doesNotMatch(service.text, /sandbox|nothing real|sample/i);
    const response = await service.fetch("/healthz");
    assert.equal(response.headers.get("x-rowgate-cloud"), "azure");
    assert.equal((await service.get<{ cloud: string }>("/healthz")).cloud, "azure");

    type Ready = {
      cloud: string;
      status: string;
      checks: { name: string; ok: boolean; message: string | null }[];
    };
    const ready = await service.get<Ready>("/readyz");
    assert.deepEqual([ready.cloud, ready.status], ["azure", "unavailable"]);
    const faults = ready.checks.filter(({ ok }) => !ok);
    assert.deepEqual(
      faults.map(({ name }) => name),
      ["clouds"],
    );
    assert.match(faults[0]?.message ?? "", /does not sign the service in by client secret: .*rowgate doctor/);

    assert.deepEqual((await readdir(home)).includes("clouds"), false);
    const started = await processesOf(home);
    assert.deepEqual(
      started.filter((line) => line.includes("simulators")),
      [],
    );
    assert.deepEqual(service.sql("SELECT name FROM Environments"), [], "no sample on Azure");

    const calls = await engine.calls();
    assert.equal(calls.match(/^plugin install resource /gm)?.length, 3);
    assert.doesNotMatch(await engine.debug(), /[1-9]/, "no engine process is told of providers to attach to");
    await service.stop();
    const kept = `${service.text}\n${await textOf(home)}\n${calls}`;
    assert.ok(!kept.includes(secret), "the secret is kept somewhere");
  });

  it("tells that a plugin has gone, and refuses a home of the sandbox", async (t) => {
    const engine = await scriptedEngine(t);
    const home = await TestService.emptyHome();
    t.after(() => removeHome(home));
    const service = new TestService(home);
    await service.start({ ...signIn, ROWGATE_ENGINE_PATH: engine.command });
    t.after(() => service.kill("SIGKILL"));
    await rm(path.join(home, "pulumi", "plugins"), { recursive: true });
    await until("the plugins are missed", async () => {
      const { checks } = await service.get<{ checks: { name: string; message: string | null }[] }>("/readyz");
      return /plugins are gone.*azure-native 3\.28\.0/.test(
        checks.find(({ name }) => name === "plugins")?.message ?? "",
      );
    });
    await service.stop();

    const sandboxHome = await TestService.emptyHome();
    t.after(() => removeHome(sandboxHome));
    await mkdir(path.join(sandboxHome, "clouds"));
    const refused = new TestService(sandboxHome);
    await assert.rejects(refused.start({ ...signIn, ROWGATE_ENGINE_PATH: engine.command }), /ended with 1/);
    assert.match(refused.text, /has the state of the sandbox, and ROWGATE_CLOUD is azure/);
  });
});
