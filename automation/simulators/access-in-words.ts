/**
 * What everybody can do in the clouds, in the words that rows' access is told in. From the clouds' state alone;
 * the words are shared with automation/access, what leads to them is not.
 *
 * Left out by design: whoever deploys, who owns what it makes and administers the workspaces; users and roles
 * inside databases; and access policies of vaults, which ask roles alone here.
 */
import {
  type AccessWord,
  azureActions,
  azureObject,
  entering,
  idleAzureActions,
  inWorkspace,
  outsider,
  workspaceObject,
} from "../access/access-words.ts";
import { actionMatches, azureActionsOf } from "./azure/effective-actions.ts";
import { federatedToken } from "./azure/identity.ts";
import { roleAssignmentToken } from "./azure/role-definitions.ts";
import type { RolePermission } from "./azure/role-permission.ts";
import { workspaceToken } from "./azure/workspace.ts";
import { jobToken } from "./databricks/job.ts";
import { grantToken } from "./databricks/metastore.ts";
import { permissionAssignmentToken } from "./databricks/permission-assignment.ts";
import { kindOfId, permissionsToken } from "./databricks/permissions-store.ts";
import { everybody } from "./databricks/principals.ts";
import { databricksPrincipalToken } from "./databricks/workspace-type.ts";
import { whatCan } from "./effective-access.ts";
import {
  applicationWith,
  groupsNamed,
  groupToken,
  principalOf,
  servicePrincipalToken,
  userNamed,
  userToken,
} from "./entra/directory.ts";
import { groupsOf, objectIdOf } from "./entra/membership.ts";
import { bodiesAt, textAt } from "./json.ts";
import type { Tenant } from "./resource-type.ts";
import type { CloudObject, Store } from "./store.ts";

/** Somebody of the directory, or who is left of it. */
export interface Principal {
  readonly objectId: string;
  readonly name: string;
  readonly kind: "user" | "group" | "identity" | "nobody";
}

export interface AccessInWords {
  readonly principals: readonly Principal[];
  readonly can: readonly (AccessWord & { readonly through: string | null })[];
}

export function accessInWords(store: Store, tenant: Tenant): AccessInWords {
  const principals = [...directory(store), ...leftOver(store)];
  const nameOf = databricksNames(store);
  const can = principals.flatMap((principal) => [
    ...inDatabricks(store, principal, nameOf),
    ...inAzure(store, principal),
  ]);
  const more = [...outsiders(store), ...runners(store, nameOf), ...strayNames(store, tenant)];
  return { principals, can: [...can, ...more.map((each) => ({ ...each, through: null }))] };
}

type Can = AccessInWords["can"][number];

const kinds = [
  { token: userToken, kind: "user" },
  { token: groupToken, kind: "group" },
  { token: servicePrincipalToken, kind: "identity" },
] as const;

const directory = (store: Store): Principal[] =>
  kinds.flatMap(({ token, kind }) =>
    store.ofType(token).map((found) => ({ objectId: objectIdOf(found), name: found.name, kind })),
  );

/** Whom assignments name and the directory has forgotten: "Identity not found" in the portal. */
function leftOver(store: Store): Principal[] {
  const named = store.ofType(roleAssignmentToken).map(({ body }) => textAt(body, "principalId"));
  return [...new Set(named)]
    .filter((objectId) => principalOf(store, objectId) === undefined)
    .map((objectId) => ({ objectId, name: objectId, kind: "nobody" }));
}

type NameOf = (object: string) => string;

function inDatabricks(store: Store, { objectId }: Principal, nameOf: NameOf): Can[] {
  const atoms = whatCan(store, objectId).filter(({ action }) => !action.startsWith("azure:"));
  // what lies in an object follows from what is held on it
  const held = atoms.filter(({ object, at, action }) => object === at || action === "use");
  return held.map(({ action, object, through }) => {
    const kind = /^(catalog|schema):/.exec(object)?.[1];
    const isEntering = action === "use" && (kind === "catalog" || kind === "schema");
    return {
      principal: objectId,
      action: isEntering ? entering(kind) : action,
      object: nameOf(object),
      through,
    };
  });
}

/** Words for every role that somebody holds, on the scope that it is held on. */
function inAzure(store: Store, { objectId }: Principal): Can[] {
  const self = principalOf(store, objectId);
  const groups = self === undefined ? [] : groupsOf(store, self);
  const names = new Map(groups.map((group) => [objectIdOf(group).toLowerCase(), group.name]));
  const ids = new Set([objectId, ...groups.map(objectIdOf)].map((id) => id.toLowerCase()));
  const scopes = new Map(
    store
      .ofType(roleAssignmentToken)
      .filter(({ body }) => ids.has(textAt(body, "principalId").toLowerCase()))
      .map(({ id, body }) => [id, textAt(body, "scope")]),
  );
  return [...new Set(scopes.values())].flatMap((scope) =>
    azureActionsOf(store, [...ids], scope)
      .grants.filter(({ assignmentId }) => scopes.get(assignmentId) === scope)
      .flatMap((grant) =>
        wordsOf(grant, scope).map((action) => ({
          principal: objectId,
          action,
          object: azureObject(scope),
          through: names.get(grant.principalId.toLowerCase()) ?? null,
        })),
      ),
  );
}

/** A pattern of a role's that no word covers on this scope is told as it is. */
function wordsOf(role: RolePermission, scope: string): string[] {
  const here = azureActions.filter(({ on }) => means(scope, on));
  const allowed = here.filter(({ action, isData }) =>
    isData
      ? matchesAny(role.dataActions, action) && !matchesAny(role.notDataActions, action)
      : matchesAny(role.actions, action) && !matchesAny(role.notActions, action),
  );
  const isIdle = (pattern: string): boolean => isResource(scope) && idleAzureActions.includes(pattern);
  const isOdd = (isData: boolean) => (pattern: string) =>
    !here.some((each) => each.isData === isData && actionMatches(pattern, each.action));
  const odd = [
    ...role.actions.filter((pattern) => !isIdle(pattern)).filter(isOdd(false)),
    ...role.dataActions.filter(isOdd(true)),
  ];
  return [...allowed.map(({ word }) => word), ...odd.map((pattern) => `azure:${pattern}`)];
}

const matchesAny = (patterns: readonly string[], action: string): boolean =>
  patterns.some((pattern) => actionMatches(pattern, action));

const isResource = (scope: string): boolean => scope.includes("/providers/");

/** Whether a scope is, or holds, one of these types of resources. */
function means(scope: string, on: readonly string[]): boolean {
  if (on.length === 0 || !isResource(scope)) return true;
  const [provider = "", ...steps] = (scope.split("/providers/").at(-1) ?? "").split("/");
  const type = [provider, ...steps.filter((_step, index) => index % 2 === 0)].join("/").toLowerCase();
  return on.some((each) => `${each.toLowerCase()}/`.startsWith(`${type}/`));
}

const folderWords: Readonly<Record<string, string>> = {
  jobs: "job",
  "cluster-policies": "cluster-policy",
  "instance-pools": "instance-pool",
  experiments: "experiment",
  "serving-endpoints": "serving-endpoint",
  "sql/warehouses": "warehouse",
};

/** From Databricks' numbers to names: two objects of one name keep their numbers. */
function databricksNames(store: Store): NameOf {
  const workspaces = new Map(
    store
      .ofType(workspaceToken)
      .map(({ name, body }) => [textAt(body, "workspaceUrl").toLowerCase(), name] as const),
  );
  const known = new Map([...workspaces].map(([host, name]) => [`workspace:${host}`, workspaceObject(name)]));
  const taken = new Map<string, string>();
  for (const { id, scope, name } of store.list({ cloud: "databricks" })) {
    const workspace = workspaces.get(scope);
    const folder = kindOfId(id.slice(scope.length))?.folder ?? "";
    const word = folderWords[folder];
    if (workspace === undefined || word === undefined) continue;
    const object = `${word}:${id.split("/").at(-1)}`;
    const label = inWorkspace(word, workspace, name);
    const twin = taken.get(label);
    if (twin !== undefined) known.delete(twin);
    else known.set(object, label);
    taken.set(label, object);
  }
  return (object) => known.get(object) ?? object;
}

/** Who signs in elsewhere and may stand for an identity. */
const outsiders = (store: Store): AccessWord[] =>
  store.ofType(federatedToken).map(({ id, body }) => ({
    principal: outsider(textAt(body, "issuer"), textAt(body, "subject")),
    action: "stand-for",
    object: azureObject(id.replace(/\/federatedIdentityCredentials\/[^/]+$/i, "")),
  }));

/** Whoever starts a job acts as whom it runs as. */
const runners = (store: Store, nameOf: NameOf): AccessWord[] =>
  store.ofType(jobToken).flatMap(({ id, body }) => {
    const application = applicationWith(store, textAt(body, "runAs.servicePrincipalName"));
    const user = userNamed(store, textAt(body, "runAs.userName"));
    const runner = application ?? user;
    const object = nameOf(`job:${id.split("/").at(-1)}`);
    return runner === undefined ? [] : [{ principal: objectIdOf(runner), action: "is-run-by", object }];
  });

/** Names in grants and lists that mean nobody: whoever takes such a name takes what it holds. */
function strayNames(store: Store, tenant: Tenant): AccessWord[] {
  const system = [everybody, "users", "admins", tenant.deployerId];
  const means = (name: string): boolean =>
    name === "" ||
    system.includes(name) ||
    groupsNamed(store, name).length === 1 ||
    applicationWith(store, name) !== undefined ||
    userNamed(store, name) !== undefined;
  const named = (object: CloudObject): string[] => [
    ...["principal", "groupName", "userName", "servicePrincipalName", "applicationId"].map((property) =>
      textAt(object.body, property),
    ),
    ...bodiesAt(object.body, "accessControls").flatMap((entry) =>
      ["groupName", "userName", "servicePrincipalName"].map((property) => textAt(entry, property)),
    ),
  ];
  const tokens = [grantToken, permissionsToken, permissionAssignmentToken, databricksPrincipalToken];
  return tokens
    .flatMap((token) => store.ofType(token))
    .flatMap((object) =>
      named(object)
        .filter((name) => !means(name))
        .map((name) => ({ principal: name, action: "is-named", object: `databricks:${object.id}` })),
    );
}
