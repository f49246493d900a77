import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pipelineFaults } from "../../../program/layout/pipeline-limits.ts";
import { pipelineSpec } from "../support/job-specs.ts";

describe("the limits of a pipeline", () => {
  it("are kept by the defaults of a row", () => {
    assert.deepEqual(pipelineFaults(pipelineSpec), []);
  });

  it("are told column by column", () => {
    const faults = pipelineFaults({
      ...pipelineSpec,
      concurrency: 51,
      timeoutMinutes: 5,
      retryIntervalSeconds: 29,
      parameters: { model: "x", "a').b": 1, fine: 2 },
    });
    assert.deepEqual(faults, [
      "concurrency 51: Data Factory takes 1 to 50; write a number between them",
      "timeout_minutes 5: Data Factory takes 10 to 10080; write a number between them",
      "retry_interval_seconds 29: Data Factory takes 30 to 86400; write a number between them",
      'parameter "model" is the job\'s own; give yours another name',
      `"a').b" can't name a parameter; write letters, digits and _, a letter or _ first`,
    ]);
  });
});
