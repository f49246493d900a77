/**
 * Rows of a job that nothing can be built from now: a row nobody can read, or all of them while the job's
 * own row or its environment is not usable. They add nothing, and still take away what they no longer ask for.
 */
import { type MalformedRow, type RowRef, rowName } from "../../metadata-schema/rows.ts";
import type { JobSnapshot } from "../../metadata-schema/store.ts";
import { expiryOf } from "./expiry.ts";
import { type Asks, asksForAll, blocked, type Refusal, type RowOutcome, refused } from "./outcome.ts";
import { alertAsk } from "./resolve-alerts.ts";
import { secretAsk } from "./resolve-compute.ts";
import { networkAsks } from "./resolve-network.ts";
import { pipelineAsks } from "./resolve-pipeline.ts";
import { policyAsks } from "./resolve-policies.ts";

/** Outcomes of every row of the job, all refused for one reason; expired policies are left out. */
export function heldOutcomes(snapshot: JobSnapshot, refusal: Refusal, nowMs: number): readonly RowOutcome[] {
  const { job } = snapshot;
  const environment = snapshot.environment?.name ?? job?.environment ?? null;
  const held = (row: RowRef, asks: Asks): RowOutcome => refused(row, refusal, asks);
  const current = snapshot.policies.filter((policy) => {
    const expiry = expiryOf(policy.expires_at);
    return typeof expiry !== "number" || expiry > nowMs;
  });
  // Exceptions ask for nothing themselves.
  return [
    held({ table: "Jobs", key: String(snapshot.subject.jobId) }, asksForAll),
    ...snapshot.clusterConfigs.map((row) =>
      held({ table: "Cluster_Configs", key: String(row.config_id) }, asksForAll),
    ),
    ...snapshot.secretReferences.map((row) =>
      held(
        { table: "Secret_References", key: String(row.reference_id) },
        (entry) => entry.ask === secretAsk(row),
      ),
    ),
    ...snapshot.networkRules.map((row) =>
      held({ table: "Network_Rules", key: String(row.rule_id) }, networkAsks(row, environment)),
    ),
    ...snapshot.pipelineSettings.map((row) =>
      held({ table: "Pipeline_Settings", key: String(row.setting_id) }, pipelineAsks),
    ),
    ...snapshot.alertRules.map((row) =>
      held({ table: "Alert_Rules", key: String(row.alert_id) }, (entry) => entry.ask === alertAsk(row)),
    ),
    ...current.map((row) =>
      held(
        { table: "Access_Policies", key: String(row.policy_id) },
        policyAsks(row, { environment, model: job?.model ?? null }),
      ),
    ),
  ];
}

/** A row that could not be parsed. A policy's group and expiry hold all the same. Null: it has expired. */
export function malformedOutcome({ ref, field, fault, raw }: MalformedRow, nowMs: number): RowOutcome | null {
  const refusal = blocked("MalformedRow", `${rowName(ref)}, ${field}: ${fault}. Mend the value.`);
  if (ref.table !== "Access_Policies") return refused(ref, refusal, asksForAll);
  const expiry = malformedExpiry(raw);
  if (expiry !== null && expiry <= nowMs) return null;
  const group = raw.entra_id_group;
  return refused(ref, refusal, (entry) => typeof group !== "string" || entry.ask.split("|")[1] === group);
}

/** Milliseconds since 1970 at which a policy that could not be parsed expires; null: never, or nobody can tell. */
export function malformedExpiry(raw: MalformedRow["raw"]): number | null {
  const expiry = typeof raw.expires_at === "string" ? expiryOf(raw.expires_at) : null;
  return typeof expiry === "number" ? expiry : null;
}
