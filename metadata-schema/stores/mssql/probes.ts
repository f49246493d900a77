/** What probes of private endpoints found. Of each endpoint one result is the latest, as long as its stack exists. */
import type { MetadataStore, ProbeInput, ProbeRecord } from "../../store.ts";
import { instant, json, lock, type Row, type Transaction, text, textOrNull } from "./connection.ts";

export async function recordProbes(
  transaction: Transaction,
  stack: string,
  results: readonly ProbeInput[],
): Promise<void> {
  await lock(transaction, `stack:${stack}`);
  if ((await transaction.get(selectStack, { stack })) === undefined) return;
  for (const result of results)
    await transaction.run(insertProbe, {
      stack,
      endpoint: result.endpoint,
      runId: result.runId,
      status: result.status,
      failedLayer: result.failedLayer,
      reason: result.reason,
      message: result.message,
      layers: JSON.stringify(result.layers),
    });
}
const selectStack = "SELECT 1 AS found FROM Stacks WHERE stack = @stack";
const insertProbe = `UPDATE Probe_Results SET is_latest = 0 WHERE is_latest = 1 AND stack = @stack AND endpoint = @endpoint;
INSERT INTO Probe_Results (stack, endpoint, at, run_id, status, failed_layer, reason, message, layers, is_latest)
VALUES (@stack, @endpoint, @now, @runId, @status, @failedLayer, @reason, @message, @layers, 1)`;

/** Ends a batch: the endpoints of a stack that was destroyed are gone. */
export const forgetLatestProbes =
  "UPDATE Probe_Results SET is_latest = 0 WHERE is_latest = 1 AND stack = @stack";

export async function recentProbes(
  transaction: Transaction,
  { stack, endpoint, limit }: Parameters<MetadataStore["recentProbes"]>[0],
): Promise<readonly ProbeRecord[]> {
  const by = {
    ...(stack === undefined ? {} : { stack }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  const conditions = Object.keys(by).map((column) => `${column} = @${column}`);
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")} `;
  const sql = `SELECT TOP (@limit) * FROM Probe_Results ${where}ORDER BY number DESC`;
  return (await transaction.all(sql, { ...by, limit })).map(probeFrom);
}

export const latestProbes = async (transaction: Transaction): Promise<readonly ProbeRecord[]> =>
  (await transaction.all(selectLatestProbes)).map(probeFrom);
const selectLatestProbes = "SELECT * FROM Probe_Results WHERE is_latest = 1 ORDER BY stack, endpoint";

const probeFrom = (row: Row): ProbeRecord => ({
  stack: text(row, "stack"),
  endpoint: text(row, "endpoint"),
  at: instant(row, "at"),
  runId: textOrNull(row, "run_id"),
  status: text(row, "status") as ProbeRecord["status"], // written from a ProbeInput
  failedLayer: textOrNull(row, "failed_layer"),
  reason: textOrNull(row, "reason"),
  message: textOrNull(row, "message"),
  layers: json(row, "layers"),
});
