/** docs/systems.md names every resource type that the program makes, and only tests that are there. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { adoptionTable } from "../../program/adoption/adoption-table.ts";
import { checkout } from "../support/service.ts";

const page = readFileSync(path.join(checkout, "docs/systems.md"), "utf8");
const cells = page
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .map((line) => line.split(" | "));

/** `azure-native:keyvault:Vault` → "Vault (keyvault)", `azuread:index/group:Group` → "Group (azuread)". */
function asWritten(type: string): string {
  const [cloud = "", module = "", name = ""] = type.split(":");
  if (cloud === "databricks") return name;
  return `${name} (${cloud === "azuread" ? cloud : module})`;
}

describe("the page of systems", () => {
  it("names every type that the program makes, and no other", () => {
    const named = cells.flatMap(([, resources = ""]) =>
      resources.split(/[,;:]/).flatMap((item) => item.trim().match(/^[A-Z][a-zA-Z]+(?: \(\w+\))?$/) ?? []),
    );
    const made = Object.keys(adoptionTable).map(asWritten);
    assert.ok(made.length > 50);
    assert.deepEqual([...new Set(named)].toSorted(), made.toSorted());
  });

  it("names for every system at least one test, by the words that are in the test's file", () => {
    const rows = cells.filter(([, , proof = ""]) => !/^(-+|Proven by) \|$/.test(proof));
    assert.ok(rows.length > 15);
    for (const [system = "", , proof = ""] of rows) {
      const proofs = [...proof.matchAll(/\]\(([^)]+)\): ("[^"]+"(?:, "[^"]+")*)/g)];
      assert.ok(proofs.length > 0, system);
      assert.equal(
        proofs.length,
        [...proof.matchAll(/\]\(/g)].length,
        `${system}: a link without a test's name`,
      );
      for (const [, link = "", titles = ""] of proofs) {
        const file = path.join(checkout, "docs", link);
        assert.ok(existsSync(file), link);
        const text = readFileSync(file, "utf8");
        for (const [, title = ""] of titles.matchAll(/"([^"]+)"/g))
          assert.ok(text.includes(title), `${link}: ${title}`);
      }
    }
  });
});
