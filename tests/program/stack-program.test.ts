import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RoleAssignment } from "@pulumi/azure-native/authorization/roleAssignment.js";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { type MockRun, mockRun } from "./support/mock-run.ts";
import {
  accessSpec,
  aclSpec,
  environment,
  firewallSpec,
  jobSpec,
  networkSpec,
  owner,
  platformSpec,
  runtimesSpec,
  sqlFirewallSpec,
  teamId,
  workspaceSpec,
} from "./support/specs.ts";

const specs = [
  platformSpec,
  runtimesSpec,
  workspaceSpec,
  networkSpec,
  firewallSpec,
  sqlFirewallSpec,
  jobSpec,
  accessSpec,
  aclSpec,
];
const runs = new Map<StackSpec, MockRun>();
for (const spec of specs) runs.set(spec, await mockRun(spec));
const names = (run: MockRun | undefined) =>
  (run?.resources ?? []).map(({ type, name }) => `${type} ${name}`).sort();

describe("every stack", () => {
  it("gives no two resources of a type the same name", () => {
    for (const run of runs.values()) assert.equal(new Set(names(run)).size, names(run).length);
  });

  it("keeps its resources' names from run to run, also when a display name changes", async () => {
    const job = { ...jobSpec, name: "renamed", owner: "grace@example.com" };
    assert.deepEqual(names(await mockRun(job)), names(runs.get(jobSpec)));
    const principal = { ...accessSpec.principal, displayName: "renamed" };
    assert.deepEqual(names(await mockRun({ ...accessSpec, principal })), names(runs.get(accessSpec)));
  });

  it("deletes what it replaces by a resource of the same name first", () => {
    const replaced = [...runs.values()].flatMap((run) =>
      run.resources.filter((it) => it.replaceOnChanges.length > 0),
    );
    assert.ok(new Set(replaced.map(({ type }) => type)).size >= 7);
    for (const { deleteBeforeReplace, type } of replaced) assert.ok(deleteBeforeReplace, type);
  });

  it("talks to the subscription, tenant and workspace of its spec, and to no provider it doesn't need", () => {
    const expected = {
      platform: ["azure-native", "azuread"],
      workspace: ["databricks"],
      runtimes: ["azure-native"],
      network: ["azure-native"],
      firewall: ["databricks"],
      job: ["azure-native", "databricks"],
      access: ["azure-native", "databricks"],
      acl: ["databricks"],
    };
    const { subscriptionId, tenantId } = environment;
    for (const [spec, { resources }] of runs) {
      const providers = resources.filter(({ type }) => type.startsWith("pulumi:providers:"));
      assert.deepEqual(
        providers.map(({ type }) => type.slice(17)).sort(),
        spec === sqlFirewallSpec ? ["azure-native"] : expected[spec.kind],
      );
      for (const { type, inputs } of providers) {
        assert.equal(inputs.tenantId ?? inputs.azureTenantId, tenantId);
        if (type.endsWith("azure-native")) assert.equal(inputs.subscriptionId, subscriptionId);
        if (!type.endsWith("databricks")) continue;
        assert.equal(inputs.host, "https://adb-1234567890123456.7.azuredatabricks.net");
        assert.match(String(inputs.azureWorkspaceResourceId), /workspaces\/dbw-eastus$/);
      }
    }
  });
});

describe("a run that breaks a guardrail", () => {
  it("ends before its first resource when the spec breaks it", async () => {
    const broken = { ...firewallSpec, ranges: ["203.0.0.0/16"] };
    await assert.rejects(mockRun(broken), {
      message:
        "Stack firewall-eastus-databricks is refused by guardrail range-width: 203.0.0.0/16 is wider than a /24. " +
        "Write the ranges that the callers really have, each a /24 or narrower. " +
        'An exception names guardrail "range-width" and subject "203.0.0.0/16".',
    });
    const assignment = {
      scope: `/subscriptions/${environment.subscriptionId}`,
      roleId: owner,
      roleName: "Owner",
    };
    await assert.rejects(mockRun({ ...accessSpec, roleAssignments: [assignment] }), ({ message }: Error) => {
      assert.match(message, /guardrail denied-azure-role: .* And by guardrail assignment-scope: /);
      return true;
    });
  });

  it("ends at the resource that breaks it, whoever registers it, and names it", async () => {
    const scope = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v";
    const roleDefinitionId = `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${owner}`;
    const register = () => {
      new RoleAssignment("sneaky", { scope, roleDefinitionId, principalId: teamId, principalType: "Group" });
    };
    await assert.rejects(mockRun(aclSpec, register), ({ message }: Error) => {
      assert.match(
        message,
        /^Stack acl-eastus-job-201, resource sneaky \(azure-native:authorization:RoleAssignment\) is/,
      );
      assert.match(message, /guardrail denied-azure-role: Azure role Owner may not be assigned/);
      return true;
    });
  });

  it("ends when a name from a row would lead an id elsewhere", async () => {
    const [secret = assert.fail()] = jobSpec.secrets;
    const secrets = [{ ...secret, secretName: "../../other/secrets/token" }];
    await assert.rejects(mockRun({ ...jobSpec, secrets }), /guardrail assignment-scope/);
    const [endpoint = assert.fail()] = networkSpec.endpoints;
    const endpoints = [{ ...endpoint, name: "pe/../x" }];
    await assert.rejects(mockRun({ ...networkSpec, endpoints }), /can't name a private endpoint/);
  });

  it("ends when the network is too small to cut", async () => {
    await assert.rejects(mockRun({ ...platformSpec, addressSpace: "10.0.0.0/24" }), {
      message:
        "Stack platform-eastus, address space: 10.0.0.0/24 is too small for the environment's subnets; " +
        "write a /22 or wider",
    });
  });
});
