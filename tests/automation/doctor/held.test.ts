/** What doctor tells of rights that the service has beyond its plan. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assignmentCondition } from "../../../automation/privilege/assignment-condition.ts";
import { deniedRoles, grantableRoles } from "../../../program/layout/azure-roles.ts";
import { subscriptionId } from "../privilege/facts.ts";
import {
  type Answer,
  assignmentsOn,
  facts,
  faults,
  list,
  look,
  objectId,
  ok,
  plan,
} from "./healthy-azure.ts";

describe("doctor, of what the service holds", () => {
  const onGroup =
    (change: (held: ReturnType<typeof assignmentsOn>) => readonly unknown[]): Answer =>
    ({ path }) => {
      const scope = /^(.*rg-ml-eastus)\/providers\/Microsoft\.Authorization\/roleAssignments$/.exec(
        path,
      )?.[1];
      return scope === undefined ? null : list(...change(assignmentsOn(scope)));
    };
  const withCondition = (condition: string | undefined) => (held: ReturnType<typeof assignmentsOn>) =>
    held.map(({ name, properties: { condition: own, ...properties } }) => ({
      name,
      properties:
        own === undefined ? properties : { ...properties, ...(condition === undefined ? {} : { condition }) },
    }));
  const needed = plan.roleAssignments.find(({ condition }) => condition !== null)?.condition ?? "";
  const reader = grantableRoles.reader.id;
  const conditions: readonly (readonly [string, Answer, RegExp])[] = [
    [
      "is missing",
      onGroup((held) => held.slice(0, 1)),
      /Role Based Access Control Administrator is not assigned/,
    ],
    ["has no condition", onGroup(withCondition(undefined)), /has no condition/],
    [
      "also allows Owner",
      onGroup(withCondition(needed.replaceAll("{2", `{${deniedRoles.owner.id}, 2`))),
      new RegExp(`also allows ${deniedRoles.owner.id}`),
    ],
    [
      "also allows people",
      onGroup(withCondition(needed.replaceAll("{'Group'", "{'User', 'Group'"))),
      /also allows user/,
    ],
    [
      "lets the service give roles to itself",
      onGroup(withCondition(needed.replace(/ AND @Request\[[^\]]*PrincipalId\][^}]*\}/, ""))),
      /also allows the service itself/,
    ],
    [
      "leaves a role out",
      onGroup(withCondition(assignmentCondition([reader], objectId))),
      /does not allow .*4633458b/,
    ],
    ["has a form of its own", onGroup(withCondition("(true)")), /nobody can tell what it allows/],
  ];
  for (const [what, answer, words] of conditions)
    it(`finds that the right to assign roles ${what}`, async (t) => {
      const found = faults(await look(t, answer));
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", words);
      assert.match(found[0] ?? "", /npx rowgate bootstrap eastus/);
    });

  const another = (
    roleId: string,
    {
      name = "theirs",
      scope = `/subscriptions/${subscriptionId}`,
      ...more
    }: Readonly<Record<string, string>> = {},
  ) => ({
    name,
    properties: { scope, principalId: objectId, roleDefinitionId: `/x/${roleId.toUpperCase()}`, ...more },
  });
  const group = plan.resourceGroup.id;
  const vaultAdministrator = "00482a5a-887f-4fb3-b363-3b7fe8e74483";
  const unknownRole = "99999999-9999-4999-8999-999999999999";
  const keyVaultRole = plan.roleDefinitions.find(({ name }) => name.includes("key vault"));
  const excesses: readonly (readonly [string, Answer, readonly RegExp[]])[] = [
    [
      "User Access Administrator of the subscription",
      onGroup((held) => [...held, another(deniedRoles.userAccessAdministrator.id)]),
      [
        /User Access Administrator on \/subscriptions\/[\w-]+ \(assignment theirs\) is not in bootstrap's plan: with it the service can define roles and assign any role/,
        /Remove it: `az role assignment delete --ids \/subscriptions\/[\w-]+\/providers\/Microsoft\.Authorization\/roleAssignments\/theirs`/,
      ],
    ],
    [
      "Contributor of the subscription",
      onGroup((held) => [...held, another(deniedRoles.contributor.id)]),
      [
        /: role b24988ac-\S+ on \/subscriptions\/[\w-]+ \(assignment theirs\) is not in bootstrap's plan Remove/,
      ],
    ],
    [
      "Owner of everything, by a group that it is in",
      onGroup((held) => [
        ...held,
        another(deniedRoles.owner.id, { scope: "/", principalId: "77777777-7777-4777-8777-777777777777" }),
      ]),
      [
        /Owner on \/ \(assignment theirs\).* define roles and assign any role Take the service out of the group 7777/,
      ],
    ],
    [
      "a role on the group that reads its secrets",
      onGroup((held) => [...held, another(vaultAdministrator, { scope: group })]),
      [/Key Vault Administrator on \S+rg-ml-eastus \(assignment theirs\) is not in bootstrap's plan Remove/],
    ],
    [
      "a role on something in the group",
      onGroup((held) => [
        ...held,
        another(vaultAdministrator, { scope: `${group}/providers/Microsoft.KeyVault/vaults/kv` }),
      ]),
      [/Key Vault Administrator on \S+\/vaults\/kv \(/],
    ],
    [
      "the right to assign roles in the whole subscription, under the group's condition",
      onGroup((held) => [...held, another(deniedRoles.rbacAdministrator.id, { condition: needed })]),
      [
        /Role Based Access Control Administrator on \/subscriptions\/[\w-]+ \(assignment theirs\) is not in bootstrap's plan Remove/,
      ],
    ],
    [
      "a role whose definition it may not read",
      onGroup((held) => [...held, another(unknownRole)]),
      [/role 99999999-\S+ on \/subscriptions/],
    ],
    [
      "a role of bootstrap's that somebody gave more",
      ({ path }) =>
        path.endsWith(`/roleDefinitions/${keyVaultRole?.id}`)
          ? ok({
              properties: {
                roleName: keyVaultRole?.name,
                permissions: [
                  {
                    actions: [
                      ...(keyVaultRole?.actions ?? []),
                      "Microsoft.Authorization/roleDefinitions/write",
                    ],
                  },
                  { dataActions: ["Microsoft.KeyVault/vaults/secrets/getSecret/action"] },
                ],
              },
            })
          : null,
      [
        /Rowgate eastus key vault \w+ \(assignment \S+ on \S+ml-vault\) also allows Microsoft\.Authorization\/roleDefinitions\/write, Microsoft\.KeyVault\/vaults\/secrets\/getSecret\/action Run .*bootstrap eastus/,
      ],
    ],
    [
      "a right to define roles where nobody may read who holds what",
      ({ path }) =>
        path.endsWith("/subnets/endpoints/providers/Microsoft.Authorization/permissions")
          ? list({ actions: ["*"] })
          : null,
      [
        /^taken over: private_endpoint_subnet: allowed, and not given by bootstrap: \S+roleDefinitions\/write, \S+roleAssignments\/write Find the role with `az role assignment list --assignee 4444/,
      ],
    ],
  ];
  for (const [what, answer, words] of excesses)
    it(`finds that the service has ${what}`, async (t) => {
      const found = faults(await look(t, answer));
      assert.equal(found.length, 1, found.join("\n"));
      for (const each of words) assert.match(found[0] ?? "", each);
    });

  it("finds what is held on a later page of the list", async (t) => {
    let pages = 0;
    const answer: Answer = ({ path, query }) => {
      if (!path.endsWith("rg-ml-eastus/providers/Microsoft.Authorization/roleAssignments")) return null;
      assert.equal(query.get("$filter"), `assignedTo('${objectId}')`);
      pages += 1;
      if (query.get("$skiptoken") === "a b") return list(another(vaultAdministrator));
      const next = new URL(`https://management.azure.com${path}`);
      for (const [name, value] of [...query, ["$skiptoken", "a b"]] as const)
        next.searchParams.set(name ?? "", value ?? "");
      return ok({ value: assignmentsOn(group), nextLink: String(next) });
    };
    const found = faults(await look(t, answer));
    assert.equal(pages, 2);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", /Key Vault Administrator/);
  });

  it("gives up on a list whose pages go in a circle", async (t) => {
    const answer: Answer = ({ path }) =>
      path.endsWith("rg-ml-eastus/providers/Microsoft.Authorization/roleAssignments")
        ? ok({ value: [], nextLink: `https://management.azure.com${path}?page=1` })
        : null;
    const findings = (await look(t, answer)).filter(({ message }) => message.includes("does not end"));
    assert.deepEqual(
      findings.map(({ status }) => status),
      ["not checked", "not checked"],
    );
  });

  it("takes for planned what another environment of the service needs", async (t) => {
    const other = {
      ...facts,
      environment: { ...facts.environment, name: "west", resourceGroup: "rg-shared" },
    };
    const answer = onGroup((held) => [
      ...held,
      another(deniedRoles.contributor.id, {
        scope: `/subscriptions/${subscriptionId}/resourceGroups/rg-shared`,
      }),
    ]);
    assert.deepEqual(faults(await look(t, answer, facts, [other])), []);
    assert.equal(faults(await look(t, answer)).length, 1);
  });
});
