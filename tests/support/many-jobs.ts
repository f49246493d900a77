/** Rows of any number of jobs, with which a bench or a longer proof fills a home by raw SQL. */
import type { NewRow } from "../../metadata-schema/store.ts";
import { cluster, environment, job, network, policy, secret } from "./small-rows.ts";

const firstJob = 1001;
export const models = [
  "fraud_scoring",
  "demand_forecast",
  "credit_risk",
  "recommender",
  "price_optimiser",
] as const;
export const groups = ["ds_team", "fraud_analytics", "supply_science", "eu_data_science"] as const;

/** All rows of one job but for what `more` adds; its model and group follow from its number. */
export function rowsOfJob(id: number, more: readonly NewRow[] = []): readonly NewRow[] {
  const index = id - firstJob;
  return [
    job(id, { model: `ml.models.${models[index % models.length]}` }),
    policy(id, ["execute_inference", "read_model"], { entra_id_group: groups[index % groups.length] ?? "" }),
    network(id, { firewall_ranges: ["198.51.100.16/28"] }),
    cluster(id, 1, 4),
    ...more,
  ];
}

/**
 * One environment and this many jobs. With `varied`, they are by turns a job that reads a secret, one with a model,
 * a pipeline and an alert of its own, an urgent one and an online one.
 */
export function rowsOfJobs(jobs: number, { varied }: { readonly varied: boolean }): readonly NewRow[] {
  const each = Array.from({ length: jobs }, (_, index) => {
    const id = firstJob + index;
    return varied ? variedJob(id, index % 4) : rowsOfJob(id);
  });
  return [
    // A place to try things: what a deleted job had is deleted with it.
    environment({
      own_group: "bench_own_group",
      ...(varied ? { production: false, deletion_protection: false } : {}),
    }),
    ...each.flat(),
  ];
}

function variedJob(id: number, turn: number): readonly NewRow[] {
  const [own, ...others] = rowsOfJob(id);
  const kept = own?.values ?? {};
  switch (turn) {
    case 0:
      return rowsOfJob(id, [secret(id)]);
    case 1:
      return [
        job(id, { schedule: "0 30 2 * * ?" }),
        ...others,
        { table: "Pipeline_Settings", values: { job_id: id, parameters: { horizon_days: 28 } } },
        {
          table: "Alert_Rules",
          values: { job_id: id, metric: "model_accuracy", operator: "LessThan", threshold: 0.85 },
        },
      ];
    case 2:
      return [{ table: "Jobs", values: { ...kept, priority: "urgent" } }, ...others];
    default:
      return [job(id, { kind: "online", model: "ml.models.recommender" }), ...others];
  }
}

/** The rows as INSERT statements, separated by semicolons. */
export function insertStatements(rows: readonly NewRow[]): string {
  const literal = (value: unknown): string =>
    value === null
      ? "NULL"
      : typeof value === "boolean"
        ? String(Number(value))
        : typeof value === "number"
          ? String(value)
          : `'${(typeof value === "string" ? value : JSON.stringify(value)).replaceAll("'", "''")}'`;
  const statements = rows.map(({ table, values }) => {
    const columns = Object.keys(values).join(", ");
    return `INSERT INTO ${table} (${columns}) VALUES (${Object.values(values).map(literal).join(", ")})`;
  });
  return statements.join(";");
}
