/** Rows of any number of jobs, with which a bench or a longer proof fills a home by raw SQL. */
import type { NewRow } from "../../metadata-schema/store.ts";
import { cluster, environment, job, network, policy, secret } from "./small-rows.ts";

const firstJob = 1001;
export const models = ["job_201", "job_202", "fraud_scoring", "demand_forecast", "credit_risk"] as const;
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

/** One environment and this many jobs; with `secrets`, every fourth reads one, which needs an Azure role. */
export function rowsOfJobs(jobs: number, { secrets }: { readonly secrets: boolean }): readonly NewRow[] {
  const each = Array.from({ length: jobs }, (_, index) => {
    const id = firstJob + index;
    return rowsOfJob(id, secrets && index % 4 === 0 ? [secret(id)] : []);
  });
  return [environment({ own_group: "bench_own_group" }), ...each.flat()];
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
