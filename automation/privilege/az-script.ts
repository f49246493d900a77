/** A bootstrap plan as a script for the Azure CLI. */
import {
  authorizationVersion,
  graphApplication,
  roleAssignmentBody,
  roleAssignmentPath,
  roleDefinitionBody,
  roleDefinitionPath,
} from "./arm-bodies.ts";
import type { BootstrapPlan } from "./bootstrap-plan.ts";

/** It can be run again: what is there stays. */
export function bootstrapScript(plan: BootstrapPlan): string {
  const { principal, resourceGroup } = plan;
  const groupName = resourceGroup.id.split("/").at(-1) ?? "";
  return [
    "#!/usr/bin/env bash",
    `# What Rowgate needs for environment ${plan.environment}. Run it as somebody who may assign roles there and, for the last`,
    "# part, consent to application permissions. It can be run again.",
    "set -euo pipefail",
    `az account set --subscription ${quote(plan.subscriptionId)}`,
    `PRINCIPAL=${quote(principal.objectId)}`,
    "",
    ...plan.resourceProviders.map((name) => `az provider register --namespace ${quote(name)}`),
    `az group show --name ${quote(groupName)} --output none 2>/dev/null || az group create --name ${quote(groupName)} --location ${quote(resourceGroup.location)} --output none`,
    "",
    ...plan.roleDefinitions.flatMap((role) => [
      `# ${role.name}: ${role.why}`,
      `az rest --method put --url ${quote(armUrl(roleDefinitionPath(role)))} --output none --body ${quote(JSON.stringify(roleDefinitionBody(role)))}`,
    ]),
    "",
    ...plan.roleAssignments.flatMap((need) => [
      `# ${need.roleName}: ${need.why}`,
      `az rest --method put --url ${quote(armUrl(roleAssignmentPath(need)))} --output none --body ${quote(JSON.stringify(roleAssignmentBody(plan, need)))}`,
    ]),
    "",
    `GRAPH=$(az ad sp show --id ${graphApplication} --query id --output tsv)`,
    'HELD=$(az rest --method get --url "https://graph.microsoft.com/v1.0/servicePrincipals/$PRINCIPAL/appRoleAssignments" --query "value[].appRoleId" --output tsv)',
    ...plan.graphPermissions.flatMap(({ name, id, why }) => [
      `# ${name}: ${why}`,
      `grep -q ${quote(id)} <<< "$HELD" || az rest --method post --url "https://graph.microsoft.com/v1.0/servicePrincipals/$GRAPH/appRoleAssignedTo" --output none --body "{\\"principalId\\":\\"$PRINCIPAL\\",\\"resourceId\\":\\"$GRAPH\\",\\"appRoleId\\":\\"${id}\\"}"`,
    ]),
    "",
    ...plan.manual.flatMap(({ where, what, lines }) => [
      `# By hand, ${where}: ${what}`,
      ...lines.map((line) => `#   ${line}`),
    ]),
  ].join("\n");
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const armUrl = (path: string): string =>
  `https://management.azure.com${path}?api-version=${authorizationVersion}`;
