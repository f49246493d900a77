/** Random edits of jobs and their rows in plain SQL, as people and programs make them. */

export type Random = () => number;

/** The same numbers for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const integerBelow = (random: Random, limit: number): number => Math.floor(random() * limit);

function oneOf<T>(random: Random, items: readonly T[]): T {
  const item = items[integerBelow(random, items.length)];
  if (item === undefined) throw new RangeError("one of nothing");
  return item;
}

export const jobCount = 60;

export interface Edit {
  readonly sql: string;
  /** two jobs; it changes rows of no others */
  readonly jobs: readonly [number, number];
  readonly isRenumber: boolean;
}

interface Child {
  readonly table: string;
  readonly key: string;
  /** column that takes the mark of an edit */
  readonly mark: string;
  /** the other columns that must be given, with values for them */
  readonly required: Readonly<Record<string, string>>;
}

/** Tables of rows that belong to one job each, with the key of each. */
export const childTables: readonly Child[] = [
  {
    table: "Access_Policies",
    key: "policy_id",
    mark: "role",
    required: { permissions: `'["read_model"]'`, entra_id_group: "'ds_team'" },
  },
  {
    table: "Secret_References",
    key: "reference_id",
    mark: "secret_name",
    required: { key_vault: "'ml-vault'" },
  },
  { table: "Network_Rules", key: "rule_id", mark: "private_endpoint", required: { service: "'databricks'" } },
  { table: "Cluster_Configs", key: "config_id", mark: "node_type", required: {} },
  { table: "Pipeline_Settings", key: "setting_id", mark: "sink_path", required: {} },
  { table: "Alert_Rules", key: "alert_id", mark: "metric", required: { threshold: "0.85" } },
  {
    table: "Guardrail_Exceptions",
    key: "exception_id",
    mark: "reason",
    required: {
      guardrail: "'range-width'",
      subject: "'203.0.0.0/20'",
      expires_at: "'2026-12-31T00:00:00Z'",
    },
  },
];

/** An edit that leaves `mark` in every row that it writes. It may fail, or change nothing. */
export function randomEdit(random: Random, mark: string): Edit {
  const a = 1 + integerBelow(random, jobCount);
  const b = 1 + ((a + integerBelow(random, jobCount - 1)) % jobCount); // never a itself
  const isOfJob = random() < 0.3;
  const [kind, sql] = isOfJob
    ? oneOf(random, jobEdits)(a, b, mark)
    : oneOf(random, childEdits)(oneOf(random, childTables), a, b, mark);
  return { sql, jobs: [a, b], isRenumber: kind === "renumber" };
}

type Statement = readonly [kind: "edit" | "renumber", sql: string];

const edit = (sql: string): Statement => ["edit", sql];

const jobEdits: readonly ((a: number, b: number, mark: string) => Statement)[] = [
  (a, _, mark) => edit(`UPDATE Jobs SET name = '${mark}' WHERE job_id = ${a}`),
  (a, b, mark) => edit(`UPDATE Jobs SET owner = '${mark}' WHERE job_id IN (${a}, ${b})`),
  (a, _, mark) =>
    edit(`INSERT INTO Jobs (job_id, name) VALUES (${a}, '${mark}')
      ON CONFLICT (job_id) DO UPDATE SET name = excluded.name`),
  (a, b, mark) =>
    edit(`INSERT OR REPLACE INTO Jobs (job_id, name) VALUES (${a}, '${mark}'), (${b}, '${mark}')`),
  (a, b, mark) =>
    edit(`INSERT OR IGNORE INTO Jobs (job_id, name) VALUES (${a}, '${mark}'), (${b}, '${mark}')`),
  (a, _, mark) => edit(`INSERT OR IGNORE INTO Jobs (job_id, name) VALUES (${a}, '${mark}')`),
  (a) => edit(`DELETE FROM Jobs WHERE job_id = ${a}`),
  (a, b, mark) => [
    "renumber",
    `UPDATE OR REPLACE Jobs SET job_id = ${b}, name = '${mark}' WHERE job_id = ${a}`,
  ],
  (a, b, mark) => ["renumber", `UPDATE Jobs SET job_id = ${b}, name = '${mark}' WHERE job_id = ${a}`],
];

const childEdits: readonly ((child: Child, a: number, b: number, mark: string) => Statement)[] = [
  (child, a, _, mark) => edit(`INSERT ${intoChild(child)} VALUES (${a}, '${mark}'${valuesOf(child)})`),
  (child, a, b, mark) =>
    edit(`INSERT OR REPLACE ${intoChild(child)}
      VALUES (${a}, '${mark}'${valuesOf(child)}), (${b}, '${mark}'${valuesOf(child)})`),
  ({ table, mark: column }, a, _, mark) =>
    edit(`UPDATE ${table} SET ${column} = '${mark}' WHERE job_id = ${a}`),
  ({ table, mark: column }, a, b, mark) =>
    edit(`UPDATE ${table} SET ${column} = '${mark}' WHERE job_id IN (${a}, ${b})`),
  ({ table }, a) => edit(`DELETE FROM ${table} WHERE job_id = ${a}`),
  ({ table, key }, a) =>
    edit(`DELETE FROM ${table} WHERE ${key} = (SELECT min(${key}) FROM ${table} WHERE job_id = ${a})`),
  // A move to the other job, in place of its row where it may have only one.
  ({ table, mark: column }, a, b, mark) =>
    edit(`UPDATE OR REPLACE ${table} SET job_id = ${b}, ${column} = '${mark}' WHERE job_id = ${a}`),
  // A row that takes the key of another job's row, which is thrown out.
  ({ table, key, mark: column }, a, b, mark) =>
    edit(`UPDATE OR REPLACE ${table} SET ${column} = '${mark}',
        ${key} = (SELECT min(${key}) FROM ${table} WHERE job_id = ${a})
      WHERE ${key} = (SELECT max(${key}) FROM ${table} WHERE job_id = ${b})`),
  // Rows of one job replaced, by key, by rows of the other one.
  (child, a, b, mark) =>
    edit(`INSERT OR REPLACE ${intoChild(child, child.key)}
      SELECT ${b}, '${mark}'${valuesOf(child)}, ${child.key} FROM ${child.table} WHERE job_id = ${a}`),
  (child, a, b, mark) =>
    edit(`INSERT OR IGNORE ${intoChild(child, child.key)}
      SELECT ${b}, '${mark}'${valuesOf(child)}, ${child.key} FROM ${child.table} WHERE job_id = ${a}`),
];

const intoChild = ({ table, mark, required }: Child, ...more: readonly string[]): string =>
  `INTO ${table} (${["job_id", mark, ...Object.keys(required), ...more].join(", ")})`;

const valuesOf = ({ required }: Child): string =>
  Object.values(required)
    .map((value) => `, ${value}`)
    .join("");
