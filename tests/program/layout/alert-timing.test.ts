import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { alertTiming } from "../../../program/layout/alert-timing.ts";

const timing = (metric: string, frequencyMinutes: number, windowMinutes: number) =>
  alertTiming({ metric, frequencyMinutes, windowMinutes });

/** Minutes of a duration, read in another way than it is written. */
function minutesOf(duration: string): number {
  const [, days = "0", hours = "0", minutes = "0"] =
    /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(duration) ?? assert.fail(duration);
  return Number(days) * 1440 + Number(hours) * 60 + Number(minutes);
}

describe("the timing of an alert", () => {
  it("is in Azure's durations", () => {
    assert.deepEqual(timing("model_accuracy", 15, 60), {
      status: "planned",
      kind: "log",
      evaluationFrequency: "PT15M",
      windowSize: "PT1H",
    });
    assert.deepEqual(timing("pipeline_failures", 1, 1440), {
      status: "planned",
      kind: "metric",
      evaluationFrequency: "PT1M",
      windowSize: "P1D",
    });
    assert.deepEqual(timing("drift", 1440, 2880), {
      status: "planned",
      kind: "log",
      evaluationFrequency: "P1D",
      windowSize: "P2D",
    });
  });

  it("is refused with the column and what to write", () => {
    const refused = timing("model_accuracy", 1, 60);
    assert.equal(refused.status, "refused");
    assert.ok(
      refused.status === "refused" &&
        /^frequency_minutes 1: .* only 5, 10, 15, .*, 1440;/.test(refused.reason),
    );
    assert.equal(timing("pipeline_failures", 10, 60).status, "refused");
    assert.equal(timing("pipeline_failures", 5, 2880).status, "refused");
    const gap = timing("model_accuracy", 60, 15);
    assert.ok(gap.status === "refused" && /less than frequency_minutes/.test(gap.reason));
  });

  it("keeps the minutes of the row wherever it is planned", () => {
    const minutes = fc.integer({ min: 1, max: 3000 });
    const likely = fc.oneof(
      fc.constantFrom(1, 5, 10, 15, 30, 45, 60, 120, 300, 360, 720, 1440, 2880),
      minutes,
    );
    fc.assert(
      fc.property(fc.constantFrom("drift", "pipeline_failures"), likely, likely, (metric, often, window) => {
        const planned = timing(metric, often, window);
        if (planned.status === "refused") return planned.reason.length > 0;
        return (
          minutesOf(planned.evaluationFrequency) === often &&
          minutesOf(planned.windowSize) === window &&
          window >= often
        );
      }),
      { numRuns: 1000 },
    );
  });
});
