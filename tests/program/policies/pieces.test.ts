import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { piecesOfResource } from "../../../program/policies/from-resource.ts";
import { piecesOfSpec } from "../../../program/policies/from-spec.ts";
import { judge } from "../../../program/policies/judge.ts";
import {
  accessSpec,
  aclSpec,
  firewallSpec,
  jobSpec,
  keyVaultReader,
  networkSpec,
  platformSpec,
} from "../support/specs.ts";

const roleAssignment = "azure-native:authorization:RoleAssignment";
const ipAccessList = "databricks:index/ipAccessList:IpAccessList";
const scope = accessSpec.roleAssignments[0]?.scope ?? "";
const roleDefinitionId = `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${keyVaultReader}`;

describe("the pieces of a resource", () => {
  it("of a role assignment are its scope, role and kind of principal", () => {
    assert.deepEqual(piecesOfResource(roleAssignment, { scope, roleDefinitionId, principalType: "Group" }), [
      { kind: "role-assignment", scope, roleId: keyVaultReader, principalType: "Group" },
    ]);
  });

  it("of a role assignment that doesn't say its kind of principal are a user's, as Azure would take it", () => {
    const [piece] = piecesOfResource(roleAssignment, { scope, roleDefinitionId });
    assert.ok(piece?.kind === "role-assignment" && piece.principalType === "User");
  });

  it("of an ALLOW list are its ranges; a BLOCK list opens nothing", () => {
    const ipAddresses = ["203.0.113.0/24", "0.0.0.0/0"];
    assert.deepEqual(
      piecesOfResource(ipAccessList, { listType: "ALLOW", ipAddresses }),
      ipAddresses.map((range) => ({ kind: "firewall-range", range })),
    );
    assert.deepEqual(piecesOfResource(ipAccessList, { listType: "BLOCK", ipAddresses }), []);
  });

  it("whose values can't be read yet are refused", () => {
    const later = Promise.resolve("later");
    for (const [type, props] of [
      [roleAssignment, { scope: later, roleDefinitionId, principalType: "Group" }],
      [roleAssignment, { scope, roleDefinitionId: later, principalType: "Group" }],
      [roleAssignment, { scope, roleDefinitionId, principalType: later }],
      [roleAssignment, {}],
      [ipAccessList, { listType: "ALLOW", ipAddresses: later }],
      [ipAccessList, { listType: later, ipAddresses: [later] }],
    ] as const) {
      assert.notEqual(piecesOfResource(type, props).flatMap(judge).length, 0);
    }
  });

  it("of any other type are none", () => {
    assert.deepEqual(piecesOfResource("azure-native:keyvault:Vault", { scope }), []);
  });
});

describe("the pieces of a spec", () => {
  it("are what its rows widen: role assignments and ranges", () => {
    assert.deepEqual(piecesOfSpec(accessSpec), [
      { kind: "role-assignment", scope, roleId: keyVaultReader, principalType: "Group" },
    ]);
    assert.deepEqual(
      piecesOfSpec(firewallSpec).map((piece) => (piece.kind === "firewall-range" ? piece.range : null)),
      [firewallSpec.serviceAddress, ...firewallSpec.ranges],
    );
    for (const spec of [platformSpec, networkSpec, jobSpec, aclSpec])
      assert.deepEqual(piecesOfSpec(spec), []);
  });
});
