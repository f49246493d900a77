/** What an answer of Azure Resource Manager means for a run. */
import type { ArmAnswer } from "../azure/arm-client.ts";
import type { EngineFailure } from "../engine/engine.ts";

/**
 * @param answer any but a good one
 * @param tried what was tried, to complete "could not be …"
 */
export function failureOfAnswer(answer: Exclude<ArmAnswer, { status: "ok" }>, tried: string): EngineFailure {
  const failure = (
    failureClass: EngineFailure["class"],
    code: string,
    retryAfterMs: number | null,
  ): EngineFailure => ({
    class: failureClass,
    code,
    message: `${code}: An object of the stack could not be ${tried}: ${answer.message}`,
    scope: "stack",
    retryAfterMs,
  });
  switch (answer.status) {
    case "throttled":
      return failure(
        "transient",
        "Throttled",
        answer.retryAfterSeconds === null ? null : answer.retryAfterSeconds * 1_000,
      );
    case "unavailable":
      return failure("transient", "CloudUnavailable", null);
    case "missing":
      return failure("unknown", "ObjectMissing", null);
    case "refused":
      return answer.httpStatus === 401 || answer.httpStatus === 403
        ? failure("permanent", "Denied", null)
        : failure("unknown", "CloudRefused", null);
    default:
      return answer satisfies never;
  }
}
