/** `rowgate bootstrap`: from files, from flags, from a service, and applied against a scripted Azure. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { stringify } from "yaml";
import { bootstrapCommand } from "../../../automation/cli/bootstrap.ts";
import { armFault, type ScriptedAnswer, scriptedAzure } from "../../support/scripted-azure.ts";
import { subscriptionId } from "../privilege/facts.ts";

const row = {
  name: "eastus",
  location: "eastus",
  subscription_id: subscriptionId,
  tenant_id: "11111111-1111-4111-8111-111111111111",
  resource_group: "rg-ml-eastus",
};
const principal = "44444444-4444-4444-8444-444444444444";

interface Said {
  readonly text: string;
  readonly code: number;
}

interface RunOptions {
  readonly rows?: readonly Readonly<Record<string, unknown>>[];
  readonly answer?: ScriptedAnswer;
  readonly confirm?: boolean | null;
}

async function run(t: TestContext, args: readonly string[], options: RunOptions = {}): Promise<Said> {
  const printed: string[] = [];
  let code = 0;
  const { rows = [], answer = { status: 201, body: {} }, confirm = null } = options;
  const azure = await scriptedAzure(t, ({ method, path: target }) => {
    if (target.startsWith("/v1.0/servicePrincipals") && method === "GET")
      return { status: 200, body: { value: [{ id: "graph" }] } };
    return method === "GET" ? null : answer;
  });
  const command = bootstrapCommand(
    {
      open: async () => ({
        get: async () => ({
          rows: rows.map((values) => ({ table: "Environments", key: "k", values, conditions: [] })),
        }),
        post: () => assert.fail("nothing is posted to the service"),
        events: () => assert.fail("no events are followed"),
      }),
      print: (line) => printed.push(line),
      endWith: (ended) => {
        code = ended;
      },
      stopped: () => new AbortController().signal,
      stdin: async () => new Uint8Array(),
      confirm: confirm === null ? null : async () => confirm,
    },
    () => azure.access,
  ).exitOverride();
  await command.parseAsync([...args], { from: "user" });
  return { text: printed.join("\n"), code };
}

const withPrincipal = (...args: readonly string[]): readonly string[] => [...args, "--principal", principal];

describe("rowgate bootstrap", () => {
  it("takes the environment from files, from the service that runs, or from flags: the plan is the same", async (t) => {
    const folder = await mkdtemp(path.join(tmpdir(), "rowgate-bootstrap-"));
    t.after(() => rm(folder, { recursive: true }));
    const file = path.join(folder, "environments.yaml");
    await writeFile(file, stringify({ environments: [row, { ...row, name: "westus" }] }));
    const ofFile = await run(t, withPrincipal("eastus", "-f", file, "-o", "json"));
    const ofService = await run(t, withPrincipal("-o", "json"), { rows: [row] });
    const ofFlags = await run(
      t,
      withPrincipal(
        "eastus",
        ...["--subscription", row.subscription_id, "--tenant", row.tenant_id],
        ...["--resource-group", row.resource_group, "--location", row.location, "--format", "json"],
      ),
    );
    assert.equal(ofFile.text, ofService.text);
    assert.equal(ofFile.text, ofFlags.text);
    assert.equal(JSON.parse(ofFile.text).environment, "eastus");
    await assert.rejects(
      run(t, withPrincipal("-f", file)),
      /several environments: name one of eastus, westus/,
    );
    await assert.rejects(run(t, withPrincipal("north", "-f", file)), /no environment north.*eastus, westus/);
  });

  it("refuses ids that are none, with the next step", async (t) => {
    await assert.rejects(
      run(t, ["--principal", "rowgate"], { rows: [row] }),
      /--principal rowgate is no GUID.*az ad sp/,
    );
    await assert.rejects(
      run(t, withPrincipal(), { rows: [{ ...row, existing_resources: { key_vault: "/x" } }] }),
      /existing_resources\.key_vault: is not an ARM id like/,
    );
    await assert.rejects(
      run(t, withPrincipal("--subscription", row.subscription_id)),
      /resource_group: .*Name it with its row/,
    );
  });

  it("gives nothing without somebody's word", async (t) => {
    await assert.rejects(run(t, withPrincipal("--apply"), { rows: [row] }), /Nobody is at the terminal/);
    await assert.rejects(
      run(t, withPrincipal("--apply"), { rows: [row], confirm: false }),
      /Nothing was changed/,
    );
  });

  it("--apply says each step, and ends with 1 if one was refused", async (t) => {
    const good = await run(t, withPrincipal("--apply"), { rows: [row], confirm: true });
    assert.equal(good.code, 0);
    assert.match(good.text, /^done +resource group .*rg-ml-eastus$/m);
    assert.match(good.text, /^done +Role Based Access Control Administrator on /m);
    assert.match(good.text, /All of it is given/);
    const refused = armFault(403, "AuthorizationFailed", "may not\nok   forged line");
    const bad = await run(t, withPrincipal("--apply", "--yes"), { rows: [row], answer: refused });
    assert.equal(bad.code, 1);
    assert.match(bad.text, /^failed +Contributor on .*AuthorizationFailed.*may not\\nok/m);
    assert.match(bad.text, /Not all of it is given/);
  });

  it("--format az is a script", async (t) => {
    const { text } = await run(t, withPrincipal("--format", "az"), { rows: [row] });
    assert.match(text, /^#!\/usr\/bin\/env bash\n/);
  });
});
