import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type AdfKind,
  adfKinds,
  flatten,
  outerKeys,
  referencesIn,
  unflatten,
} from "../../../automation/simulators/azure/adf-json.ts";
import type { Body } from "../../../automation/simulators/json.ts";

const expression = { value: "@true", type: "Expression" };
const web = {
  name: "Web",
  type: "WebActivity",
  method: "GET",
  url: "https://a.example",
  policy: { retry: 1 },
};
const rawWeb = {
  name: "Web",
  type: "WebActivity",
  policy: { retry: 1 },
  typeProperties: { method: "GET", url: "https://a.example" },
};

describe("Data Factory's JSON and the SDK's", () => {
  it("an activity gets typeProperties, also inside branches, loops and cases", () => {
    const flat: Body = {
      activities: [
        { name: "If", type: "IfCondition", expression, ifTrueActivities: [web], ifFalseActivities: [web] },
        { name: "Each", type: "ForEach", items: expression, activities: [web] },
        { name: "Until", type: "Until", expression, activities: [web] },
        {
          name: "Switch",
          type: "Switch",
          on: expression,
          cases: [{ value: "a", activities: [web] }, { value: "b" }],
          defaultActivities: [web],
        },
      ],
    };
    const raw: Body = {
      activities: [
        {
          name: "If",
          type: "IfCondition",
          typeProperties: { expression, ifTrueActivities: [rawWeb], ifFalseActivities: [rawWeb] },
        },
        { name: "Each", type: "ForEach", typeProperties: { items: expression, activities: [rawWeb] } },
        { name: "Until", type: "Until", typeProperties: { expression, activities: [rawWeb] } },
        {
          name: "Switch",
          type: "Switch",
          typeProperties: {
            on: expression,
            cases: [{ value: "a", activities: [rawWeb] }, { value: "b" }],
            defaultActivities: [rawWeb],
          },
        },
      ],
    };
    assert.deepEqual(unflatten("pipeline", flat), raw);
    assert.deepEqual(flatten("pipeline", raw), flat);
  });

  const pairs: readonly { kind: AdfKind; flat: Body; raw: Body }[] = [
    {
      kind: "linkedService",
      flat: { type: "AzureKeyVault", baseUrl: "https://v", connectVia: { referenceName: "ir" } },
      raw: {
        type: "AzureKeyVault",
        connectVia: { referenceName: "ir" },
        typeProperties: { baseUrl: "https://v" },
      },
    },
    {
      kind: "dataset",
      flat: {
        type: "Parquet",
        linkedServiceName: { referenceName: "LS" },
        location: { type: "AzureBlobFSLocation" },
      },
      raw: {
        type: "Parquet",
        linkedServiceName: { referenceName: "LS" },
        typeProperties: { location: { type: "AzureBlobFSLocation" } },
      },
    },
    {
      kind: "trigger",
      flat: { type: "TumblingWindowTrigger", pipeline: { parameters: {} }, frequency: "Hour", interval: 1 },
      raw: {
        type: "TumblingWindowTrigger",
        pipeline: { parameters: {} },
        typeProperties: { frequency: "Hour", interval: 1 },
      },
    },
    {
      kind: "integrationRuntime",
      flat: {
        type: "Managed",
        managedVirtualNetwork: { referenceName: "default" },
        computeProperties: { location: "x" },
      },
      raw: {
        type: "Managed",
        managedVirtualNetwork: { referenceName: "default" },
        typeProperties: { computeProperties: { location: "x" } },
      },
    },
    {
      kind: "credential",
      flat: { type: "ManagedIdentity", resourceId: "/id" },
      raw: { type: "ManagedIdentity", typeProperties: { resourceId: "/id" } },
    },
  ];
  for (const { kind, flat, raw } of pairs) {
    it(`a ${kind} keeps on the outside what Data Factory keeps there`, () => {
      assert.deepEqual(unflatten(kind, flat), raw);
      assert.deepEqual(flatten(kind, raw), flat);
    });
  }

  it("there and back changes nothing, whatever the properties", () => {
    const kinds = adfKinds.filter((kind) => kind !== "pipeline");
    const value = fc.oneof(fc.string(), fc.integer(), fc.dictionary(fc.string(), fc.integer()));
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.dictionary(fc.stringMatching(/^[a-z]\w{0,8}$/), value),
        (kind, free) => {
          const outer = Object.fromEntries((outerKeys[kind] as readonly string[]).map((key) => [key, key]));
          const flat: Body = { ...outer, ...free };
          fc.pre(flat.typeProperties === undefined);
          assert.deepEqual(flatten(kind, unflatten(kind, flat)), flat);
        },
      ),
    );
  });

  it("references are found wherever they stand", () => {
    const found = referencesIn({
      a: [{ b: { referenceName: "LS", type: "LinkedServiceReference" } }],
      c: { referenceName: "DS", type: "DatasetReference", parameters: { x: "y" } },
      d: { referenceName: "no", type: "SomethingElse" },
    });
    assert.deepEqual(found, [
      { to: "linkedService", name: "LS" },
      { to: "dataset", name: "DS" },
    ]);
  });
});
