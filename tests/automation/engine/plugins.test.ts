/** The engine here is a script that writes down how it was called: the real one would download. */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { installPlugins, missingPlugins } from "../../../automation/engine/plugins.ts";
import { ServiceError } from "../../../automation/errors.ts";
import { providerPlugins } from "../../../automation/versions.ts";
import { checkout } from "../../support/service.ts";

const plugins = [
  { name: "azure-native", version: "3.28.0" },
  { name: "azuread", version: "6.9.1" },
];

/** @param body what the script does, as an installation */
async function openLab(t: TestContext, body: string) {
  const home = await mkdtemp(path.join(tmpdir(), "rowgate plugins "));
  t.after(() => rm(home, { recursive: true }));
  const command = path.join(home, "pulumi-script");
  const log = path.join(home, "calls");
  await writeFile(
    command,
    `#!/bin/sh\nprintf '%s|%s\\n' "$*" "$PULUMI_HOME $HTTPS_PROXY" >> "${log}"\nname=$4 version=$5\nfolder="$PULUMI_HOME/plugins/resource-$name-$version"\n${body}\n`,
  );
  await chmod(command, 0o755);
  const said: string[] = [];
  return {
    home,
    said,
    calls: async () =>
      (await readFile(log, "utf8").catch(() => "")).split("\n").filter((line) => line !== ""),
    install: () =>
      installPlugins({
        command,
        home,
        plugins,
        environment: { PATH: process.env.PATH ?? "", HTTPS_PROXY: "http://proxy" },
        say: (line) => said.push(line),
      }),
  };
}

const installs = `mkdir -p "$folder"; printf x > "$folder/pulumi-resource-$name"; chmod +x "$folder/pulumi-resource-$name"`;

describe("provider plugins", () => {
  it("are installed once, in their pinned versions, into the home, and said aloud", async (t) => {
    const lab = await openLab(t, installs);
    await lab.install();
    const where = `${lab.home}/pulumi http://proxy`;
    assert.deepEqual(await lab.calls(), [
      `plugin install resource azure-native v3.28.0 --non-interactive|${where}`,
      `plugin install resource azuread v6.9.1 --non-interactive|${where}`,
    ]);
    assert.equal(lab.said[0], "Installing provider plugin azure-native 3.28.0 (1 of 2), once.");
    assert.match(lab.said[1] ?? "", /^Installed azure-native 3\.28\.0 in \d+ s\.$/);
    assert.deepEqual(await missingPlugins(lab.home, plugins), []);
    await lab.install();
    assert.equal((await lab.calls()).length, 2);
    assert.equal(lab.said.length, 4);
  });

  it("that were not unpacked to the end are missing", async (t) => {
    const lab = await openLab(t, installs);
    await lab.install();
    const folder = path.join(lab.home, "pulumi", "plugins");
    await writeFile(path.join(folder, "resource-azuread-v6.9.1.partial"), "");
    assert.deepEqual(await missingPlugins(lab.home, plugins), [plugins[1]]);
    await rm(path.join(folder, "resource-azuread-v6.9.1.partial"));
    await chmod(path.join(folder, "resource-azuread-v6.9.1", "pulumi-resource-azuread"), 0o644);
    assert.deepEqual(await missingPlugins(lab.home, plugins), [plugins[1]]);
  });

  for (const [what, body, words] of [
    [
      "cannot be downloaded",
      "echo 'downloading 3%' >&2; echo 'error: get.pulumi.com: no such host' >&2; exit 255",
      /no such host/,
    ],
    ["is said to be there and is not", "true", /it is not there/],
  ] as const)
    it(`where one ${what}, one error says what, why and what to do`, async (t) => {
      const lab = await openLab(t, body);
      await mkdir(path.join(lab.home, "pulumi"), { recursive: true });
      await assert.rejects(lab.install(), (fault) => {
        assert.ok(fault instanceof ServiceError && fault.code === "PluginsUnavailable");
        assert.match(fault.message, words);
        assert.match(fault.message, /azure-native 3\.28\.0 could not be installed/);
        assert.match(fault.message, /plugin install resource azure-native v3\.28\.0 --file <archive>/);
        assert.doesNotMatch(fault.message, /\n/);
        return true;
      });
      assert.equal((await lab.calls()).length, 1);
    });

  it("are those of the packages that the program is written with", async () => {
    const text = await readFile(path.join(checkout, "package.json"), "utf8");
    const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
    assert.deepEqual(
      providerPlugins(checkout),
      ["azure-native", "azuread", "databricks"].map((name) => ({
        name,
        version: dependencies[`@pulumi/${name}`],
      })),
    );
  });
});
