/** The checked-in declarations are the installed SDKs' own, and cover all that is simulated and planned. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, it } from "node:test";
import { declarationOf, declarationsOf } from "../../../automation/simulators/declared/declarations.ts";
import { declarationFiles } from "../../../automation/simulators/declared/declare.ts";
import { declaredTypes } from "../../../automation/simulators/declared/declared-types.ts";
import { declaredPackages } from "../../../automation/simulators/declared/format.ts";
import { resourceTypes } from "../../../automation/simulators/types.ts";
import { adoptionTable } from "../../../program/adoption/adoption-table.ts";
import { checkout } from "../../support/service.ts";

const require = createRequire(import.meta.url);

describe("the declarations", () => {
  it("that are checked in are what the generator reads from the installed SDKs", async () => {
    const files = declarationFiles();
    assert.equal(files.length, declaredPackages.length);
    for (const { path, text } of files)
      assert.equal(await readFile(join(checkout, path), "utf8"), text, path);
  });

  it("say which SDK they are of: the installed one", () => {
    for (const sdk of declaredPackages)
      assert.equal(declarationsOf(sdk).version, require(`@pulumi/${sdk}/package.json`).version);
  });

  it("cover every type that the simulated clouds register and every type that is adopted", () => {
    const needed = [...resourceTypes.keys(), ...Object.keys(adoptionTable)];
    assert.ok(needed.length >= 40);
    assert.deepEqual(
      needed.filter((token) => !declaredTypes.includes(token)),
      [],
    );
  });

  it("hold exactly the listed types", () => {
    const held = declaredPackages.flatMap((sdk) => Object.keys(declarationsOf(sdk).resources));
    assert.deepEqual(held, declaredTypes);
  });

  it("have every type and enum that they refer to", () => {
    for (const sdk of declaredPackages) {
      const { resources, types, enums } = declarationsOf(sdk);
      const text = JSON.stringify([resources, types]);
      for (const [, name = ""] of text.matchAll(/"ref":"([^"]+)"/g)) assert.ok(types[name], name);
      for (const [, names = ""] of text.matchAll(/"oneOf":(\{[^}]+\})/g))
        for (const name of Object.values<string>(JSON.parse(names))) assert.ok(types[name], name);
      for (const [, name = ""] of text.matchAll(/"enum":"([^"]+)"/g)) assert.ok(enums[name]?.length, name);
    }
  });

  it("a type that nobody listed is refused by name, with the way to list it", () => {
    assert.throws(
      () => declarationOf("azure-native:compute:VirtualMachine"),
      /azure-native:compute:VirtualMachine.*declared-types\.ts.*npm run generate/,
    );
  });
});

describe("what is read of a type", () => {
  it("its API version, where the SDK tells one", () => {
    assert.equal(declarationOf("azure-native:databricks:Workspace").apiVersion, "2026-01-01");
    assert.equal(declarationOf("databricks:index/job:Job").apiVersion, null);
    const untold = declaredTypes.filter(
      (token) => token.startsWith("azure-native:") && declarationOf(token).apiVersion === null,
    );
    assert.deepEqual(untold, []);
  });

  it("what the constructor throws for, the same as what is declared without a question mark", () => {
    assert.deepEqual(declarationOf("azure-native:storage:StorageAccount").required, [
      "kind",
      "resourceGroupName",
      "sku",
    ]);
  });

  it("what the SDK fills in, of a resource and of an object inside it", () => {
    assert.deepEqual(declarationOf("azure-native:authorization:RoleAssignment").defaults, {
      principalType: "User",
    });
    assert.deepEqual(declarationsOf("azure-native").types["storage.NetworkRuleSetArgs"]?.defaults, {
      bypass: "AzureServices",
      defaultAction: "Allow",
    });
  });

  it("its outputs, which are more than its inputs", () => {
    const { outputs, properties } = declarationOf("azure-native:databricks:Workspace");
    assert.ok(outputs.includes("workspaceUrl"));
    assert.ok(!("workspaceUrl" in properties));
  });

  it("lists, maps, literals, enums open and closed, unions and objects by name", () => {
    const { types, enums } = declarationsOf("azure-native");
    const storage = declarationOf("azure-native:storage:StorageAccount").properties;
    assert.deepEqual(storage.tags, { map: "string" });
    assert.deepEqual(storage.kind, { enum: "storage.Kind", open: true });
    assert.ok(enums["storage.Kind"]?.includes("StorageV2"));
    assert.deepEqual(storage.networkRuleSet, { ref: "storage.NetworkRuleSetArgs" });
    assert.deepEqual(types["storage.NetworkRuleSetArgs"]?.properties.defaultAction, {
      enum: "storage.DefaultAction",
      open: false,
    });
    const web = types["datafactory.WebActivityArgs"]?.properties;
    assert.deepEqual(web?.type, { const: "WebActivity" });
    assert.equal(web?.url, "any");
    const { activities } = declarationOf("azure-native:datafactory:Pipeline").properties;
    assert.ok(typeof activities === "object" && "array" in activities);
    const { array } = activities;
    assert.ok(typeof array === "object" && "oneOf" in array);
    assert.equal(array.by, "type");
    assert.equal(array.oneOf.WebActivity, "datafactory.WebActivityArgs");
    assert.ok(Object.keys(array.oneOf).length > 40);
  });
});
