import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { deniedRoles, grantableRoles } from "../../../program/layout/azure-roles.ts";
import { ownVaultId, resourceGroupId, secretId } from "../../../program/layout/names.ts";
import { guardrails, judge } from "../../../program/policies/judge.ts";
import type { Piece } from "../../../program/policies/pieces.ts";
import { environment } from "../support/specs.ts";

const vaultId = ownVaultId(environment);
const assignment = (change: Partial<Extract<Piece, { kind: "role-assignment" }>>): Piece => ({
  kind: "role-assignment",
  scope: vaultId,
  roleId: grantableRoles.keyVaultReader.id,
  principalType: "Group",
  ...change,
});
const permission = (role: string, name: string): Piece => ({ kind: "permission", role, permission: name });
const range = (text: string): Piece => ({ kind: "firewall-range", range: text });

interface Broken {
  readonly piece: Piece;
  readonly message: RegExp;
  readonly fix: RegExp;
}
const rows: Readonly<
  Record<string, { readonly keeps: readonly Piece[]; readonly breaks: readonly Broken[] }>
> = {
  "known-permission": {
    keeps: [permission("DataScientist", "read_model")],
    breaks: [
      { piece: permission("DataScientist", "fly"), message: /"fly" is not a permission/, fix: /read_model/ },
    ],
  },
  "permission-in-role": {
    keeps: [permission("DataScientist", "execute_inference"), permission("SecurityAdmin", "list_secrets")],
    breaks: [
      {
        piece: permission("Analyst", "read_model"),
        message: /Role Analyst does not include read_model/,
        fix: /DataScientist may hold it/,
      },
      {
        piece: permission("Analyst", "interactive_dev"),
        message: /does not include/,
        fix: /No role holds it/,
      },
      { piece: permission("King", "read_model"), message: /"King" is not a role/, fix: /DataScientist/ },
      { piece: permission("toString", "read_model"), message: /is not a role/, fix: /DataScientist/ },
    ],
  },
  "denied-azure-role": {
    keeps: Object.values(grantableRoles).map(({ id }) => assignment({ roleId: id })),
    breaks: [
      ...Object.values(deniedRoles).map(({ id, name, because }) => ({
        piece: assignment({ roleId: id.toUpperCase() }),
        message: new RegExp(`${name} may not be assigned: it ${because}`),
        fix: /Key Vault Reader/,
      })),
      {
        piece: assignment({ roleId: "acdd72a7-3385-48ef-bd42-f606fba81ae7" }),
        message: /acdd72a7.* is not one that may be assigned/,
        fix: /Assignable/,
      },
    ],
  },
  "assignment-scope": {
    keeps: [assignment({}), assignment({ scope: secretId(vaultId, "databricks-token") })],
    breaks: [
      resourceGroupId(environment),
      `/subscriptions/${environment.subscriptionId}`,
      "/providers/Microsoft.Management/managementGroups/root",
      "/",
      "",
      `${vaultId}/secrets/`,
      `${vaultId}/secrets/a/b`,
      `${vaultId}/`,
    ].map((scope) => ({
      piece: assignment({ scope }),
      message: /is wider than one resource/,
      fix: /ARM id of the resource/,
    })),
  },
  "principal-type": {
    keeps: [assignment({}), assignment({ principalType: "ServicePrincipal" })],
    breaks: [
      {
        piece: assignment({ principalType: "User" }),
        message: /of type User is not allowed/,
        fix: /Entra group/,
      },
    ],
  },
  "range-width": {
    keeps: ["203.0.113.0/24", "203.0.113.7", "203.0.113.7/32", "198.51.100.128/25", "10.1.2.0/24"].map(range),
    breaks: [
      { piece: range("0.0.0.0/0"), message: /wider than a \/24/, fix: /narrower/ },
      { piece: range("203.0.113.5/0"), message: /wider than a \/24/, fix: /narrower/ },
      { piece: range("203.0.112.0/23"), message: /wider than a \/24/, fix: /narrower/ },
      { piece: range("0.0.0.0"), message: /not a range that callers have/, fix: /public range/ },
      { piece: range("0.0.0.0/32"), message: /not a range that callers have/, fix: /public range/ },
      { piece: range("127.0.0.1"), message: /not a range that callers have/, fix: /public range/ },
      { piece: range("255.255.255.255"), message: /not a range that callers have/, fix: /public range/ },
      {
        piece: range("203.0.113.7/24"),
        message: /has host bits set/,
        fix: /203\.0\.113\.0\/24 for the network or 203\.0\.113\.7 for the address/,
      },
      ...["::/0", "2001:db8::1", "any", "", "203.0.113", "203.0.113.07", "203.0.113.7/", "203.0.113.0/24/24"]
        .concat(["203.0.113.7 ", "203.0.113.7/33", "203.0.113.7/-1", "0x7f.0.0.1", "203.0.113.1-203.0.113.9"])
        .map((text) => ({
          piece: range(text),
          message: /is not an IPv4 address or range/,
          fix: /203\.0\.113\.7/,
        })),
    ],
  },
};

for (const { id, title, judge: judgeOne } of guardrails) {
  describe(`guardrail ${id}: ${title}`, () => {
    const cases = rows[id] ?? assert.fail(`no rows for ${id}`);
    for (const piece of cases.keeps) {
      it(`lets ${JSON.stringify(piece)} pass`, () => assert.deepEqual(judge(piece), []));
    }
    for (const { piece, message, fix } of cases.breaks) {
      it(`refuses ${JSON.stringify(piece)}`, () => {
        const verdict = judgeOne(piece) ?? assert.fail("it passed");
        assert.equal(verdict.guardrail, id);
        assert.match(verdict.message, message);
        assert.match(verdict.fix, fix);
      });
    }
  });
}

describe("all guardrails", () => {
  it("say nothing about a piece of another kind", () => {
    for (const [id, { breaks }] of Object.entries(rows)) {
      const kind = breaks[0]?.piece.kind;
      for (const piece of [permission("x", "y"), assignment({ roleId: "x" }), range("x")]) {
        if (piece.kind === kind) continue;
        assert.equal(guardrails.find((rule) => rule.id === id)?.judge(piece), null);
      }
    }
  });

  it("give an unknown permission one verdict, not two", () => {
    assert.equal(judge(permission("DataScientist", "fly")).length, 1);
  });

  it("judge any text without throwing", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        judge(permission(a, b));
        judge(range(a));
        judge(assignment({ scope: a, roleId: b, principalType: a }));
      }),
    );
  });

  it("let every aligned IPv4 range from /24 to /32 of a caller pass", () => {
    const octet = fc.nat({ max: 255 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 126 }),
        octet,
        octet,
        fc.integer({ min: 24, max: 32 }),
        (a, b, c, prefix) => {
          assert.deepEqual(judge(range(`${a}.${b}.${c}.0/${prefix}`)), []);
        },
      ),
    );
  });
});
