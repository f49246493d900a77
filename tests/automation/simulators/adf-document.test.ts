import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adfDocumentFaults } from "../../../automation/simulators/azure/adf-document.ts";
import type { AdfKind } from "../../../automation/simulators/azure/adf-json.ts";
import type { Body } from "../../../automation/simulators/json.ts";

const expression = (value: string): Body => ({ value, type: "Expression" });
const wait = (name: string, more: Body = {}): Body => ({
  name,
  type: "Wait",
  typeProperties: { waitTimeInSeconds: 1 },
  ...more,
});
const after = (...names: string[]): Body => ({
  dependsOn: names.map((activity) => ({ activity, dependencyConditions: ["Succeeded"] })),
});
const web = (typeProperties: Body): Body => ({
  name: "Web",
  type: "WebActivity",
  typeProperties: { method: "GET", url: "https://a.example/x", ...typeProperties },
});
const pipeline = (activities: Body[], more: Body = {}): Body => ({
  name: "PL",
  properties: { activities, ...more },
});

/** The whole of what one pipeline of a metadata-driven job does. */
const whole = pipeline(
  [
    {
      name: "Context",
      type: "Lookup",
      policy: { timeout: "0.00:05:00", retry: 2, retryIntervalInSeconds: 30 },
      typeProperties: {
        source: {
          type: "AzureSqlSource",
          sqlReaderStoredProcedureName: "[adf].[GetJobContext]",
          storedProcedureParameters: {
            job_id: { type: "Int32", value: expression("@pipeline().parameters.jobId") },
          },
        },
        dataset: { referenceName: "DS", type: "DatasetReference" },
      },
    },
    {
      name: "IsReady",
      type: "IfCondition",
      ...after("Context"),
      typeProperties: {
        expression: expression("@equals(activity('Context').output.firstRow.status,'ready')"),
        ifFalseActivities: [
          web({
            method: "POST",
            url: expression("@concat(activity('Context').output.firstRow.url,'/refresh')"),
            body: expression("@json(concat('{\"run\":\"',pipeline().RunId,'\"}'))"),
            authentication: { type: "MSI", resource: "api://x" },
            httpRequestTimeout: "00:05:00",
          }),
        ],
      },
    },
    {
      name: "Run",
      type: "DatabricksJob",
      ...after("IsReady"),
      linkedServiceName: { referenceName: "LS", type: "LinkedServiceReference" },
      typeProperties: { jobId: expression("@activity('Context').output.firstRow.job") },
    },
  ],
  { parameters: { jobId: { type: "int" } }, concurrency: 1 },
);

interface Case {
  readonly is: string;
  readonly kind?: AdfKind;
  readonly document: Body;
  readonly says: RegExp;
}

const cases: readonly Case[] = [
  {
    is: "a name used twice, also inside",
    document: pipeline([
      wait("A"),
      {
        name: "I",
        type: "IfCondition",
        typeProperties: { expression: expression("@true"), ifTrueActivities: [wait("A")] },
      },
    ]),
    says: /'A' is used twice/,
  },
  {
    is: "a dependency on nobody",
    document: pipeline([wait("A", after("B"))]),
    says: /no activity 'B' is beside 'A'/,
  },
  {
    is: "a dependency on what is inside another",
    document: pipeline([
      {
        name: "I",
        type: "ForEach",
        typeProperties: { items: expression("@json('[]')"), activities: [wait("A")] },
      },
      wait("B", after("A")),
    ]),
    says: /no activity 'A' is beside 'B'/,
  },
  {
    is: "a circle",
    document: pipeline([wait("A", after("B")), wait("B", after("A"))]),
    says: /'A' depends on itself/,
  },
  {
    is: "a condition that is none",
    document: pipeline([
      wait("A"),
      wait("B", { dependsOn: [{ activity: "A", dependencyConditions: ["Done"] }] }),
    ]),
    says: /must be of Succeeded, Failed/,
  },
  {
    is: "an unknown activity type",
    document: pipeline([{ name: "A", type: "HDInsightPig" }]),
    says: /'HDInsightPig' is not simulated/,
  },
  {
    is: "a property outside typeProperties",
    document: pipeline([{ name: "A", type: "Wait", waitTimeInSeconds: 1 }]),
    says: /'waitTimeInSeconds' is not a property here/,
  },
  {
    is: "a URL that is none",
    document: pipeline([web({ url: "a.example" })]),
    says: /must be an http\(s\) URL/,
  },
  {
    is: "a method that is none",
    document: pipeline([web({ method: "FETCH" })]),
    says: /'FETCH' is not one of/,
  },
  { is: "a POST without a body", document: pipeline([web({ method: "POST" })]), says: /a POST needs a body/ },
  {
    is: "MSI without a resource",
    document: pipeline([web({ authentication: { type: "MSI" } })]),
    says: /MSI needs a resource/,
  },
  {
    is: "an unknown authentication",
    document: pipeline([web({ authentication: { type: "Token" } })]),
    says: /'Token' is no way/,
  },
  {
    is: "a request timeout over ten minutes",
    document: pipeline([web({ httpRequestTimeout: "00:11:00" })]),
    says: /from 60 to 600 seconds/,
  },
  {
    is: "a webhook that is no POST",
    document: pipeline([
      { name: "H", type: "WebHook", typeProperties: { method: "GET", url: "https://a.example" } },
    ]),
    says: /'GET' is not one of POST/,
  },
  {
    is: "a policy of a webhook",
    document: pipeline([
      {
        name: "H",
        type: "WebHook",
        policy: { retry: 1 },
        typeProperties: { method: "POST", url: "https://a.example", body: "x" },
      },
    ]),
    says: /'retry' is not a property here/,
  },
  {
    is: "a condition that is text",
    document: pipeline([{ name: "I", type: "IfCondition", typeProperties: { expression: "@true" } }]),
    says: /must be \{ value, type: "Expression" \}/,
  },
  {
    is: "an expression that does not parse",
    document: pipeline([web({ url: expression("@concat('a'") })]),
    says: /'\)' is expected/,
  },
  {
    is: "an expression on an activity that is not there",
    document: pipeline([web({ url: expression("@activity('X').output.u") })]),
    says: /'X' is not in the pipeline/,
  },
  {
    is: "a function that is not simulated",
    document: pipeline([web({ url: expression("@base64('a')") })]),
    says: /the function 'base64' is not simulated/,
  },
  {
    is: "a query and a procedure",
    document: pipeline([
      {
        name: "L",
        type: "Lookup",
        typeProperties: {
          dataset: { referenceName: "D", type: "DatasetReference" },
          source: { type: "AzureSqlSource", sqlReaderQuery: "x", sqlReaderStoredProcedureName: "y" },
        },
      },
    ]),
    says: /not both/,
  },
  {
    is: "a reference of the wrong kind",
    document: pipeline([
      {
        name: "L",
        type: "Lookup",
        typeProperties: {
          dataset: { referenceName: "D", type: "LinkedServiceReference" },
          source: { type: "AzureSqlSource" },
        },
      },
    ]),
    says: /type: "DatasetReference"/,
  },
  {
    is: "a Databricks activity without a linked service",
    document: pipeline([{ name: "R", type: "DatabricksJob", typeProperties: { jobId: "1" } }]),
    says: /needs a linked service/,
  },
  {
    is: "a loop in a loop",
    document: pipeline([
      {
        name: "E",
        type: "ForEach",
        typeProperties: {
          items: expression("@json('[]')"),
          activities: [
            {
              name: "U",
              type: "Until",
              typeProperties: { expression: expression("@true"), activities: [wait("W")] },
            },
          ],
        },
      },
    ]),
    says: /a Until can't be inside a ForEach/,
  },
  {
    is: "a variable that is not declared",
    document: pipeline([
      { name: "S", type: "SetVariable", typeProperties: { variableName: "v", value: "x" } },
    ]),
    says: /no variable 'v'/,
  },
  {
    is: "a retry interval under 30 s",
    document: pipeline([wait("W", { policy: { retryIntervalInSeconds: 5 } })]),
    says: /from 30 to 86400/,
  },
  { is: "a concurrency of 51", document: pipeline([], { concurrency: 51 }), says: /from 1 to 50/ },
  {
    is: "an unknown key of a pipeline",
    document: pipeline([], { tags: {} }),
    says: /'tags' is not a property/,
  },
  {
    is: "a linked service without what its type needs",
    kind: "linkedService",
    document: { name: "LS", properties: { type: "AzureKeyVault", typeProperties: {} } },
    says: /needs 'baseUrl'/,
  },
  {
    is: "a linked service in the SDK's form",
    kind: "linkedService",
    document: { name: "LS", properties: { type: "AzureKeyVault", baseUrl: "x" } },
    says: /'baseUrl' is not a property here/,
  },
  {
    is: "a dash in the name of a linked service",
    kind: "linkedService",
    document: { name: "L-S", properties: { type: "AzureKeyVault", typeProperties: { baseUrl: "x" } } },
    says: /'L-S' is not a valid name/,
  },
  {
    is: "a dataset without a linked service",
    kind: "dataset",
    document: { name: "DS", properties: { type: "AzureSqlTable" } },
    says: /needs a linked service/,
  },
  {
    is: "a schedule without a frequency",
    kind: "trigger",
    document: {
      name: "T",
      properties: { type: "ScheduleTrigger", typeProperties: { recurrence: { interval: 1 } } },
    },
    says: /must be one of Minute/,
  },
  {
    is: "a window of four minutes",
    kind: "trigger",
    document: {
      name: "T",
      properties: {
        type: "TumblingWindowTrigger",
        pipeline: { pipelineReference: { referenceName: "P", type: "PipelineReference" } },
        typeProperties: {
          frequency: "Minute",
          interval: 4,
          maxConcurrency: 1,
          startTime: "2026-01-01T00:00:00Z",
        },
      },
    },
    says: /at least 5 minutes/,
  },
  {
    is: "a trigger of no pipeline reference",
    kind: "trigger",
    document: {
      name: "T",
      properties: {
        type: "ScheduleTrigger",
        pipelines: [{}],
        typeProperties: { recurrence: { frequency: "Day", interval: 1 } },
      },
    },
    says: /needs a pipelineReference/,
  },
];

describe("documents that Data Factory would take", () => {
  it("a whole pipeline has no fault", () => {
    assert.deepEqual(adfDocumentFaults("pipeline", whole), []);
  });

  for (const { is, kind = "pipeline", document, says } of cases) {
    it(`${is} is a fault`, () => {
      const reasons = adfDocumentFaults(kind, document).map((fault) => `${fault.property}: ${fault.reason}`);
      assert.ok(
        reasons.some((reason) => says.test(reason)),
        reasons.join("\n") || "no fault",
      );
    });
  }

  it("what is no document at all is a fault too", () => {
    for (const nothing of [null, "x", [], {}]) {
      assert.equal(adfDocumentFaults("dataset", nothing)[0]?.property, "properties");
    }
  });
});
