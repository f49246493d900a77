/** Doctor's questions about an environment, against an Azure that has one thing wrong at a time. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serviceUrlFinding } from "../../../automation/doctor/environment-checks.ts";
import { inArea } from "../../../automation/doctor/finding.ts";
import { deniedRoles } from "../../../program/layout/azure-roles.ts";
import { armFault } from "../../support/scripted-azure.ts";
import { subscriptionId, takenOver } from "../privilege/facts.ts";
import { type Answer, contributor, facts, faults, list, look, ok, plan } from "./healthy-azure.ts";

describe("doctor, of an environment", () => {
  it("finds no fault where all is as bootstrap leaves it, and leaves nothing out", async (t) => {
    const findings = await look(t, () => null);
    assert.deepEqual(faults(findings), []);
    // What no call can ask for is told with the line to run.
    const byHand = plan.manual.filter(({ where }) => /Unity Catalog|metadata database/.test(where));
    assert.equal(byHand.length, 3);
    assert.deepEqual(
      findings
        .filter(({ status, check }) => status === "not checked" && check !== "service_url")
        .map(({ check, message }) => [check, message]),
      byHand.map(({ where, what, lines }) => [`${where}: ${what}`, `run: ${lines.join(" ")}`]),
    );
    const checks = findings.map(({ check }) => check);
    for (const resource of Object.keys(takenOver.environment.existing))
      assert.ok(checks.includes(`taken over: ${resource}`), resource);
    assert.equal(checks.filter((check) => check.startsWith("DNS zone")).length, 7);
    assert.equal(checks.filter((check) => check.startsWith("may give only")).length, 5);
  });

  const wrong: readonly (readonly [string, Answer, RegExp])[] = [
    [
      "a subscription nobody can see",
      ({ path }) =>
        path === `/subscriptions/${subscriptionId}` ? armFault(404, "SubscriptionNotFound") : null,
      /^subscription: .*SubscriptionNotFound.*bootstrap/,
    ],
    [
      "a resource provider that is not registered",
      ({ path }) =>
        path.endsWith("/providers/Microsoft.Databricks")
          ? ok({
              registrationState: "NotRegistered",
              resourceTypes: [
                { resourceType: "workspaces", locations: ["eastus"] },
                { resourceType: "accessConnectors", locations: ["eastus"] },
              ],
            })
          : null,
      /is NotRegistered Run `az provider register --namespace Microsoft\.Databricks/,
    ],
    [
      "a region without what is needed",
      ({ path }) =>
        path.endsWith("/providers/Microsoft.DataFactory")
          ? ok({
              registrationState: "Registered",
              resourceTypes: [{ resourceType: "factories", locations: ["West Europe"] }],
            })
          : null,
      /^region eastus: Microsoft\.DataFactory has no factories there/,
    ],
    [
      "a group on which the service may only read",
      ({ path }) =>
        path.endsWith("rg-ml-eastus/providers/Microsoft.Authorization/permissions")
          ? list({ actions: ["*/read"], notActions: [] })
          : null,
      /^rights on the resource group: not allowed: Microsoft\.Databricks\/accessConnectors\/write.*roleAssignments\/write.*npx rowgate bootstrap eastus/,
    ],
    [
      "Contributor without the right to assign roles",
      ({ path }) =>
        path.endsWith("rg-ml-eastus/providers/Microsoft.Authorization/permissions")
          ? list(contributor)
          : null,
      /not allowed: Microsoft\.Authorization\/roleAssignments\/write, Microsoft\.Authorization\/roleAssignments\/delete Run/,
    ],
    [
      "a vault that is gone",
      ({ path }) => (path.endsWith("/vaults/ml-vault") ? armFault(404, "ResourceNotFound") : null),
      /^taken over: key_vault: there is no .*ml-vault Correct/,
    ],
    [
      "a subnet that the service may not join",
      ({ path }) =>
        path.endsWith("/subnets/endpoints/providers/Microsoft.Authorization/permissions")
          ? list({ actions: ["*/read"], notActions: [] })
          : null,
      /^taken over: private_endpoint_subnet: not allowed: Microsoft\.Network\/virtualNetworks\/subnets\/join\/action/,
    ],
    [
      "pipelines that it may not write in a factory",
      ({ path }) =>
        path.endsWith("/ml-factory/providers/Microsoft.Authorization/permissions")
          ? list({
              actions: [
                "*/read",
                "Microsoft.DataFactory/factories/privateEndpointConnections*",
                "Microsoft.DataFactory/factories/datasets/*",
              ],
              notActions: [],
            })
          : null,
      /^taken over: factory: not allowed: .*pipelines\/\*, .*triggers\/\*/,
    ],
    [
      "a zone without a link to the network",
      ({ path }) =>
        path.includes("privatelink.dfs") && path.endsWith("/virtualNetworkLinks") ? list() : null,
      /^DNS zone privatelink\.dfs\.core\.windows\.net: is not linked to/,
    ],
    [
      "a zone that is missing",
      ({ path }) =>
        path.endsWith("privatelink.vaultcore.azure.net") ? armFault(404, "ResourceNotFound") : null,
      /^DNS zone privatelink\.vaultcore\.azure\.net: there is no/,
    ],
    [
      "a workspace whose admin it is not",
      ({ path }) => (path.includes("/databricks/") ? ok({ groups: [{ display: "users" }] }) : null),
      /^workspace admin: the service is no admin of adb-1/,
    ],
    [
      "a workspace that refuses it",
      ({ path }) => (path.includes("/databricks/") ? { status: 403, body: {} } : null),
      /^workspace admin: adb-1\.azuredatabricks\.net answered 403/,
    ],
  ];
  for (const [what, answer, words] of wrong)
    it(`finds ${what}, and nothing else`, async (t) => {
      const found = faults(await look(t, answer));
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", words);
    });

  it("asks in each place for every action of every role that bootstrap assigns there", async (t) => {
    for (const scope of new Set(plan.roleAssignments.map((need) => need.scope))) {
      const answer: Answer = ({ path }) =>
        path === `${scope}/providers/Microsoft.Authorization/permissions` ? list() : null;
      const found = faults(await look(t, answer));
      assert.equal(found.length, 1, `${scope}\n${found.join("\n")}`);
      const roles = plan.roleAssignments.filter((need) => need.scope === scope).map(({ roleId }) => roleId);
      const actions = plan.roleDefinitions
        .filter(({ id }) => roles.includes(id))
        .flatMap((role) => role.actions);
      if (roles.includes(deniedRoles.rbacAdministrator.id))
        actions.push("Microsoft.Authorization/roleAssignments/write");
      if (scope.includes("/accessConnectors/")) actions.push("Microsoft.Databricks/accessConnectors/write");
      if (scope === `/subscriptions/${subscriptionId}`)
        assert.deepEqual(actions, ["Microsoft.AlertsManagement/alerts/read"]);
      assert.ok(actions.length > 0, scope);
      for (const action of actions) assert.ok(found[0]?.includes(action), `${action} on ${scope}`);
    }
  });

  it("asks about names only where the first run makes the thing, and takes one that it has for free", async (t) => {
    const {
      key_vault: _vault,
      lake: _lake,
      sql_server: _server,
      ...existing
    } = takenOver.environment.existing;
    const asked = { ...facts, environment: { ...facts.environment, existing } };
    const answer: Answer = ({ path }) => {
      if (path.endsWith("/Microsoft.KeyVault/checkNameAvailability"))
        return ok({ nameAvailable: false, reason: "AlreadyExists", message: "The vault name is taken." });
      if (path.endsWith("/Microsoft.Storage/checkNameAvailability"))
        return armFault(403, "AuthorizationFailed");
      if (/\/vaults\/kv-eastus-\w+$|\/storageAccounts\/steastus\w+$/.test(path))
        return armFault(404, "ResourceNotFound");
      return null;
    };
    const findings = (await look(t, answer, asked)).filter(({ check }) => check.startsWith("name "));
    assert.deepEqual(
      findings.map(({ status }) => status),
      ["fault", "not checked", "ok"],
    );
    assert.match(findings[0]?.message ?? "", /The vault name is taken/);
    assert.match(findings[2]?.message ?? "", /has it already/);
  });

  it("knows which addresses Azure can never call", () => {
    const area = inArea("environment eastus");
    const status = (url: string | null) => serviceUrlFinding(area, url).status;
    // The service answers this machine only: whether anything leads to it nobody can tell from here.
    const told = serviceUrlFinding(area, "https://rowgate.contoso.example");
    assert.equal(told.status, "not checked");
    assert.match(
      told.message,
      /needs a proxy on this machine .* calls http:\/\/127\.0\.0\.1:PORT with Host: 127\.0\.0\.1$/,
    );
    assert.equal(status(null), "not checked");
    for (const url of [
      "http://rowgate.contoso.example",
      "https://127.0.0.1:8080",
      "https://localhost",
      "rowgate",
      "https://a:b@c.example",
    ])
      assert.equal(status(url), "fault", url);
  });
});
