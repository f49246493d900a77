/** What probes of private endpoints found. Of each endpoint one result is the latest, as long as its stack exists. */
import type { MetadataStore, ProbeInput, ProbeRecord } from "../../store.ts";
import { json, type Parameter, type Row, type Transaction, text, textOrNull } from "./connection.ts";

export function recordProbes(transaction: Transaction, stack: string, results: readonly ProbeInput[]): void {
  if (transaction.get("SELECT 1 FROM Stacks WHERE stack = ?", stack) === undefined) return;
  for (const result of results) {
    transaction.run(`${forgetLatest} AND endpoint = ?`, stack, result.endpoint);
    transaction.run(
      `INSERT INTO Probe_Results (stack, endpoint, at, run_id, status, failed_layer, reason, message, layers, is_latest)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`,
      stack,
      result.endpoint,
      transaction.now,
      result.runId,
      result.status,
      result.failedLayer,
      result.reason,
      result.message,
      JSON.stringify(result.layers),
    );
  }
}
const forgetLatest = "UPDATE Probe_Results SET is_latest = 0 WHERE is_latest = 1 AND stack = ?";

/** The endpoints of a stack that was destroyed are gone. */
export function forgetLatestProbes(transaction: Transaction, stack: string): void {
  transaction.run(forgetLatest, stack);
}

export function recentProbes(
  transaction: Transaction,
  { stack, endpoint, limit }: Parameters<MetadataStore["recentProbes"]>[0],
): readonly ProbeRecord[] {
  const given: Parameter[] = [stack, endpoint].filter((each) => each !== undefined);
  return transaction
    .all(
      selectRecentProbes({ stack: stack !== undefined, endpoint: endpoint !== undefined }),
      ...given,
      limit,
    )
    .map(probeFrom);
}

/** A stack has many endpoints, and hardly two stacks have one of the same name. */
export const selectRecentProbes = (by: { readonly stack: boolean; readonly endpoint: boolean }): string => {
  const ofStack = by.endpoint ? "+stack = ?" : "stack = ?";
  const conditions = [...(by.stack ? [ofStack] : []), ...(by.endpoint ? ["endpoint = ?"] : [])];
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")} `;
  return `SELECT * FROM Probe_Results ${where}ORDER BY number DESC LIMIT ?`;
};

export const latestProbes = (transaction: Transaction): readonly ProbeRecord[] =>
  transaction.all(selectLatestProbes).map(probeFrom);
export const selectLatestProbes = "SELECT * FROM Probe_Results WHERE is_latest = 1 ORDER BY stack, endpoint";

const probeFrom = (row: Row): ProbeRecord => ({
  stack: text(row, "stack"),
  endpoint: text(row, "endpoint"),
  at: text(row, "at"),
  runId: textOrNull(row, "run_id"),
  status: text(row, "status") as ProbeRecord["status"], // written from a ProbeInput
  failedLayer: textOrNull(row, "failed_layer"),
  reason: textOrNull(row, "reason"),
  message: textOrNull(row, "message"),
  layers: json(row, "layers"),
});
