/** Inputs against the SDKs' declarations: without a provider, and through Check as the engine asks. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { declarationOf } from "../../../automation/simulators/declared/declarations.ts";
import { declaredTypes } from "../../../automation/simulators/declared/declared-types.ts";
import { unknownValue } from "../../../automation/simulators/json.ts";
import { type Inputs, validateResourceInputs } from "../../../automation/simulators/validate.ts";
import { openTestClouds } from "./support/clouds.ts";
import { jobType, workspaceInputs, workspaceType } from "./support/world.ts";

const pipelineType = "azure-native:datafactory:Pipeline";
const ruleType = "azure-native:monitor:ScheduledQueryRule";
const storageType = "azure-native:storage:StorageAccount";
const vaultType = "azure-native:keyvault:Vault";

const found = (token: string, inputs: Inputs): string[] =>
  validateResourceInputs(token, inputs).map(({ path, fault }) => `${path}: ${fault}`);

const account = (inputs: Inputs = {}): Inputs => ({
  resourceGroupName: "rg",
  kind: "StorageV2",
  sku: { name: "Standard_ZRS" },
  ...inputs,
});

const web = { type: "WebActivity", name: "outputs", method: "GET", url: "https://example.net" };
const pipeline = (...activities: Inputs["string"][]): Inputs => ({
  resourceGroupName: "rg",
  factoryName: "adf",
  activities: activities as never,
});

describe("required inputs", () => {
  it("of every declared type are missed, each and no other, when none is given", () => {
    for (const token of declaredTypes)
      assert.deepEqual(
        validateResourceInputs(token, {}).map(({ path }) => path),
        declarationOf(token).required,
        token,
      );
  });

  it("are said to be missing in the words of azure-native, with the whole path", () => {
    assert.deepEqual(found(storageType, account({ sku: {} })), [
      "sku.name: missing required property 'sku.name'",
    ]);
  });

  it("are said to be missing in the words of the Terraform bridge, with the argument's name there", () => {
    const say = (argument: string) =>
      `Missing required argument. The argument "${argument}" is required, but no definition was found.`;
    assert.deepEqual(found("azuread:index/group:Group", {}), [`displayName: ${say("display_name")}`]);
    assert.deepEqual(found(jobType, { tasks: [{ taskKey: "a" }, {}] }), [
      `tasks[1].taskKey: ${say("task_key")}`,
    ]);
  });

  it("are missing when null, undefined or an empty text", () => {
    const paths = (inputs: Inputs) => validateResourceInputs(storageType, inputs).map(({ path }) => path);
    assert.deepEqual(paths(account({ kind: null })), ["kind"]);
    assert.deepEqual(paths(account({ kind: undefined })), ["kind"]);
    assert.deepEqual(paths(account({ kind: "" })), ["kind"]);
  });
});

describe("types", () => {
  it("text, number, truth value, list, map and object are told apart, with the path", () => {
    assert.deepEqual(
      found(storageType, account({ sku: "Standard_ZRS", allowSharedKeyAccess: "false", tags: { owner: 7 } })),
      [
        "sku: 'sku' should be of type 'object' but got a string",
        "allowSharedKeyAccess: 'allowSharedKeyAccess' should be of type 'boolean' but got a string",
        "tags.owner: 'tags.owner' should be of type 'string' but got a number",
      ],
    );
    assert.deepEqual(found(jobType, { maxConcurrentRuns: "1", tasks: { taskKey: "a" } }), [
      "maxConcurrentRuns: 'maxConcurrentRuns' should be of type 'number' but got a string",
      "tasks: 'tasks' should be of type 'array' but got an object",
    ]);
    assert.deepEqual(found("azuread:index/group:Group", { displayName: "g", members: "ada" }), [
      "members: 'members' should be of type 'array' but got a string",
    ]);
  });

  it("a key that is no word stands in brackets, as the engine writes it", () => {
    assert.deepEqual(
      validateResourceInputs(storageType, account({ tags: { "cost-center": true } })).map(({ path }) => path),
      ['tags["cost-center"]'],
    );
  });

  it("anything passes where the declaration says any", () => {
    for (const properties of [1, "text", [true], { a: { b: null } }])
      assert.deepEqual(
        found("azure-native:resources:Resource", {
          apiVersion: "2018-06-01",
          parentResourcePath: "factories/adf",
          resourceGroupName: "rg",
          resourceProviderNamespace: "Microsoft.DataFactory",
          resourceType: "managedVirtualNetworks",
          properties,
        }),
        [],
      );
  });
});

describe("names", () => {
  it("that nothing declares are found at any depth, with what was probably meant", () => {
    assert.deepEqual(found(storageType, account({ allowSharedKeyAcess: false })), [
      "allowSharedKeyAcess: 'allowSharedKeyAcess' is not a known property; did you mean 'allowSharedKeyAccess'?",
    ]);
    assert.deepEqual(found(storageType, account({ networkRuleSet: { defaultAction: "Deny", ipRule: [] } })), [
      "networkRuleSet.ipRule: 'networkRuleSet.ipRule' is not a known property; did you mean 'ipRules'?",
    ]);
    assert.deepEqual(found(jobType, { tasks: [{ taskKey: "a", newClusters: {} }] }), [
      "tasks[0].newClusters: 'tasks[0].newClusters' is not a known property; did you mean 'newCluster'?",
    ]);
    assert.deepEqual(found("azuread:index/group:Group", { displayName: "g", member: ["a"] }), [
      "member: 'member' is not a known property; did you mean 'members'?",
    ]);
  });

  it("far from every declared one get the list instead", () => {
    assert.match(
      found("databricks:index/ipAccessList:IpAccessList", {
        label: "l",
        listType: "ALLOW",
        ipAddresses: [],
        zzzzzzzz: 1,
      }).join(),
      /^zzzzzzzz: 'zzzzzzzz' is not a known property; known here: enabled, ipAddresses, label/,
    );
  });

  it("of what every object inherits are no declared ones", () => {
    assert.match(found(storageType, account({ constructor: "x" })).join(), /is not a known property/);
  });

  it("of the engine's own marks are left alone", () => {
    assert.deepEqual(found(storageType, account({ __createBeforeDelete: true, __defaults: [] })), []);
  });
});

describe("enums", () => {
  it("an open one takes its values in any case, and no other", () => {
    assert.deepEqual(found(storageType, account({ publicNetworkAccess: "disabled" })), []);
    assert.deepEqual(found(storageType, account({ publicNetworkAccess: "Disable" })), [
      "publicNetworkAccess: 'Disable' is not one of Enabled, Disabled, SecuredByPerimeter; did you mean 'Disabled'?",
    ]);
  });

  it("a closed one takes its values as they are written", () => {
    const rules = (defaultAction: string) => account({ networkRuleSet: { defaultAction } });
    assert.deepEqual(found(storageType, rules("Deny")), []);
    assert.deepEqual(found(storageType, rules("deny")), [
      "networkRuleSet.defaultAction: 'deny' is not one of Allow, Deny; did you mean 'Deny'?",
    ]);
  });

  it("the operators of a log alert are the API's, not the ones that the SDK has from another service", () => {
    const rule = (operator: string): Inputs => ({
      resourceGroupName: "rg",
      scopes: ["/s"],
      criteria: { allOf: [{ query: "q", timeAggregation: "Average", operator, threshold: 0.9 }] },
    });
    for (const operator of ["LessThan", "GreaterThan", "LessThanOrEqual", "GreaterThanOrEqual", "Equals"])
      assert.deepEqual(found(ruleType, rule(operator)), []);
    assert.match(
      found(ruleType, rule("lt")).join(),
      /^criteria\.allOf\[0\]\.operator: 'lt' is not one of LessThan/,
    );
  });

  it("takes combinations and names of one's own where Azure does", () => {
    const bypass = (text: string) => account({ networkRuleSet: { defaultAction: "Deny", bypass: text } });
    assert.deepEqual(found(storageType, bypass("Logging, Metrics")), []);
    assert.equal(found(storageType, bypass("Logging, Everything")).length, 1);
    const rule = (stream: string): Inputs => ({
      resourceGroupName: "rg",
      dataFlows: [{ streams: [stream] }],
    });
    const collection = "azure-native:monitor:DataCollectionRule";
    assert.deepEqual(found(collection, rule("Custom-ModelMetrics_CL")), []);
    assert.equal(found(collection, rule("ModelMetrics")).length, 1);
  });
});

describe("unions of objects", () => {
  it("a good activity passes, also one inside another", () => {
    const loop = {
      type: "ForEach",
      name: "each",
      items: { type: "Expression", value: "@pipeline().parameters.ids" },
      activities: [web],
    };
    assert.deepEqual(found(pipelineType, pipeline(web, loop)), []);
  });

  it("a web activity without its URL is missed by path", () => {
    const { url: _url, ...without } = web;
    assert.deepEqual(found(pipelineType, pipeline(web, without)), [
      "activities[1].url: missing required property 'activities[1].url'",
    ]);
  });

  it("a field that this kind of activity does not have is found, also one that another kind has", () => {
    assert.deepEqual(found(pipelineType, pipeline({ ...web, metod: "GET" })), [
      "activities[0].metod: 'activities[0].metod' is not a known property; did you mean 'method'?",
    ]);
    assert.match(
      found(pipelineType, pipeline({ ...web, waitTimeInSeconds: 5 })).join(),
      /^activities\[0\]\.waitTimeInSeconds: .* is not a known property/,
    );
  });

  it("the API's own wrapper, which the SDK flattens, is an unknown field", () => {
    const { url, method, ...rest } = web;
    const faults = found(pipelineType, pipeline({ ...rest, typeProperties: { url, method } }));
    assert.ok(faults.some((line) => /^activities\[0\]\.typeProperties: .* not a known property/.test(line)));
  });

  it("a kind that does not exist is told, and so is none at all", () => {
    assert.match(
      found(pipelineType, pipeline({ ...web, type: "WebActivty" })).join(),
      /^activities\[0\]\.type: 'WebActivty' is not one of .* and \d+ more; did you mean 'WebActivity'\?$/,
    );
    const { type: _type, ...untyped } = web;
    assert.deepEqual(found(pipelineType, pipeline(untyped)), [
      "activities[0].type: missing required property 'activities[0].type'",
    ]);
  });

  it("what is no object, and a mark that is no text, are said without the value", () => {
    assert.deepEqual(found(pipelineType, pipeline("WebActivity", { ...web, type: { secret: "s" } })), [
      "activities[0]: 'activities[0]' should be of type 'object' but got a string",
      "activities[1].type: 'activities[1].type' should be of type 'string' but got an object",
    ]);
  });

  it("a linked service, a dataset, a trigger and a runtime are told apart the same way", () => {
    const factory = { resourceGroupName: "rg", factoryName: "adf" };
    const cases: [string, Inputs["string"], RegExp][] = [
      ["LinkedService", { type: "AzureBlobFS", uri: "u" }, /^properties\.uri: /],
      ["Dataset", { type: "Parquet" }, /^properties\.linkedServiceName: missing/],
      ["Trigger", { type: "ScheduleTrigger" }, /^properties\.recurrence: missing/],
      ["IntegrationRuntime", { type: "SelfHostd" }, /^properties\.type: .*did you mean 'SelfHosted'/],
    ];
    for (const [name, properties, fault] of cases)
      assert.match(found(`azure-native:datafactory:${name}`, { ...factory, properties }).join(), fault);
  });
});

describe("values that a preview does not know yet", () => {
  it("pass in place of text, number, list, object, enum, union and its mark", () => {
    assert.deepEqual(
      found(
        storageType,
        account({
          kind: unknownValue,
          sku: unknownValue,
          isHnsEnabled: unknownValue,
          networkRuleSet: { defaultAction: unknownValue, ipRules: unknownValue },
          tags: { owner: unknownValue },
        }),
      ),
      [],
    );
    assert.deepEqual(found(pipelineType, pipeline(unknownValue, { type: unknownValue })), []);
    assert.deepEqual(found(jobType, { maxConcurrentRuns: unknownValue, tasks: unknownValue }), []);
  });
});

describe("check", () => {
  it("fails with the path and the words, and asks the service's own rules only of sound inputs", async (t) => {
    const { azure } = await openTestClouds(t);
    const { computeMode: _mode, ...without } = workspaceInputs({ publicNetworkAcces: "Disabled" });
    const unsound = await azure.check(workspaceType, without);
    assert.deepEqual(unsound.failures, [
      {
        property: "publicNetworkAcces",
        reason: "'publicNetworkAcces' is not a known property; did you mean 'publicNetworkAccess'?",
      },
    ]);
    const vault = await azure.check(vaultType, {
      resourceGroupName: "rg",
      properties: { tenantId: "t", sku: { family: "A", name: "gold" } },
    });
    assert.deepEqual(
      vault.failures.map(({ property }) => property),
      ["properties.sku.name"],
    );
  });
});
