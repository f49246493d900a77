/** Doctor against the simulated clouds, and as a person runs it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { azureAccess, sandboxAccess } from "../../../automation/azure/cloud-access.ts";
import type { Finding } from "../../../automation/doctor/finding.ts";
import { environmentFindings, runDoctor } from "../../../automation/doctor/run-doctor.ts";
import { openStore } from "../../../metadata-schema/open-store.ts";
import { sampleRows } from "../../../metadata-schema/sample/sample.ts";
import { checkout } from "../../support/service.ts";
import { plainFacts } from "../privilege/facts.ts";
import { openTestClouds } from "../simulators/support/clouds.ts";
import { mlVault, subscriptionId, tenantId } from "../simulators/support/seed.ts";
import { makeGroup } from "../simulators/support/world.ts";

const facts = {
  ...plainFacts,
  serviceUrl: "https://rowgate.contoso.example",
  toldOfAlerts: true,
  environment: { ...plainFacts.environment, subscriptionId, tenantId, resourceGroup: "rg-test" },
};

const told = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ status, check }) => `${status}: ${check}`);

describe("doctor, of an environment in the sandbox", () => {
  it("asks what the simulated clouds answer, and says of the rest that it is not checked", async (t) => {
    const clouds = await openTestClouds(t);
    const access = sandboxAccess(async () => clouds.url);
    const asked = { access, cloud: "sandbox", service: null, environments: [facts] } as const;
    const existing = { key_vault: mlVault };
    const environment = { ...facts.environment, existing };
    const before = told(await environmentFindings({ ...facts, environment }, asked));
    assert.ok(before.includes("not checked: rights on the resource group"), before.join("\n"));
    assert.ok(before.includes("ok: taken over: key_vault"));
    assert.ok(before.includes(`ok: rights on /subscriptions/${subscriptionId}`));
    assert.equal(
      before.filter((line) => /^not checked: (Unity Catalog|metadata database)/.test(line)).length,
      3,
    );
    assert.ok(before.includes("not checked: may give only the roles of the permission map"));
    assert.ok(before.includes("not checked: holds no more than bootstrap gives"));
    assert.deepEqual(
      before.filter((line) => line.startsWith("fault")),
      [],
    );
    await makeGroup(clouds.azure);
    const after = told(await environmentFindings({ ...facts, environment }, asked));
    assert.ok(after.includes("ok: rights on the resource group"), after.join("\n"));
    const gone = { ...environment, existing: { key_vault: `${mlVault}-gone` } };
    const faulty = told(await environmentFindings({ ...facts, environment: gone }, asked));
    assert.ok(faulty.includes("fault: taken over: key_vault"));
  });
});

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "rowgate doctor "));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of its own, with a `pulumi` on its path that says this version. */
async function openHome(t: TestContext, version = "3.259.0") {
  const folder = await emptyFolder(t);
  await writeFile(path.join(folder, "pulumi"), `#!/bin/sh\necho v${version}\n`);
  await chmod(path.join(folder, "pulumi"), 0o755);
  const home = path.join(folder, "home");
  const doctor = (
    args: readonly string[],
    variables: Readonly<Record<string, string>> = {},
  ): Promise<Ended> =>
    new Promise((resolve) => {
      const env = {
        PATH: `${folder}:${process.env.PATH}`,
        HOME: folder,
        ROWGATE_CACHE: path.join(folder, "cache"),
        ROWGATE_HOME: home,
        ...variables,
      };
      const launcher = path.join(checkout, "automation/setup/rowgate.js");
      const child = execFile(process.execPath, [launcher, "doctor", ...args], { env }, (_, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, stdout, stderr }),
      );
    });
  return { home, doctor };
}

describe("rowgate doctor", () => {
  it("of a new home says what the first start makes, finds no fault and makes nothing", async (t) => {
    const { doctor } = await openHome(t);
    const { code, stdout } = await doctor([]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^ok +host: engine: Pulumi 3\.259\.0 at /m);
    assert.match(stdout, /^ok +host: home: .* is made by the first start$/m);
    assert.match(stdout, /^not checked +metadata database: schema: .* is made by the first start$/m);
    assert.match(stdout, /^not checked +sign-in: simulated clouds: they run with the service/m);
    assert.match(stdout, /\d+ ok, 0 faults, \d+ not checked\.\n$/);
    assert.equal((await doctor([])).stdout, stdout);
  });

  it("ends with 1 on a fault, which has its fix, also for programs", async (t) => {
    const { doctor } = await openHome(t, "3.100.0");
    const { code, stdout } = await doctor(["-o", "json"]);
    assert.equal(code, 1);
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    const fault = findings.find(({ status }) => status === "fault");
    assert.ok(fault?.status === "fault" && fault.check === "engine");
    assert.match(fault.fix, /npm start/);
  });

  it("names each variable that is wrong", async (t) => {
    const { doctor } = await openHome(t);
    const { code, stdout } = await doctor([], { ROWGATE_CLOUD: "azure", ARM_CLIENT_SECRET: "geheim" });
    assert.equal(code, 1);
    assert.match(stdout, /^fault +configuration: ARM_CLIENT_ID: is not set/m);
    assert.match(stdout, /^fault +configuration: ARM_TENANT_ID: is not set/m);
    assert.doesNotMatch(stdout, /geheim/);
  });

  it("finds a home that is of the other cloud", async (t) => {
    const { home, doctor } = await openHome(t);
    await mkdir(path.join(home, "state"), { recursive: true });
    await writeFile(path.join(home, "state", "cloud"), "azure\n");
    const { code, stdout } = await doctor([]);
    assert.equal(code, 1);
    assert.match(stdout, /^fault +host: home: .*has the state of azure, and ROWGATE_CLOUD is sandbox/m);
  });
});

describe("doctor, all of it", () => {
  it("without a token asks Azure nothing more, and says so", async (t) => {
    const home = await emptyFolder(t);
    const metadataUrl = `sqlite:${path.join(home, "metadata.db")}`;
    const store = await openStore({ url: metadataUrl });
    await store.insertRows(await sampleRows());
    await store.close();
    const tokenOf = () => Promise.reject(new Error("nobody is signed in"));
    const findings = await runDoctor({
      home,
      checkout,
      metadataUrl,
      variables: { ROWGATE_ENGINE_PATH: "/nowhere/pulumi", PATH: process.env.PATH ?? "" },
      environment: null,
      clouds: { kind: "azure", access: azureAccess(tokenOf), method: "Azure CLI", tokenOf },
    });
    const lines = told(findings);
    assert.ok(lines.includes("ok: schema"), lines.join("\n"));
    assert.equal(lines.filter((line) => line.startsWith("fault: token for")).length, 3);
    assert.ok(lines.includes("not checked: everything on Azure"));
    assert.ok(lines.includes("not checked: plugins"));
    assert.ok(!findings.some(({ area }) => area.startsWith("environment ")));
  });
});
