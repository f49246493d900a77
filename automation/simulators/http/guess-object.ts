/** What kind of object an id names, so that a person can create one by its id alone. */
import { lockToken } from "../azure/arm-guards.ts";
import { armError } from "../cloud-error.ts";
import {
  catalogToken,
  metastoreScope,
  modelToken,
  schemaToken,
  tableToken,
} from "../databricks/metastore.ts";
import { groupToken, servicePrincipalToken, userToken } from "../entra/directory.ts";
import type { Body } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { Cloud, ObjectWrite } from "../store.ts";

interface Guess {
  readonly cloud: Cloud;
  readonly pattern: RegExp;
  readonly type: string;
}

const group = "^/subscriptions/[^/]+/resourceGroups/[^/]+";
const guesses: readonly Guess[] = [
  { cloud: "azure", pattern: new RegExp(`${group}$`, "i"), type: "azure-native:resources:ResourceGroup" },
  {
    cloud: "azure",
    pattern: new RegExp(`${group}/providers/Microsoft\\.KeyVault/vaults/[^/]+/secrets/[^/]+$`, "i"),
    type: "azure-native:keyvault:Secret",
  },
  {
    cloud: "azure",
    pattern: new RegExp(`${group}/providers/Microsoft\\.Network/privateDnsZones/[^/]+/A/[^/]+$`, "i"),
    type: "azure-native:privatedns:PrivateRecordSet",
  },
  {
    cloud: "azure",
    pattern: /^\/subscriptions\/.+\/providers\/Microsoft\.Authorization\/locks\/[^/]+$/i,
    type: lockToken,
  },
  { cloud: "entra", pattern: /^\/groups\/[^/]+$/, type: groupToken },
  { cloud: "entra", pattern: /^\/users\/[^/]+$/, type: userToken },
  { cloud: "entra", pattern: /^\/servicePrincipals\/[^/]+$/, type: servicePrincipalToken },
  { cloud: "databricks", pattern: /^metastore\/catalogs\/[^/]+$/, type: catalogToken },
  { cloud: "databricks", pattern: /^metastore\/schemas\/[^/]+$/, type: schemaToken },
  { cloud: "databricks", pattern: /^metastore\/models\/[^/]+$/, type: modelToken },
  { cloud: "databricks", pattern: /^metastore\/tables\/[^/]+$/, type: tableToken },
];

/** The object that a bare id stands for; `asked` names the type where the id doesn't tell. */
export function guessObject(context: CallContext, id: string, asked: string | undefined): ObjectWrite {
  const guess = guesses.find((found) => found.pattern.test(id));
  const type = asked ?? guess?.type;
  if (!type) {
    throw armError(
      400,
      "TypeNeeded",
      `No object has the id ${id}, and the id alone does not tell a type; say which.`,
    );
  }
  const cloud = guess?.cloud ?? cloudOf(type, id);
  const name = id.split("/").at(-1) ?? id;
  requireVault(context, id);
  return { cloud, id, type, name, scope: scopeOf(context, cloud, id), body: firstBody(type, id, name) };
}

function cloudOf(type: string, id: string): Cloud {
  if (type.startsWith("azure-native:")) return "azure";
  if (type.startsWith("azuread:")) return "entra";
  if (type.startsWith("databricks:")) return "databricks";
  throw armError(400, "UnknownType", `${type} is no resource type of a simulated cloud (object ${id}).`);
}

function scopeOf(context: CallContext, cloud: Cloud, id: string): string {
  if (cloud === "entra") return context.tenant.tenantId;
  if (cloud === "databricks")
    return id.startsWith(`${metastoreScope}/`) ? metastoreScope : (id.split("/")[0] ?? "");
  return new RegExp(group, "i").exec(id)?.[0] ?? "";
}

function requireVault(context: CallContext, id: string): void {
  const vaultId = /^(.*\/vaults\/[^/]+)\/secrets\/[^/]+$/i.exec(id)?.[1];
  if (!vaultId || context.store.get("azure", vaultId)) return;
  throw armError(404, "ParentResourceNotFound", `The vault ${vaultId} does not exist; the secret needs one.`);
}

function firstBody(type: string, id: string, name: string): Body {
  switch (type) {
    case "azure-native:keyvault:Secret": {
      const vault = /\/vaults\/([^/]+)\//i.exec(id)?.[1]?.toLowerCase() ?? "";
      return { attributes: { enabled: true }, secretUri: `https://${vault}.vault.azure.net/secrets/${name}` };
    }
    case lockToken:
      return { name, level: "CanNotDelete" };
    case groupToken:
      return { objectId: name, displayName: name, securityEnabled: true, mailEnabled: false, members: [] };
    case userToken:
    case servicePrincipalToken:
      return { objectId: name, displayName: name };
    default:
      return { name };
  }
}
