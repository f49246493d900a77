import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { readAssignmentCondition } from "../../../automation/privilege/assignment-condition.ts";
import { bootstrapScript } from "../../../automation/privilege/az-script.ts";
import { readBootstrapFacts } from "../../../automation/privilege/bootstrap-facts.ts";
import { type BootstrapPlan, planBootstrap } from "../../../automation/privilege/bootstrap-plan.ts";
import { bootstrapText } from "../../../automation/privilege/bootstrap-text.ts";
import { deniedRoles, grantableRoles } from "../../../program/layout/azure-roles.ts";
import { customRoleId, factoryId, roleAssignmentName } from "../../../program/layout/names.ts";
import { checkout } from "../../support/service.ts";
import { plainFacts, servicePrincipal, takenOver } from "./facts.ts";

const plans = {
  plain: planBootstrap(plainFacts, { ...servicePrincipal, applicationId: null, displayName: null }),
  "taken-over": planBootstrap(takenOver, servicePrincipal),
};

const golden = (name: string): Promise<string> =>
  readFile(path.join(checkout, "tests", "automation", "privilege", "golden", name), "utf8");

const rightsOf = (plan: BootstrapPlan, end: string): readonly string[] =>
  plan.roleAssignments.filter(({ scope }) => scope.endsWith(end)).map(({ roleName }) => roleName);

const actionsFor = (plan: BootstrapPlan, words: string): readonly string[] =>
  plan.roleDefinitions.find(({ name }) => name.includes(words))?.actions ?? [];

const factoryRoles = ({ environment }: typeof plainFacts): readonly { readonly id: string }[] =>
  (["pipelineOperator", "pipelineEditor"] as const).map((role) => ({
    id: customRoleId(role, factoryId(environment)),
  }));

const delegated = (plan: BootstrapPlan, end: string): readonly string[] => {
  const need = plan.roleAssignments.find(
    ({ scope, roleId }) => scope.endsWith(end) && roleId === deniedRoles.rbacAdministrator.id,
  );
  return readAssignmentCondition(need?.condition ?? "")?.write.roleIds ?? assert.fail(`nothing on ${end}`);
};

describe("what bootstrap plans", () => {
  for (const [name, plan] of Object.entries(plans)) {
    it(`for an environment with everything ${name} reads as it was agreed`, async () => {
      assert.equal(`${bootstrapText(plan)}\n`, await golden(`${name}.txt`));
      assert.equal(`${bootstrapScript(plan)}\n`, await golden(`${name}.sh`));
    });

    it(`(${name}) lets the service assign roles nowhere without a condition, no role that is denied, and none to itself`, () => {
      const denied: ReadonlySet<string> = new Set(Object.values(deniedRoles).map(({ id }) => id));
      for (const { roleId, condition, scope } of plan.roleAssignments) {
        if (roleId !== deniedRoles.rbacAdministrator.id) {
          assert.equal(condition, null, scope);
          continue;
        }
        const limits = readAssignmentCondition(condition ?? "") ?? assert.fail(scope);
        const { exceptIds, ...write } = limits.write;
        assert.deepEqual(exceptIds, [servicePrincipal.objectId]);
        assert.deepEqual(limits.delete, write);
        assert.deepEqual(limits.write.principalTypes, ["group", "serviceprincipal"]);
        for (const id of limits.write.roleIds) assert.ok(!denied.has(id), id);
      }
    });

    it(`(${name}) gives no right to define roles, to assign them otherwise, to read secrets or keys`, () => {
      const forbidden =
        /^\*|Microsoft\.Authorization\/|listkeys|getSecret|secrets\/\*|vaults\/\*|factories\/\*|servers\/\*$/i;
      for (const { actions, name: role } of plan.roleDefinitions)
        for (const action of actions) assert.doesNotMatch(action, forbidden, role);
    });

    it(`(${name}) has stable names, each once`, () => {
      const names = plan.roleAssignments.map(({ name: guid }) => guid);
      assert.equal(new Set(names).size, names.length);
      for (const { name: guid, scope, roleId } of plan.roleAssignments)
        assert.equal(guid, roleAssignmentName(scope, servicePrincipal.objectId, roleId));
      const roles = plan.roleDefinitions.map(({ name: role }) => role);
      assert.equal(new Set(roles).size, roles.length);
    });
  }

  it("on the environment's group allows exactly the roles of the permission map and the factory's own", () => {
    const wanted = [
      ...Object.values(grantableRoles).map(({ id }) => id),
      ...factoryRoles(plainFacts).map(({ id }) => id),
    ].sort();
    assert.deepEqual(delegated(plans.plain, "/resourceGroups/rg-ml-eastus"), wanted);
  });

  it("on what is taken over allows only the roles that fit it, and none where the service assigns none", () => {
    const plan = plans["taken-over"];
    const {
      keyVaultSecretsUser,
      keyVaultReader,
      blobDataContributor,
      blobDataReader,
      logAnalyticsDataReader,
      reader,
    } = grantableRoles;
    const ids = (...roles: readonly { readonly id: string }[]) => roles.map(({ id }) => id).sort();
    assert.deepEqual(delegated(plan, "/vaults/ml-vault"), ids(keyVaultSecretsUser, keyVaultReader));
    assert.deepEqual(delegated(plan, "/storageAccounts/mllake"), ids(blobDataContributor, blobDataReader));
    assert.deepEqual(delegated(plan, "/workspaces/logs"), ids(logAnalyticsDataReader));
    assert.deepEqual(delegated(plan, "/factories/ml-factory"), ids(reader, ...factoryRoles(takenOver)));
    assert.equal(rightsOf(plan, "/servers/ml-sql").length, 1);
    assert.equal(rightsOf(plan, "/workspaces/ml").length, 1);
  });

  it("says nothing of what lies in the environment's own group", () => {
    assert.deepEqual(rightsOf(plans["taken-over"], "/actionGroups/oncall"), []);
  });

  it("asks for what a resource is made into, and no more where that exists, too", () => {
    const plan = plans["taken-over"];
    assert.ok(!actionsFor(plan, "SQL server").some((action) => action.includes("/databases/")));
    assert.ok(
      !actionsFor(plan, "virtual network").some((action) => /subnets\/write|join\/action/.test(action)),
    );
    const {
      metadata_database: _database,
      private_endpoint_subnet: _subnet,
      private_dns_zones: _zones,
      ...existing
    } = takenOver.environment.existing;
    const wider = planBootstrap(
      { ...takenOver, environment: { ...takenOver.environment, existing } },
      servicePrincipal,
    );
    assert.ok(actionsFor(wider, "SQL server").includes("Microsoft.Sql/servers/databases/write"));
    for (const action of [
      "virtualNetworks/join/action",
      "virtualNetworks/subnets/write",
      "virtualNetworks/subnets/join/action",
    ])
      assert.ok(actionsFor(wider, "virtual network").includes(`Microsoft.Network/${action}`), action);
  });

  it("says of each role for pipelines which rows become it, and that one of them needs an exception", () => {
    const why = (words: string): string =>
      plans.plain.roleDefinitions.find(({ name }) => name.startsWith(words))?.why ?? assert.fail(words);
    assert.match(why("Pipeline Operator"), /^rows with run_pipeline become this role; the service must not/);
    assert.doesNotMatch(why("Pipeline Operator"), /Guardrail_Exceptions/);
    assert.match(
      why("Pipeline Editor"),
      /^rows with edit_pipeline become this role, where a row of Guardrail_Exceptions lets them/,
    );
  });

  it("asks Microsoft Graph for more only where a group of its own is made", () => {
    const names = (plan: BootstrapPlan) => plan.graphPermissions.map(({ name }) => name);
    assert.deepEqual(names(plans.plain), ["Group.Read.All"]);
    assert.deepEqual(names(plans["taken-over"]), ["Group.Read.All", "User.Read.All", "Group.ReadWrite.All"]);
  });
});

/** `az` that writes down each call, one JSON list a line. */
async function openAz(t: TestContext, held: string) {
  const folder = await mkdtemp(path.join(tmpdir(), "rowgate-az-"));
  t.after(() => rm(folder, { recursive: true }));
  const az = path.join(folder, "az");
  await writeFile(
    az,
    `#!${process.execPath}
const args = process.argv.slice(2);
require("node:fs").appendFileSync(${JSON.stringify(path.join(folder, "calls"))}, JSON.stringify(args) + "\\n");
if (args[0] === "ad") console.log("graph-object-id");
if (args.includes("get")) console.log(${JSON.stringify(held)});
if (args[0] === "group" && args[1] === "show") process.exit(3);
`,
  );
  await chmod(az, 0o755);
  return {
    run: async (script: string): Promise<readonly (readonly string[])[]> => {
      const file = path.join(folder, "bootstrap.sh");
      await writeFile(file, script);
      await promisify(execFile)("bash", [file], { env: { PATH: `${folder}:${process.env.PATH}` } });
      const text = await readFile(path.join(folder, "calls"), "utf8");
      return text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as string[]);
    },
  };
}

describe("bootstrap's script", () => {
  it("runs, and makes all that the plan has, with bodies that are JSON", async (t) => {
    const plan = plans["taken-over"];
    const calls = await (await openAz(t, "5b567255-7703-4780-807c-7be8301ae99b")).run(bootstrapScript(plan));
    assert.equal(calls.filter(([first]) => first === "provider").length, plan.resourceProviders.length);
    assert.deepEqual(calls.find(([first, second]) => first === "group" && second === "create")?.slice(2, 6), [
      "--name",
      "rg-ml-eastus",
      "--location",
      "eastus",
    ]);
    const bodies = calls.flatMap((args) => {
      const at = args.indexOf("--body");
      return at === -1
        ? []
        : [{ url: args[args.indexOf("--url") + 1] ?? "", body: JSON.parse(args[at + 1] ?? "") }];
    });
    const assigned = bodies
      .filter(({ url }) => url.includes("/roleAssignments/"))
      .map(({ body }) => body.properties);
    assert.deepEqual(
      assigned.map(({ condition }) => condition ?? null),
      plan.roleAssignments.map(({ condition }) => condition),
    );
    for (const each of assigned) assert.equal(each.principalId, servicePrincipal.objectId);
    // What the service has already is not given again.
    const permitted = bodies.filter(({ url }) => url.includes("appRoleAssignedTo")).map(({ body }) => body);
    assert.deepEqual(
      permitted,
      plan.graphPermissions.slice(1).map(({ id }) => ({
        principalId: servicePrincipal.objectId,
        resourceId: "graph-object-id",
        appRoleId: id,
      })),
    );
  });

  it("takes names with quotes for what they are", async (t) => {
    const { environment } = plainFacts;
    const plan = planBootstrap(
      { ...plainFacts, environment: { ...environment, resourceGroup: "rg-o'neil" } },
      servicePrincipal,
    );
    const calls = await (await openAz(t, "")).run(bootstrapScript(plan));
    assert.ok(calls.some((args) => args[0] === "group" && args.includes("rg-o'neil")));
  });
});

describe("an environment's row for bootstrap", () => {
  const row = {
    name: "eastus",
    location: "eastus",
    subscription_id: plainFacts.environment.subscriptionId,
    tenant_id: plainFacts.environment.tenantId,
    resource_group: "rg-ml-eastus",
  };

  it("may leave out what has a default, and has JSON columns as text or not", () => {
    const plain = readBootstrapFacts(row);
    assert.deepEqual(plain, { status: "read", facts: { ...plainFacts, serviceUrl: null } });
    const vault = takenOver.environment.existing.key_vault ?? "";
    for (const existing of [{ key_vault: vault }, JSON.stringify({ key_vault: vault })]) {
      const read = readBootstrapFacts({ ...row, existing_resources: existing, own_group_members: "[]" });
      assert.equal(read.status === "read" && read.facts.environment.existing.key_vault, vault);
    }
  });

  it("that would put a role in a wrong place is refused", () => {
    const read = readBootstrapFacts({
      ...row,
      subscription_id: "mine",
      existing_resources: { key_vault: "/subscriptions/x", coffee: "/y" },
    });
    assert.equal(read.status, "faulty");
    const places = readBootstrapFacts({
      ...row,
      existing_resources: { key_vault: "/subscriptions/x", coffee: "/y" },
    });
    assert.equal(places.status === "faulty" && places.faults.length, 2);
  });
});
