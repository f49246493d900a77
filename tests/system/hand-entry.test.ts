/** A person runs the same program by hand: Pulumi.yaml and program/index.ts, with the real engine. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, symlink } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import type { PlatformSpec } from "../../metadata-schema/desired-state.ts";
import type { SideOptions } from "../support/engine-sides.ts";
import { serveProgram } from "../support/language-server.ts";
import { openSandbox, type Sandbox } from "../support/sandbox.ts";
import { checkout, enginePath } from "../support/service.ts";
import { environment } from "../support/small-rows.ts";

const { subscription_id: subscriptionId, tenant_id: tenantId } = environment().values;
const spec: PlatformSpec = {
  kind: "platform",
  stack: "platform-eastus",
  environment: {
    name: "eastus",
    location: "eastus",
    subscriptionId: String(subscriptionId),
    tenantId: String(tenantId),
    resourceGroup: "rg-ml-eastus",
    existing: {},
  },
  addressSpace: "10.20.0.0/16",
  ownGroup: null,
  serviceUrl: null,
  alertEmails: [],
  production: true,
  deletionProtection: true,
};

describe("the program by hand", () => {
  let sandbox: Sandbox;
  let side: SideOptions;

  before(async () => {
    sandbox = await openSandbox(enginePath(), 1);
    side = await sandbox.side("by-hand", true);
    await copyFile(path.join(checkout, "Pulumi.yaml"), path.join(side.folder, "Pulumi.yaml"));
    await symlink(path.join(checkout, "program"), path.join(side.folder, "program"));
    await pulumi("stack", "init", spec.stack);
  });
  after(() => sandbox.close());

  const pulumi = (...args: string[]) =>
    promisify(execFile)(enginePath(), [...args, "--non-interactive", "--color", "never"], {
      cwd: side.folder,
      env: { ...side.environment },
    });

  /** Serves program/index.ts as the language host would, and previews the stack with it. */
  async function preview(): Promise<string> {
    const served = await serveProgram(async () => {
      const { default: program } = await import("../../program/index.ts");
      return (await program()) as Record<string, unknown>;
    });
    try {
      const run = pulumi("preview", "--stack", spec.stack, `--client=127.0.0.1:${served.port}`);
      const { stdout, stderr } = await run.catch((fault: { stdout: string; stderr: string }) => fault);
      return stdout + stderr;
    } finally {
      served.close();
    }
  }

  it("previews what the service would build from the same spec", async () => {
    await pulumi("config", "set", "--stack", spec.stack, "rowgate:spec", JSON.stringify(spec));
    const text = await preview();
    for (const type of ["ResourceGroup", "VirtualNetwork", "Vault", "databricks:Workspace", "PrivateZone"]) {
      assert.match(text, new RegExp(`\\+ .*${type}.* create`), text);
    }
    assert.match(text, /\+ \d+ to create/);
  });
});
