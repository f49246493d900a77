/** One line on what matters about an object of Databricks, for the table that people read. */
import { at, type Body, bodiesAt, textAt, textsAt } from "../json.ts";
import { experimentToken } from "./experiment.ts";
import { instancePoolToken } from "./instance-pool.ts";
import { legacyAccessToken } from "./legacy-access.ts";
import { externalLocationToken, modelToken, storageCredentialToken, tableToken } from "./metastore.ts";
import { permissionAssignmentToken } from "./permission-assignment.ts";
import { qualityMonitorToken } from "./quality-monitor.ts";
import { ruleSetToken } from "./rule-set.ts";
import { secretAclToken, secretScopeToken } from "./secret-scope.ts";
import { servingEndpointToken } from "./serving-endpoint.ts";
import { warehouseToken } from "./sql-warehouse.ts";

const ownerLine = (body: Body): string =>
  textAt(body, "owner") === "" ? "" : `owner ${textAt(body, "owner")}`;

const lastOf = (id: string): string => id.split("/").at(-1) ?? id;

export const databricksLines: Readonly<Record<string, (body: Body) => string>> = {
  [instancePoolToken]: (body) =>
    `${textAt(body, "nodeTypeId")}, ${String(body.minIdleInstances ?? 0)} kept idle`,
  [experimentToken]: (body) => textAt(body, "lifecycleStage"),
  [servingEndpointToken]: (body) =>
    `serves ${bodiesAt(body, "config.servedEntities")
      .map((entity) => `${textAt(entity, "entityName")} version ${textAt(entity, "entityVersion")}`)
      .join(", ")}`,
  [secretScopeToken]: (body) =>
    `${textAt(body, "backendType")} ${lastOf(textAt(body, "keyvaultMetadata.resourceId"))}`.trim(),
  [secretAclToken]: (body) =>
    `${textAt(body, "permission")} on ${textAt(body, "scope")} to ${textAt(body, "principal")}`,
  [warehouseToken]: (body) =>
    `${textAt(body, "clusterSize")}, stops after ${String(body.autoStopMins)} minutes`,
  [permissionAssignmentToken]: (body) =>
    `${textsAt(body, "permissions").join(", ")} of the workspace: ${textAt(body, "displayName")}`,
  [ruleSetToken]: (body) =>
    bodiesAt(body, "grantRules")
      .map((rule) => `${textAt(rule, "role")} to ${textsAt(rule, "principals").join(", ")}`)
      .join("; ") || "no rules",
  [modelToken]: ownerLine,
  [tableToken]: ownerLine,
  [externalLocationToken]: (body) => `${textAt(body, "url")} by ${textAt(body, "credentialName")}`,
  [storageCredentialToken]: (body) =>
    `access connector ${lastOf(textAt(body, "azureManagedIdentity.accessConnectorId"))}`,
  [qualityMonitorToken]: (body) => `drift into ${textAt(body, "driftMetricsTableName")}`,
  [legacyAccessToken]: (body) => `legacy access disabled: ${String(at(body, "disableLegacyAccess.value"))}`,
};
