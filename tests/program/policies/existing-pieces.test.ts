import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { existingResources } from "../../../metadata-schema/desired-state.ts";
import { piecesOfExisting } from "../../../program/policies/from-existing.ts";
import { judge } from "../../../program/policies/judge.ts";
import type { Piece } from "../../../program/policies/pieces.ts";
import { goodSettings } from "./sample-pieces.ts";

const refusals = (all: readonly Piece[]): string[] => [
  ...new Set(all.flatMap(judge).map(({ guardrail }) => guardrail)),
];

describe("the pieces of a resource that is taken over", () => {
  const id = (name: string) => `/subscriptions/s/resourceGroups/g/providers/x/y/${name}`;
  const bodies = {
    key_vault: {
      properties: {
        publicNetworkAccess: "Disabled",
        enableRbacAuthorization: true,
        enableSoftDelete: true,
        enablePurgeProtection: true,
        networkAcls: { defaultAction: "Deny", bypass: "None", ipRules: [{ value: "203.0.113.0/24" }] },
      },
    },
    lake: {
      properties: {
        ...goodSettings["storage account"],
        supportsHttpsTrafficOnly: true,
        networkAcls: { defaultAction: "Deny", bypass: "None" },
      },
    },
    sql_server: {
      properties: {
        ...goodSettings["SQL server"],
        administratorLogin: "CloudSA1",
        administrators: { azureADOnlyAuthentication: true },
      },
    },
    workspace: {
      sku: { name: "premium" },
      properties: {
        ...goodSettings.workspace,
        sku: undefined,
        parameters: {
          enableNoPublicIp: { value: true },
          customVirtualNetworkId: { value: "/vnet" },
        },
      },
    },
    factory: { properties: { publicNetworkAccess: "Disabled" } },
    private_endpoint_subnet: {
      properties: {
        networkSecurityGroup: { id: "/nsg" },
        privateEndpointNetworkPolicies: "Enabled",
        routeTable: { id: "/routes" },
      },
    },
  } as const;

  it("are none that a guardrail refuses where it is closed", () => {
    for (const [name, body] of Object.entries(bodies)) {
      const resource = existingResources.find((each) => each === name) ?? assert.fail(name);
      const all = piecesOfExisting(resource, id(name), body);
      assert.notEqual(all.length, 0);
      assert.deepEqual(refusals(all), [], name);
    }
  });

  it("are refused where nothing is known of it, or where it is open", () => {
    for (const name of Object.keys(bodies)) {
      const resource = existingResources.find((each) => each === name) ?? assert.fail(name);
      assert.notEqual(refusals(piecesOfExisting(resource, id(name), {})).length, 0, name);
    }
    const open = structuredClone(bodies.key_vault) as unknown as { properties: Record<string, unknown> };
    open.properties.networkAcls = {
      defaultAction: "Deny",
      bypass: "None",
      ipRules: [{ value: "10.0.0.0/16" }],
    };
    assert.deepEqual(refusals(piecesOfExisting("key_vault", id("kv"), open)), [
      "range-width",
      "range-of-callers",
    ]);
  });

  it("are none of a kind that has nothing to judge", () => {
    assert.deepEqual(piecesOfExisting("action_group", id("ag"), {}), []);
  });
});
