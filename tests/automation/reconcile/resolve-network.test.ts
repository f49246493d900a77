/** Network_Rules rows: endpoints and firewall ranges, and what is refused of them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  admittedIn,
  after,
  answers,
  environmentRow,
  jobSnapshot,
  networkRow,
  refusals,
  resolve,
} from "../../support/snapshots.ts";

const firewall = "firewall-eastus-databricks";

describe("firewall ranges", () => {
  const ranges = (...texts: string[]) => ({ networkRules: [networkRow({ firewall_ranges: texts })] });
  const admitted = (resolution: ReturnType<typeof resolve>) =>
    admittedIn(resolution, firewall).map((item) => (item.kind === "range" ? item.range : item.kind));

  it("the whole internet is Blocked, and the range it replaces stays", () => {
    const before = jobSnapshot(ranges("198.51.100.16/28"));
    const resolution = resolve(after(before, ranges("0.0.0.0/0")));
    assert.deepEqual(refusals(resolution), ["Network_Rules 1 Blocked RangeTooWide"]);
    assert.deepEqual(admitted(resolution), ["198.51.100.16/28"]);
  });

  it("a dropped range goes although another one of the row is refused", () => {
    const before = jobSnapshot(ranges("198.51.100.16/28", "198.51.100.32/28", "198.51.100.48/28"));
    const resolution = resolve(after(before, ranges("198.51.100.16/28", "0.0.0.0/0")));
    assert.deepEqual(admitted(resolution), ["198.51.100.16/28", "198.51.100.32/28"]);
  });

  it("a refused range that was added, not replaced, brings nothing back", () => {
    const before = jobSnapshot(ranges("198.51.100.16/28"));
    const resolution = resolve(after(before, ranges("198.51.100.16/28", "0.0.0.0/0")));
    assert.deepEqual(admitted(resolution), ["198.51.100.16/28"]);
  });

  it("a single address is a /32", () => {
    assert.deepEqual(admitted(resolve(jobSnapshot(ranges("198.51.100.7")))), ["198.51.100.7/32"]);
  });

  it("the environment's own SQL server takes none, as its public side is off; one that existed does", () => {
    const rules = { networkRules: [networkRow({ service: "SQL", firewall_ranges: ["198.51.100.16/28"] })] };
    assert.deepEqual(refusals(resolve(jobSnapshot(rules))), ["Network_Rules 1 Blocked FirewallUnavailable"]);
    const sqlServer = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Sql/servers/shared";
    const environment = environmentRow({ existing_resources: { sql_server: sqlServer } });
    const found = answers([
      { kind: "resource", name: sqlServer },
      { status: "found", objectId: sqlServer },
    ]);
    const resolution = resolve(jobSnapshot({ ...rules, environment }), found);
    assert.deepEqual(refusals(resolution), []);
    assert.deepEqual(admittedIn(resolution, "firewall-eastus-sql"), [
      { kind: "range", range: "198.51.100.16/28" },
    ]);
  });

  it("a bad endpoint name is Blocked", () => {
    const resolution = resolve(jobSnapshot({ networkRules: [networkRow({ private_endpoint: "a/../b" })] }));
    assert.deepEqual(refusals(resolution), ["Network_Rules 1 Blocked InvalidEndpointName"]);
  });
});
