/** Which version of its API Azure Resource Manager is asked in, by resource type; children take their parent's. */
const versions: Readonly<Record<string, string>> = {
  "microsoft.network/privatednszones": "2024-06-01",
  "microsoft.network": "2024-05-01",
  "microsoft.keyvault/vaults": "2024-11-01",
  "microsoft.storage/storageaccounts": "2024-01-01",
  "microsoft.sql/servers": "2023-08-01",
  "microsoft.databricks/workspaces": "2026-01-01",
  "microsoft.databricks/accessconnectors": "2023-05-01",
  "microsoft.datafactory/factories": "2018-06-01",
  "microsoft.operationalinsights/workspaces": "2023-09-01",
  "microsoft.insights/actiongroups": "2023-01-01",
  // of those whose alerts tell their custom properties
  "microsoft.alertsmanagement/alerts": "2023-07-12-preview",
};

const resourceGroups = "2024-11-01";

/** Undefined for a type that nobody asks about yet: say the version with the call. */
export function apiVersionOf(id: string): string | undefined {
  const provider = id.toLowerCase().split("/providers/").at(-1) ?? "";
  if (!id.toLowerCase().includes("/providers/")) return resourceGroups;
  const [namespace = "", type = ""] = provider.split("/");
  return versions[`${namespace}/${type}`] ?? versions[namespace];
}
