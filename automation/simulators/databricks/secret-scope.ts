/** Secret scopes, and who may read them. A scope opens its whole vault: its list knows no single secrets. */
import { matches, oneOf } from "../check.ts";
import { plainError } from "../cloud-error.ts";
import { type Body, textAt } from "../json.ts";
import { type CallContext, type ResourceType, typeDefaults } from "../resource-type.ts";
import { requireDatabricksPrincipal } from "./principals.ts";
import { databricksName, doesNotExist } from "./workspace-object.ts";
import { getInWorkspace, hostOf, inWorkspace, putInWorkspace } from "./workspace-type.ts";

export const secretScopeToken = "databricks:index/secretScope:SecretScope";
export const secretAclToken = "databricks:index/secretAcl:SecretAcl";

const scopeFolder = "secret-scopes";
const maxScopes = 1000;
const scopeName = {
  pattern: /^[\w.@_/-]{1,128}$/,
  says: "Must consist of alphanumeric characters, dashes, underscores, and periods, and may not exceed 128 characters.",
};

export const secretScope: ResourceType = {
  ...typeDefaults,
  token: secretScopeToken,
  cloud: "databricks",
  required: ["name"],
  // the API has no update
  replaceOn: ["backendType", "initialManagePrincipal", "keyvaultMetadata", "name"],
  computed: ["backendType"],
  autoname: databricksName,
  deleteBeforeReplace: true,
  check: (inputs) => [
    ...matches(inputs, "name", scopeName),
    ...(inputs.keyvaultMetadata === undefined
      ? []
      : ["resourceId", "dnsName"]
          .filter((key) => textAt(inputs, `keyvaultMetadata.${key}`) === "")
          .map((key) => ({
            property: `keyvaultMetadata.${key}`,
            reason: `missing required property '${key}'`,
          }))),
  ],
  create: (ctx, inputs) => {
    const host = hostOf(ctx);
    const name = textAt(inputs, "name");
    admitScope(ctx, host, inputs);
    const backendType = inputs.keyvaultMetadata === undefined ? "DATABRICKS" : "AZURE_KEYVAULT";
    const body: Body = { ...inputs, backendType };
    putInWorkspace(ctx, host, { type: secretScopeToken, folder: scopeFolder, id: name, name, body });
    return { id: name, body };
  },
  read: (ctx, id) => {
    const found = getInWorkspace(ctx, scopeFolder, id);
    return found && { id, body: found.body };
  },
  update: () => {
    throw new Error("a secret scope cannot be changed, only replaced");
  },
  // its access list goes with it
  delete: (ctx, id) => ctx.store.purge("databricks", inWorkspace(hostOf(ctx), scopeFolder, id)),
};

function admitScope(ctx: CallContext, host: string, inputs: Body): void {
  const name = textAt(inputs, "name");
  if (getInWorkspace(ctx, scopeFolder, name)) {
    throw plainError(400, "RESOURCE_ALREADY_EXISTS", `Scope ${name} already exists!`);
  }
  if (ctx.store.ofType(secretScopeToken).filter((scope) => scope.scope === host).length >= maxScopes) {
    throw plainError(400, "RESOURCE_LIMIT_EXCEEDED", `Scope limit of ${maxScopes} exceeded.`);
  }
  const vaultId = textAt(inputs, "keyvaultMetadata.resourceId");
  if (!vaultId) return;
  if (!isSignedInWithEntra(ctx.config)) {
    const fault = "Scope with Azure KeyVault must have userAADToken defined!";
    throw plainError(400, "INVALID_PARAMETER_VALUE", fault);
  }
  const vault = ctx.store.get("azure", vaultId);
  if (vault?.type === "azure-native:keyvault:Vault") return;
  throw plainError(
    400,
    "INVALID_PARAMETER_VALUE",
    `Unable to grant read/list permission to Databricks service principal to KeyVault '${vaultId}': the vault was not found.`,
  );
}

/** A personal access token is no sign-in with Entra ID. The engine sends true as text. */
function isSignedInWithEntra(config: Body): boolean {
  if (String(config.azureUseMsi) === "true") return true;
  return textAt(config, "authType").includes("azure") || textAt(config, "azureClientId") !== "";
}

export const secretAcl: ResourceType = {
  ...typeDefaults,
  token: secretAclToken,
  cloud: "databricks",
  required: ["permission", "principal", "scope"],
  replaceOn: ["permission", "principal", "scope"],
  check: (inputs) => [
    ...matches(inputs, "scope", scopeName),
    ...oneOf(inputs, "permission", ["READ", "WRITE", "MANAGE"]),
  ],
  create: (ctx, inputs) => {
    const host = hostOf(ctx);
    const [scope, principal] = [textAt(inputs, "scope"), textAt(inputs, "principal")];
    if (!getInWorkspace(ctx, scopeFolder, scope))
      throw doesNotExist(`Failed to create Secret ACL: scope ${scope}`);
    requireDatabricksPrincipal(ctx, principal);
    const id = `${scope}|||${principal}`;
    const name = `${principal} on ${scope}`;
    putInWorkspace(ctx, host, {
      type: secretAclToken,
      folder: aclFolder(scope),
      id: principal,
      name,
      body: inputs,
    });
    return { id, body: inputs };
  },
  read: (ctx, id) => {
    const [scope = "", principal = ""] = id.split("|||");
    const found = getInWorkspace(ctx, aclFolder(scope), principal);
    return found && { id, body: found.body };
  },
  update: () => {
    throw new Error("a secret ACL cannot be changed, only replaced");
  },
  delete: (ctx, id) => {
    const [scope = "", principal = ""] = id.split("|||");
    ctx.store.remove("databricks", inWorkspace(hostOf(ctx), aclFolder(scope), principal));
  },
};

const aclFolder = (scope: string): string => `${scopeFolder}/${scope}/acls`;
