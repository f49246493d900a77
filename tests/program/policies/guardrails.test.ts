import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { grantableRoles } from "../../../program/layout/azure-roles.ts";
import { networkOf, parseRange, rangeBetween } from "../../../program/policies/ip-range.ts";
import { findGuardrail, guardrails, judge, unexcepted } from "../../../program/policies/judge.ts";
import { cases } from "./broken-pieces.ts";
import { assignment, permission, range } from "./sample-pieces.ts";

for (const { id, title, invariant, reason, exceptable, judge: judgeOne } of guardrails) {
  describe(`guardrail ${id} (${invariant}): ${title}`, () => {
    const { keeps, breaks } = cases[id] ?? assert.fail(`no cases for ${id}`);
    for (const piece of keeps) {
      it(`lets ${JSON.stringify(piece).slice(0, 120)} pass`, () => assert.deepEqual(judge(piece), []));
    }
    for (const { piece, message, fix } of breaks) {
      it(`refuses ${JSON.stringify(piece).slice(0, 160)}`, () => {
        const verdict = judgeOne(piece) ?? assert.fail("it passed");
        assert.equal(verdict.guardrail, id);
        assert.equal(verdict.reason, reason);
        assert.equal(verdict.subject !== null, exceptable);
        assert.match(verdict.message, message);
        assert.match(verdict.fix, fix);
      });
    }
  });
}

describe("all guardrails", () => {
  it("have their own id and reason, in the words of conditions, and cover I1 to I20", () => {
    const ids = guardrails.map(({ id }) => id);
    assert.deepEqual(Object.keys(cases).sort(), ids.toSorted());
    assert.equal(new Set(guardrails.map(({ reason }) => reason)).size, guardrails.length);
    for (const { id, reason } of guardrails) {
      assert.match(id, /^[a-z]+(?:-[a-z]+)*$/);
      assert.match(reason, /^[A-Z][A-Za-z]+$/);
    }
    const covered = new Set(guardrails.map(({ invariant }) => Number(invariant.slice(1))));
    assert.deepEqual(
      [...covered].sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
  });

  it("say nothing about a piece of another kind", () => {
    for (const { id, judge: judgeOne } of guardrails) {
      const kinds = new Set(cases[id]?.breaks.map(({ piece }) => piece.kind));
      for (const other of Object.values(cases).flatMap(({ breaks }) => breaks))
        if (!kinds.has(other.piece.kind)) assert.equal(judgeOne(other.piece), null, id);
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
        judge({ kind: "text", where: "x", text: a });
        judge({ kind: "data-source", name: "x", type: b, host: a });
      }),
    );
  });

  it("never repeat a text that looks like a secret", () => {
    for (const { piece } of cases["secret-text"]?.breaks ?? []) {
      if (piece.kind !== "text") continue;
      for (const { message, fix } of judge(piece)) assert.ok(!`${message} ${fix}`.includes(piece.text));
    }
  });

  it("let each grantable role be assigned to its holders on its kind of scope only", () => {
    for (const { id, holders } of Object.values(grantableRoles)) {
      for (const type of ["Group", "ServicePrincipal"] as const) {
        const verdicts = judge(assignment({ roleId: id, principalType: type }));
        const refused = verdicts.some(({ guardrail }) => guardrail === "principal-type");
        assert.equal(refused, !holders.some((holder) => holder === type), id);
      }
    }
  });
});

const octet = fc.nat({ max: 255 });

describe("firewall ranges", () => {
  it("of callers pass from /24 to /32 where they are aligned", () => {
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

  it("wider than a /24 never pass, and an exception for one opens no other", () => {
    fc.assert(
      fc.property(octet, octet, fc.integer({ min: 0, max: 23 }), (a, b, prefix) => {
        const parsed = parseRange(`${a}.${b}.0.0/${prefix}`) ?? assert.fail();
        const text = `${networkOf(parsed)}/${prefix}`;
        const verdicts = judge(range(text));
        assert.ok(verdicts.some(({ guardrail }) => guardrail === "range-width"));
        const other = [{ guardrail: "range-width", subject: `${text}0` }];
        assert.equal(unexcepted(verdicts, other).length, verdicts.length);
        const own = [{ guardrail: "range-width", subject: text }];
        assert.ok(!unexcepted(verdicts, own).some(({ guardrail }) => guardrail === "range-width"));
        if (prefix < 8) assert.notEqual(unexcepted(verdicts, own).length, 0);
      }),
    );
  });

  it("from the first to the last address of a CIDR are that CIDR", () => {
    fc.assert(
      fc.property(octet, octet, octet, octet, fc.integer({ min: 1, max: 32 }), (a, b, c, d, prefix) => {
        const network = networkOf(parseRange(`${a}.${b}.${c}.${d}/${prefix}`) ?? assert.fail());
        const first = network.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
        const last = first + 2 ** (32 - prefix) - 1;
        const text = [24, 16, 8, 0].map((shift) => Math.floor(last / 2 ** shift) % 256).join(".");
        assert.equal(rangeBetween(network, text), `${network}/${prefix}`);
      }),
    );
    for (const [first, last] of [
      ["203.0.113.1", "203.0.113.9"],
      ["203.0.113.9", "203.0.113.1"],
      ["0.0.0.0", "255.255.255.255"],
      ["(later)", "203.0.113.1"],
    ] as const)
      assert.notEqual(judge(range(rangeBetween(first, last))).length, 0);
  });
});

describe("an exception", () => {
  it("sets aside only the guardrail and the subject that it names, and only where that may be", () => {
    for (const { id, exceptable } of guardrails) {
      for (const { piece } of cases[id]?.breaks ?? []) {
        const verdict = findGuardrail(id)?.judge(piece) ?? assert.fail();
        const subject = verdict.subject ?? "x";
        assert.equal(unexcepted([verdict], [{ guardrail: id, subject }]).length, exceptable ? 0 : 1);
        assert.equal(unexcepted([verdict], [{ guardrail: id, subject: `${subject} ` }]).length, 1);
        assert.equal(unexcepted([verdict], [{ guardrail: "other", subject }]).length, 1);
      }
    }
  });
});
