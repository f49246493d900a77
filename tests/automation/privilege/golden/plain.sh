#!/usr/bin/env bash
# What Rowgate needs for environment eastus. Run it as somebody who may assign roles there and, for the last
# part, consent to application permissions. It can be run again.
set -euo pipefail
az account set --subscription '22222222-2222-4222-8222-222222222222'
PRINCIPAL='44444444-4444-4444-8444-444444444444'

az provider register --namespace 'Microsoft.AlertsManagement'
az provider register --namespace 'Microsoft.DataFactory'
az provider register --namespace 'Microsoft.Databricks'
az provider register --namespace 'Microsoft.Insights'
az provider register --namespace 'Microsoft.KeyVault'
az provider register --namespace 'Microsoft.ManagedIdentity'
az provider register --namespace 'Microsoft.Network'
az provider register --namespace 'Microsoft.OperationalInsights'
az provider register --namespace 'Microsoft.Sql'
az provider register --namespace 'Microsoft.Storage'
az group show --name 'rg-ml-eastus' --output none 2>/dev/null || az group create --name 'rg-ml-eastus' --location 'eastus' --output none

# Pipeline Operator adf-eastus-u7n100le: rows with run_pipeline become this role; the service must not be able to define roles itself, or it could give this one more
az rest --method put --url 'https://management.azure.com/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/rg-ml-eastus/providers/Microsoft.Authorization/roleDefinitions/c2923086-3711-51d4-afca-753d117ba8df?api-version=2022-04-01' --output none --body '{"properties":{"roleName":"Pipeline Operator adf-eastus-u7n100le","type":"CustomRole","description":"Runs the pipelines, and changes nothing, of adf-eastus-u7n100le","assignableScopes":["/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/rg-ml-eastus"],"permissions":[{"actions":["Microsoft.DataFactory/factories/read","Microsoft.DataFactory/factories/pipelines/read","Microsoft.DataFactory/factories/pipelines/createrun/action","Microsoft.DataFactory/factories/pipelineruns/read","Microsoft.DataFactory/factories/pipelineruns/cancel/action"],"notActions":[],"dataActions":[],"notDataActions":[]}]}}'
# Pipeline Editor adf-eastus-u7n100le: rows with edit_pipeline become this role, where a row of Guardrail_Exceptions lets them; guardrail pipeline-write refuses all others; the service must not be able to define roles itself, or it could give this one more
az rest --method put --url 'https://management.azure.com/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/rg-ml-eastus/providers/Microsoft.Authorization/roleDefinitions/d3d4772a-42ba-5b6e-8184-70120632484d?api-version=2022-04-01' --output none --body '{"properties":{"roleName":"Pipeline Editor adf-eastus-u7n100le","type":"CustomRole","description":"Changes the pipelines, and nothing else, of adf-eastus-u7n100le","assignableScopes":["/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/rg-ml-eastus"],"permissions":[{"actions":["Microsoft.DataFactory/factories/read","Microsoft.DataFactory/factories/pipelines/read","Microsoft.DataFactory/factories/pipelines/write"],"notActions":[],"dataActions":[],"notDataActions":[]}]}}'

# Contributor: the service makes, changes and deletes everything of the environment in this group, the Databricks workspace included, whose admin it is by that
az rest --method put --url 'https://management.azure.com/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/rg-ml-eastus/providers/Microsoft.Authorization/roleAssignments/4211bf8f-7d95-51bc-8547-33e6c4fc8837?api-version=2022-04-01' --output none --body '{"properties":{"roleDefinitionId":"/subscriptions/22222222-2222-4222-8222-222222222222/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c","principalId":"44444444-4444-4444-8444-444444444444","principalType":"ServicePrincipal","description":"Rowgate: the service makes, changes and deletes everything of the environment in this group, the Databricks workspace included, whose admin it is by that"}}'
# Role Based Access Control Administrator: the service gives groups and workload identities the roles that rows lead to: these roles, to groups and service principals other than itself, and no others
az rest --method put --url 'https://management.azure.com/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/rg-ml-eastus/providers/Microsoft.Authorization/roleAssignments/d12caedf-3c59-5bd5-ab6e-6e412d1949db?api-version=2022-04-01' --output none --body '{"properties":{"roleDefinitionId":"/subscriptions/22222222-2222-4222-8222-222222222222/providers/Microsoft.Authorization/roleDefinitions/f58310d9-a9f6-439a-9e8d-f62e7b41a168","principalId":"44444444-4444-4444-8444-444444444444","principalType":"ServicePrincipal","description":"Rowgate: the service gives groups and workload identities the roles that rows lead to: these roles, to groups and service principals other than itself, and no others","condition":"((!(ActionMatches{'\''Microsoft.Authorization/roleAssignments/write'\''})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {21090545-7ca7-4776-b22c-e363652d74d2, 2a2b9908-6ea1-4ae2-8e65-a410df84e7d1, 3913510d-42f4-4e42-8a64-420c390055eb, 3b03c2da-16b3-4a49-8834-0f8130efdd3b, 4633458b-17de-408a-b874-0445c86b69e6, acdd72a7-3385-48ef-bd42-f606fba81ae7, ba92f5b4-2d11-453d-a403-e96b0029c9fe, c2923086-3711-51d4-afca-753d117ba8df, d3d4772a-42ba-5b6e-8184-70120632484d} AND @Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'\''Group'\'', '\''ServicePrincipal'\''} AND @Request[Microsoft.Authorization/roleAssignments:PrincipalId] ForAnyOfAllValues:GuidNotEquals {44444444-4444-4444-8444-444444444444})) AND ((!(ActionMatches{'\''Microsoft.Authorization/roleAssignments/delete'\''})) OR (@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {21090545-7ca7-4776-b22c-e363652d74d2, 2a2b9908-6ea1-4ae2-8e65-a410df84e7d1, 3913510d-42f4-4e42-8a64-420c390055eb, 3b03c2da-16b3-4a49-8834-0f8130efdd3b, 4633458b-17de-408a-b874-0445c86b69e6, acdd72a7-3385-48ef-bd42-f606fba81ae7, ba92f5b4-2d11-453d-a403-e96b0029c9fe, c2923086-3711-51d4-afca-753d117ba8df, d3d4772a-42ba-5b6e-8184-70120632484d} AND @Resource[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'\''Group'\'', '\''ServicePrincipal'\''}))","conditionVersion":"2.0"}}'

GRAPH=$(az ad sp show --id 00000003-0000-0000-c000-000000000000 --query id --output tsv)
HELD=$(az rest --method get --url "https://graph.microsoft.com/v1.0/servicePrincipals/$PRINCIPAL/appRoleAssignments" --query "value[].appRoleId" --output tsv)
# Group.Read.All: rows name Entra groups; the service looks their ids up
grep -q '5b567255-7703-4780-807c-7be8301ae99b' <<< "$HELD" || az rest --method post --url "https://graph.microsoft.com/v1.0/servicePrincipals/$GRAPH/appRoleAssignedTo" --output none --body "{\"principalId\":\"$PRINCIPAL\",\"resourceId\":\"$GRAPH\",\"appRoleId\":\"5b567255-7703-4780-807c-7be8301ae99b\"}"

# By hand, Unity Catalog: privileges on the metastore, the catalog and the schema, as a metastore admin
#   GRANT CREATE STORAGE CREDENTIAL, CREATE EXTERNAL LOCATION ON METASTORE TO `<application id>`;
#   GRANT USE CATALOG, MANAGE ON CATALOG `ml` TO `<application id>`;
#   GRANT USE SCHEMA, CREATE TABLE, CREATE MODEL, MANAGE ON SCHEMA `ml`.`models` TO `<application id>`;
# By hand, metadata database: a user in the role rowgate_service, once `npx rowgate db migrate` has run as an owner of the database
#   CREATE USER [<display name>] FROM EXTERNAL PROVIDER;
#   ALTER ROLE rowgate_service ADD MEMBER [<display name>];
# By hand, metadata database: a user for the factory, once the first run has made its identity
#   CREATE USER [id-adf-eastus] FROM EXTERNAL PROVIDER;
#   ALTER ROLE rowgate_adf_reader ADD MEMBER [id-adf-eastus];
# By hand, Databricks: CAN_READ on its notebook (Jobs.task_path) for each job's identity, once the first run has made it
#   npx rowgate outputs JOB   # identity_client_id
#   az rest --method patch --resource 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d --url "https://<workspace host>/api/2.0/permissions/notebooks/<notebook id>" --body '{"access_control_list":[{"service_principal_name":"<identity_client_id>","permission_level":"CAN_READ"}]}'
# By hand, first run: the platform stack's first run stops as AlreadyExists at the resource group and the roles Pipeline Operator adf-eastus-u7n100le and Pipeline Editor adf-eastus-u7n100le, which bootstrap has made: take them over
#   npx rowgate adopt platform-eastus
