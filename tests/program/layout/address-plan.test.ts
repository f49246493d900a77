import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { planAddresses, rangeEnds } from "../../../program/layout/address-plan.ts";

interface Block {
  readonly start: number;
  readonly end: number;
  readonly prefix: number;
}

/** Another reading of a CIDR than the planner's, so that they can't be wrong together. */
function block(cidr: string): Block {
  const [address = "", prefix = ""] = cidr.split("/");
  const start = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return { start, end: start + 2 ** (32 - Number(prefix)), prefix: Number(prefix) };
}
const text = (start: number, prefix: number) =>
  `${[3, 2, 1, 0].map((place) => Math.floor(start / 256 ** place) % 256).join(".")}/${prefix}`;

const networks = fc
  .record({ prefix: fc.integer({ min: 16, max: 22 }), seed: fc.nat({ max: 2 ** 31 - 1 }) })
  .map(({ prefix, seed }) => text(seed * 2 - ((seed * 2) % 2 ** (32 - prefix)), prefix));

const planned = (cidr: string) => {
  const plan = planAddresses(cidr);
  if (plan.status === "refused") return assert.fail(plan.reason);
  return Object.values(plan.subnets).map(block);
};

describe("the address plan", () => {
  it("cuts subnets that lie inside the network, are aligned, and don't overlap", () => {
    fc.assert(
      fc.property(networks, (cidr) => {
        const network = block(cidr);
        const subnets = planned(cidr).toSorted((a, b) => a.start - b.start);
        assert.equal(subnets.length, 3);
        subnets.forEach((subnet, at) => {
          assert.ok(subnet.start >= network.start && subnet.end <= network.end);
          assert.equal(subnet.start % (subnet.end - subnet.start), 0);
          assert.ok(subnet.prefix <= 26, "Databricks takes no subnet narrower than a /26");
          assert.ok(at === 0 || (subnets[at - 1]?.end ?? Number.POSITIVE_INFINITY) <= subnet.start);
        });
      }),
    );
  });

  it("gives hosts and containers equal room, as every node takes an address in each", () => {
    fc.assert(
      fc.property(networks, (cidr) => {
        const [, host, container] = planned(cidr);
        assert.equal(host?.prefix, container?.prefix);
      }),
    );
  });

  it("never moves: live subnets can't be cut again", () => {
    assert.deepEqual(planAddresses("10.20.0.0/20"), {
      status: "planned",
      subnets: {
        "private-endpoints": "10.20.0.0/24",
        "databricks-host": "10.20.8.0/22",
        "databricks-container": "10.20.12.0/22",
      },
    });
  });

  const refusals: readonly (readonly [string, RegExp])[] = [
    ["10.20.0.0/23", /too small.*write a \/22 or wider/],
    ["10.0.0.0/8", /wider than Databricks takes.*\/16/],
    ["10.20.1.0/20", /host bits set; write 10\.20\.0\.0\/20/],
    ["10.20.0.0", /is not an IPv4 network; write one such as/],
    ["10.20.0/20", /is not an IPv4 network/],
    ["010.20.0.0/20", /is not an IPv4 network/],
    ["10.20.0.0/33", /is not an IPv4 network/],
    ["10.256.0.0/20", /is not an IPv4 network/],
    ["fd00::/20", /is not an IPv4 network/],
    ["", /is not an IPv4 network/],
  ];
  for (const [cidr, reason] of refusals) {
    it(`refuses "${cidr}" and says what to write`, () => {
      const plan = planAddresses(cidr);
      assert.ok(plan.status === "refused");
      assert.match(plan.reason, reason);
    });
  }
});

describe("the ends of a range", () => {
  it("hold exactly as many addresses as its prefix says, its own among them", () => {
    const octet = fc.nat({ max: 255 });
    fc.assert(
      fc.property(octet, octet, octet, octet, fc.nat({ max: 32 }), (a, b, c, d, prefix) => {
        const cidr = `${[a, b, c, d].join(".")}/${prefix}`;
        const ends = rangeEnds(cidr) ?? assert.fail(cidr);
        const number = (address: string) => block(`${address}/32`).start;
        assert.equal(number(ends.last) - number(ends.first) + 1, 2 ** (32 - prefix));
        const own = block(cidr).start;
        assert.ok(number(ends.first) <= own && own <= number(ends.last));
      }),
    );
  });

  it("of a single address are that address", () => {
    assert.deepEqual(rangeEnds("203.0.113.7"), { first: "203.0.113.7", last: "203.0.113.7" });
  });

  it("are none for what is no IPv4 range", () => {
    for (const text of ["", "any", "203.0.113", "203.0.113.0/33", "::/0", "203.0.113.07", "256.0.0.1"])
      assert.equal(rangeEnds(text), null);
  });
});
