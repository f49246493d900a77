/** The part of bootstrap that is done by hand, with the lines to run. */

import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { customRoleDefinition, customRoleNames } from "../../program/layout/custom-roles.ts";
import { factoryIdentityName, platformStack, workspaceId } from "../../program/layout/names.ts";
import { databricksResource } from "../azure/cloud-access.ts";
import type { BootstrapFacts, ServicePrincipalFacts } from "./bootstrap-facts.ts";
import { outside } from "./resource-rights.ts";

/** What no call to Azure can do. */
export interface ManualNeed {
  readonly where: "Databricks" | "Unity Catalog" | "metadata database" | "first run";
  readonly what: string;
  readonly why: string;
  /** lines to run, in the language of the place */
  readonly lines: readonly string[];
}

export function manualNeeds(facts: BootstrapFacts, principal: ServicePrincipalFacts): readonly ManualNeed[] {
  const { environment, catalog, schema } = facts;
  const application = principal.applicationId ?? "<application id>";
  const user = `[${(principal.displayName ?? "<display name>").replaceAll("]", "]]")}]`;
  const holder = `\`${application}\``;
  return [
    ...workspaceAdmin(environment, application),
    {
      where: "Unity Catalog",
      what: "privileges on the metastore, the catalog and the schema, as a metastore admin",
      why: "the service makes a storage credential and external locations, registers models, makes the tables that drift is watched in, and grants on all of these",
      lines: [
        `GRANT CREATE STORAGE CREDENTIAL, CREATE EXTERNAL LOCATION ON METASTORE TO ${holder};`,
        `GRANT USE CATALOG, MANAGE ON CATALOG ${quoted(catalog)} TO ${holder};`,
        `GRANT USE SCHEMA, CREATE TABLE, CREATE MODEL, MANAGE ON SCHEMA ${quoted(catalog)}.${quoted(schema)} TO ${holder};`,
      ],
    },
    {
      where: "metadata database",
      what: "a user in the role rowgate_service, once `npx rowgate db migrate` has run as an owner of the database",
      why: "the service reads rows and writes its own tables; it changes no schema and no entry of the audit log",
      lines: [
        `CREATE USER ${user} FROM EXTERNAL PROVIDER;`,
        `ALTER ROLE rowgate_service ADD MEMBER ${user};`,
      ],
    },
    {
      where: "metadata database",
      what: "a user for the factory, once the first run has made its identity",
      why: "pipelines read their job's outputs from the view, and nothing else",
      lines: [
        `CREATE USER [${factoryIdentityName(environment)}] FROM EXTERNAL PROVIDER;`,
        `ALTER ROLE rowgate_adf_reader ADD MEMBER [${factoryIdentityName(environment)}];`,
      ],
    },
    {
      where: "Databricks",
      what: "CAN_READ on its notebook (Jobs.task_path) for each job's identity, once the first run has made it",
      why: "a job runs as its own identity, which sees nothing of the workspace that nobody gave it; notebooks are their owners'",
      lines: [
        "npx rowgate outputs JOB   # identity_client_id",
        `az rest --method patch --resource ${databricksResource} --url "https://<workspace host>/api/2.0/permissions/notebooks/<notebook id>" --body '{"access_control_list":[{"service_principal_name":"<identity_client_id>","permission_level":"CAN_READ"}]}'`,
      ],
    },
    {
      where: "first run",
      what: `the platform stack's first run stops as AlreadyExists at the resource group and the roles ${customRoleNames.map((role) => customRoleDefinition(environment, role).name).join(" and ")}, which bootstrap has made: take them over`,
      why: "what exists is never taken over without a person's word",
      lines: [`npx rowgate adopt ${platformStack(environment.name)}`],
    },
  ];
}

/** Contributor makes whoever has it an admin of the workspaces in its scope; for others there is Databricks' own way. */
function workspaceAdmin(environment: EnvironmentFacts, application: string): readonly ManualNeed[] {
  if (!outside(environment).some(({ resource }) => resource === "workspace")) return [];
  const id = workspaceId(environment);
  return [
    {
      where: "Databricks",
      what: "admin of the workspace that is taken over, as an admin of it",
      why: "policies, permission lists and IP access lists are an admin's; Contributor on the workspace would give the same and more",
      lines: [
        `HOST=$(az databricks workspace show --ids ${id} --query workspaceUrl -o tsv)`,
        `ADMINS=$(az rest --method get --resource ${databricksResource} --url "https://$HOST/api/2.0/preview/scim/v2/Groups?filter=displayName+eq+admins" --query "Resources[0].id" -o tsv)`,
        `az rest --method post --resource ${databricksResource} --url "https://$HOST/api/2.0/preview/scim/v2/ServicePrincipals" --body "{\\"schemas\\":[\\"urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal\\"],\\"applicationId\\":\\"${application}\\",\\"displayName\\":\\"Rowgate\\",\\"groups\\":[{\\"value\\":\\"$ADMINS\\"}]}"`,
      ],
    },
  ];
}

/** A name in Databricks SQL. */
const quoted = (name: string): string => `\`${name.replaceAll("`", "``")}\``;
