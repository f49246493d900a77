import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { applyBootstrap, type StepResult } from "../../../automation/privilege/apply-bootstrap.ts";
import { assignmentCondition } from "../../../automation/privilege/assignment-condition.ts";
import { planBootstrap } from "../../../automation/privilege/bootstrap-plan.ts";
import { deniedRoles } from "../../../program/layout/azure-roles.ts";
import {
  armFault,
  type ScriptedAnswer,
  type ScriptedCall,
  scriptedAzure,
} from "../../support/scripted-azure.ts";
import { servicePrincipal, takenOver } from "./facts.ts";

const plan = planBootstrap(takenOver, servicePrincipal);

/** A subscription that keeps what is put into it. */
function memory(override: (call: ScriptedCall) => ScriptedAnswer | null = () => null) {
  const kept = new Map<string, unknown>();
  const granted = new Set<string>();
  return (call: ScriptedCall): ScriptedAnswer | null => {
    const special = override(call);
    if (special !== null) return special;
    const { method, path, body } = call;
    if (path === "/v1.0/servicePrincipals") return { status: 200, body: { value: [{ id: "graph" }] } };
    if (path === "/v1.0/servicePrincipals/graph/appRoleAssignedTo") {
      const { appRoleId } = body as { appRoleId: string };
      if (granted.has(appRoleId))
        return armFault(400, "Request_BadRequest", "Permission being assigned already exists on the object");
      granted.add(appRoleId);
      return { status: 201, body: {} };
    }
    if (path.endsWith("/register")) {
      kept.set(path.replace(/\/register$/, "").toLowerCase(), { registrationState: "Registered" });
      return { status: 200, body: {} };
    }
    const key = path.toLowerCase();
    const before = kept.get(key);
    if (method === "GET") return before === undefined ? null : { status: 200, body: before };
    kept.set(key, body);
    return { status: before === undefined ? 201 : 200, body };
  };
}

async function apply(t: TestContext, answer: (call: ScriptedCall) => ScriptedAnswer | null, times = 1) {
  const { access, calls } = await scriptedAzure(t, answer);
  const results: StepResult[] = [];
  let worked = false;
  for (let time = 0; time < times; time++) {
    results.length = 0;
    worked = await applyBootstrap({
      arm: access.arm,
      graph: access.graph,
      plan,
      onStep: (step) => results.push(step),
    });
  }
  return { calls, results, worked };
}

const steps =
  1 +
  plan.resourceProviders.length +
  plan.roleDefinitions.length +
  plan.roleAssignments.length +
  plan.graphPermissions.length;

describe("bootstrap --apply", () => {
  it("makes all that the plan has, roles before they are assigned", async (t) => {
    const { calls, results, worked } = await apply(t, memory());
    assert.equal(worked, true);
    assert.deepEqual([results.length, [...new Set(results.map(({ status }) => status))]], [steps, ["done"]]);
    const puts = calls.filter(({ method }) => method === "PUT");
    assert.match(puts[0]?.path ?? "", /\/resourceGroups\/rg-ml-eastus$/);
    const lastRole = puts.findLastIndex(({ path }) => path.includes("/roleDefinitions/"));
    const firstAssignment = puts.findIndex(({ path }) => path.includes("/roleAssignments/"));
    assert.ok(lastRole !== -1 && lastRole < firstAssignment);
    for (const { query } of puts.slice(1)) assert.equal(query.get("api-version"), "2022-04-01");
    const conditions = puts
      .filter(({ path }) => path.includes("/roleAssignments/"))
      .map(({ body }) => (body as { properties: { condition?: string } }).properties.condition ?? null);
    assert.deepEqual(
      conditions,
      plan.roleAssignments.map(({ condition }) => condition),
    );
  });

  it("changes nothing the second time", async (t) => {
    const { results, worked } = await apply(t, memory(), 2);
    assert.equal(worked, true);
    assert.deepEqual([...new Set(results.map(({ status }) => status))], ["there already"]);
  });

  it("tells what is refused, and goes on with the rest", async (t) => {
    const { results, worked } = await apply(
      t,
      memory(({ path }) =>
        path.includes("/roleAssignments/") ? armFault(403, "AuthorizationFailed", "may not") : null,
      ),
    );
    assert.equal(worked, false);
    const failed = results.filter(({ status }) => status === "failed");
    assert.equal(failed.length, plan.roleAssignments.length);
    assert.match(failed[0]?.message ?? "", /403 AuthorizationFailed/);
    assert.equal(results.length, steps);
  });

  for (const [what, condition, status] of [
    ["the same condition is there already", null, "there already"],
    ["no condition is told, and left to a person", "", "failed"],
    [
      "another condition is told, and left to a person",
      assignmentCondition([deniedRoles.owner.id], servicePrincipal.objectId),
      "failed",
    ],
    [
      "another condition, that leaves the service itself in, is told, and left to a person",
      (plan.roleAssignments.find(({ condition }) => condition !== null)?.condition ?? "").replace(
        / AND @Request\[[^\]]*PrincipalId\][^}]*\}/,
        "",
      ),
      "failed",
    ],
  ] as const)
    it(`an assignment that somebody made under another name with ${what}`, async (t) => {
      const [need] = plan.roleAssignments.filter(
        ({ roleId, scope }) => roleId === deniedRoles.rbacAdministrator.id && scope.endsWith("rg-ml-eastus"),
      );
      assert.ok(need);
      const { results } = await apply(
        t,
        memory(({ method, path, query }) => {
          if (method === "PUT" && path.endsWith(need.name)) return armFault(409, "RoleAssignmentExists");
          if (method !== "GET" || !path.endsWith("/roleAssignments")) return null;
          assert.equal(query.get("$filter"), `assignedTo('${servicePrincipal.objectId}')`);
          const properties = {
            scope: need.scope,
            principalId: servicePrincipal.objectId,
            roleDefinitionId: `/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/${need.roleId}`,
            ...(condition === "" ? {} : { condition: condition ?? need.condition }),
          };
          return { status: 200, body: { value: [{ name: "theirs", properties }] } };
        }),
      );
      const result = results.find(({ step }) => step === `${need.roleName} on ${need.scope}`);
      assert.equal(result?.status, status);
      if (status === "failed")
        assert.match(result?.message ?? "", /theirs already, (without a|under another) condition\. Remove/);
    });
});
