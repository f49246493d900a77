/** What the latest probes of a stack's endpoints come to: its condition Reachable. */
import type { ConditionInput, ProbeRecord } from "../../metadata-schema/store.ts";
import { wasTried } from "./public-layer.ts";

/** Null: none of its endpoints was probed yet. */
export function reachableCondition(probes: readonly ProbeRecord[]): ConditionInput | null {
  if (probes.length === 0) return null;
  const type = "Reachable";
  const failed = probes.filter(({ status }) => status === "failed");
  const unknown = probes.filter(({ status }) => status === "unknown");
  const [worst] = [...failed, ...unknown];
  if (worst === undefined) {
    const told = (words: string, tried: boolean): readonly string[] => {
      const some = probes.filter(({ layers }) => wasTried(layers) === tried);
      return some.length === 0 ? [] : [`${words}: ${some.map(({ endpoint }) => endpoint).join(", ")}.`];
    };
    const message = [
      ...told("Probed privately and refused publicly", true),
      ...told("Probed privately, and closed to the internet by ARM's word", false),
    ].join(" ");
    return { type, status: "True", reason: "ProbesPassed", message };
  }
  const others = failed.length + unknown.length - 1;
  const more =
    others === 0 ? "" : ` ${others} more of its endpoints did not pass: see \`npx rowgate probe\`.`;
  return {
    type,
    status: worst.status === "failed" ? "False" : "Unknown",
    reason: worst.reason ?? "ProbeFailed",
    message: `${worst.endpoint}, ${worst.failedLayer} layer: ${worst.message}${more}`,
  };
}
