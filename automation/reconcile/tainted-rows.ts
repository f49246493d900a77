/** Rows with a text in them that looks like a secret: nothing else is told of them, so that no message repeats it. */
import { type MetadataTable, type RowRef, rowName } from "../../metadata-schema/rows.ts";
import type { JobSnapshot } from "../../metadata-schema/store.ts";
import { type Guard, refusedTexts } from "./guard.ts";
import { heldOutcomes } from "./held-rows.ts";
import type { Refusal, RowOutcome } from "./outcome.ts";

/** The snapshot without such rows, and what becomes of them: each keeps what it has, and adds nothing. */
export function withoutSecrets(
  snapshot: JobSnapshot,
  guard: Guard,
  nowMs: number,
): { readonly clean: JobSnapshot; readonly tainted: readonly RowOutcome[] } {
  const refusals = new Map<string, Refusal>();
  const cleanOnes = <T extends object>(
    table: MetadataTable,
    keyOf: (row: T) => number,
    rows: readonly T[],
  ): readonly T[] =>
    rows.filter((row) => {
      const ref: RowRef = { table, key: String(keyOf(row)) };
      const refusal = refusedTexts(ref, row, guard);
      if (refusal !== null) refusals.set(rowName(ref), refusal);
      return refusal === null;
    });
  const clean: JobSnapshot = {
    ...snapshot,
    policies: cleanOnes("Access_Policies", (row) => row.policy_id, snapshot.policies),
    secretReferences: cleanOnes("Secret_References", (row) => row.reference_id, snapshot.secretReferences),
    networkRules: cleanOnes("Network_Rules", (row) => row.rule_id, snapshot.networkRules),
    clusterConfigs: cleanOnes("Cluster_Configs", (row) => row.config_id, snapshot.clusterConfigs),
    pipelineSettings: cleanOnes("Pipeline_Settings", (row) => row.setting_id, snapshot.pipelineSettings),
    alertRules: cleanOnes("Alert_Rules", (row) => row.alert_id, snapshot.alertRules),
  };
  if (refusals.size === 0) return { clean: snapshot, tainted: [] };
  const [any] = refusals.values();
  const held = any === undefined ? [] : heldOutcomes(snapshot, any, nowMs);
  const tainted = held.flatMap((outcome) => {
    const refusal = refusals.get(rowName(outcome.row));
    return refusal === undefined ? [] : [{ ...outcome, refusal }];
  });
  return { clean, tainted };
}
