/** A YAML file of 200 rows in which faults are planted; each line at fault says so in a comment. */

interface Planted {
  readonly line: number;
  readonly says: RegExp;
}

export interface FaultyFile {
  readonly text: string;
  readonly rows: number;
  /** in the order of their lines */
  readonly faults: readonly Planted[];
}

const jobs = 40;

/** What stands instead of a good line, and all that is to be said of its line. */
const plants: Readonly<Record<string, readonly [string, readonly RegExp[]]>> = {
  "3 name": ["name: 17", [/^name: must be text/]],
  "5 enabled": ["enabled: yes please", [/^enabled: must be true or false/]],
  "8 environment": ["environment: mars", [/^environment: names Environments "mars", which does not exist/]],
  "11 role": ["role: Owner", [/^security\.access_policies\[0\]\.role: "Owner" is not a role\. Write one of/]],
  "14 permissions": [
    "permissions: read_model",
    [/^security\.access_policies\[0\]\.permissions: must be a list/],
  ],
  "17 permissions": [
    "permissions: [drop_catalog, read_model, own_catalog]",
    [
      /^security\.access_policies\[0\]\.permissions: "drop_catalog" is not a permission\..*"own_catalog" is not a/,
    ],
  ],
  "19 role": ["role: DataScientist", [/^security\.access_policies\[0\]: entra_id_group must have a value/]],
  "19 entra_id_group": [
    "entra_group: ds_team",
    [/^security\.access_policies\[0\]\.entra_group: is no field/],
  ],
  "23 secret_name": ['secret_name: ""', [/^security\.secret_references\[0\]\.secret_name: must be 1 to/]],
  "26 firewall_ranges": [
    "firewall_ranges: [203.0.0.0/8]",
    [/^security\.network_rules\[0\]\.firewall_ranges: 203\.0\.0\.0\/8 is wider than a \/\d+\./],
  ],
  "29 min_workers": ["min_workers: two", [/^cluster_config\.min_workers: must be an integer/]],
  "31 max_workers": ["max_workers: -1", [/^cluster_config\.max_workers: must be 0 or more/]],
  "32 max_workers": ["max_workers: 0", [/^cluster_config\.max_workers: must not be less than min_workers/]],
  "34 node_type": ["node_typ: Standard_D4ds_v5", [/^cluster_config\.node_typ: is no field/]],
  "37 job_id": ["job_id: 36", [/^describes Jobs 36, as document 36 does already/]],
};

export function faultyFile(): FaultyFile {
  const lines: string[] = [];
  const faults: Planted[] = [];
  let rows = 0;
  const put = (jobId: number, field: string, good: string, indent: string, dash = false): void => {
    const plant = plants[`${jobId} ${field}`];
    lines.push(`${indent}${dash ? "- " : ""}${plant?.[0] ?? good}`);
    for (const says of plant?.[1] ?? []) faults.push({ line: lines.length, says });
  };
  for (let jobId = 1; jobId <= jobs; jobId += 1) {
    if (jobId > 1) lines.push("---");
    put(jobId, "job_id", `job_id: ${jobId}`, "");
    put(jobId, "name", `name: job-${jobId}`, "");
    put(jobId, "enabled", "enabled: true", "");
    put(jobId, "environment", "environment: eastus", "");
    lines.push("security:", "  access_policies:");
    put(jobId, "role", "role: DataScientist", "    ", true);
    put(jobId, "permissions", "permissions: [read_model]", "      ");
    put(jobId, "entra_id_group", "entra_id_group: ds_team", "      ");
    lines.push("  secret_references:", "    - key_vault: ml-vault");
    put(jobId, "secret_name", "secret_name: databricks-token", "      ");
    lines.push(
      "  network_rules:",
      "    - service: Databricks",
      "      private_endpoint: pe-databricks-eastus",
    );
    put(jobId, "firewall_ranges", "firewall_ranges: [203.0.113.0/24]", "      ");
    lines.push("cluster_config:");
    put(jobId, "min_workers", "min_workers: 1", "  ");
    put(jobId, "max_workers", "max_workers: 4", "  ");
    put(jobId, "node_type", "node_type: Standard_D4ds_v5", "  ");
    rows += 5;
  }
  return { text: `${lines.join("\n")}\n`, rows, faults };
}
