import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTestClouds, type TestClouds } from "./support/clouds.ts";
import { mlVault, reader, roleId, subscription } from "./support/seed.ts";
import { roleAssignmentType } from "./support/world.ts";

const rbacAdministrator = roleId("f58310d9-a9f6-439a-9e8d-f62e7b41a168");
const permissions = (scope: string): string =>
  `${scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;

/** Gives the deployer a role, as an administrator in the portal does. */
async function give(
  clouds: TestClouds,
  scope: string,
  definition: string,
  condition?: string,
): Promise<void> {
  const deployer = await clouds.azure.invoke("azure-native:authorization:getClientConfig", {});
  const name = crypto.randomUUID();
  const answer = await clouds.http(
    "PUT",
    `/sandbox/objects/${encodeURIComponent(`${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`)}`,
    {
      type: roleAssignmentType,
      properties: {
        scope,
        principalId: deployer.objectId,
        roleDefinitionId: definition,
        ...(condition === undefined ? {} : { condition }),
      },
    },
  );
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
}

describe("what the caller may do", () => {
  it("is everything, as long as nobody gives it a role", async (t) => {
    const clouds = await openTestClouds(t);
    for (const scope of [subscription, mlVault]) {
      const { status, body } = await clouds.http("GET", permissions(scope));
      assert.equal(status, 200);
      assert.deepEqual(body.value, [{ actions: ["*"], notActions: [], dataActions: [], notDataActions: [] }]);
    }
  });

  it("is then what its roles say, with their conditions, on their scopes and below", async (t) => {
    const clouds = await openTestClouds(t);
    await give(clouds, mlVault, rbacAdministrator, "(true)");
    await give(clouds, subscription, reader);
    const onVault = (await clouds.http("GET", permissions(mlVault))).body.value;
    assert.equal(onVault.length, 2);
    const delegated = onVault.find((each: { condition?: string }) => each.condition === "(true)");
    assert.ok(delegated.actions.includes("Microsoft.Authorization/roleAssignments/write"));
    const above = (await clouds.http("GET", permissions(subscription))).body.value;
    assert.deepEqual(
      above.map(({ actions }: { actions: string[] }) => actions),
      [["*/read"]],
    );
  });

  it("is unknown on what is not there", async (t) => {
    const clouds = await openTestClouds(t);
    const { status, body } = await clouds.http("GET", permissions(`${mlVault}-gone`));
    assert.deepEqual([status, body.error.code], [404, "ResourceNotFound"]);
  });
});
