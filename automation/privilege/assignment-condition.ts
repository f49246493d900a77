/**
 * The condition under which the service may assign Azure roles: these roles, to groups and service principals other
 * than itself, and nothing else. Written, and read back to be judged, in Azure's condition language, version 2.0.
 * It cannot speak of who is in a group.
 *
 * Adding and removing each need a clause: what is added is `@Request`, what is removed is `@Resource`, and a clause
 * about one of them says nothing about the other.
 */
const roleAttribute = "Microsoft.Authorization/roleAssignments:RoleDefinitionId";
const typeAttribute = "Microsoft.Authorization/roleAssignments:PrincipalType";
const idAttribute = "Microsoft.Authorization/roleAssignments:PrincipalId";
const actions = {
  write: "Microsoft.Authorization/roleAssignments/write",
  delete: "Microsoft.Authorization/roleAssignments/delete",
} as const;

export const conditionVersion = "2.0";
/** Who may be given a role: a person never is one. */
export const principalTypes = ["Group", "ServicePrincipal"] as const;

/**
 * @param roleIds GUIDs; one at least
 * @param serviceId object id of the service, which is a service principal, too, and may give itself nothing
 */
export function assignmentCondition(roleIds: readonly string[], serviceId: string): string {
  if (roleIds.length === 0) throw new RangeError("a condition needs a role that it allows");
  const roles = [...new Set(roleIds.map((id) => id.toLowerCase()))].sort().join(", ");
  const types = principalTypes.map((type) => `'${type}'`).join(", ");
  const clause = (action: string, source: "@Request" | "@Resource", more = ""): string =>
    `((!(ActionMatches{'${action}'})) OR (${source}[${roleAttribute}] ForAnyOfAnyValues:GuidEquals {${roles}} ` +
    `AND ${source}[${typeAttribute}] ForAnyOfAnyValues:StringEqualsIgnoreCase {${types}}${more}))`;
  const notItself = ` AND @Request[${idAttribute}] ForAnyOfAllValues:GuidNotEquals {${serviceId.toLowerCase()}}`;
  return `${clause(actions.write, "@Request", notItself)} AND ${clause(actions.delete, "@Resource")}`;
}

/** What one of the two actions is allowed on. */
export interface AssignmentLimit {
  /** GUIDs in lower case */
  readonly roleIds: readonly string[];
  /** in lower case; null: any */
  readonly principalTypes: readonly string[] | null;
}

export interface AssignmentLimits {
  /** `exceptIds`: object ids, in lower case, of those who can be given nothing */
  readonly write: AssignmentLimit & { readonly exceptIds: readonly string[] };
  readonly delete: AssignmentLimit;
}

/** Null where a condition has another form than ours: then nobody here can tell what it allows. */
export function readAssignmentCondition(text: string): AssignmentLimits | null {
  const compact = text.replace(/\s+/g, "");
  const clause = (name: string, action: string, source: string, more = ""): string =>
    `\\(\\(!\\(ActionMatches\\{'${escaped(action)}'\\}\\)\\)OR\\(${source}\\[${escaped(roleAttribute)}\\]` +
    `ForAnyOfAnyValues:GuidEquals\\{(?<${name}Roles>[0-9a-f,-]+)\\}` +
    `(?:AND${source}\\[${escaped(typeAttribute)}\\]ForAnyOfAnyValues:StringEqualsIgnoreCase\\{(?<${name}Types>[A-Za-z,']+)\\})?${more}\\)\\)`;
  const except = `(?:AND@Request\\[${escaped(idAttribute)}\\]ForAnyOfAllValues:GuidNotEquals\\{(?<except>[0-9a-f,-]+)\\})?`;
  const write = clause("write", actions.write, "@Request", except);
  const remove = clause("delete", actions.delete, "@Resource");
  const found =
    new RegExp(`^${write}AND${remove}$`, "i").exec(compact) ??
    new RegExp(`^${remove}AND${write}$`, "i").exec(compact);
  if (!found?.groups) return null;
  const { writeRoles, writeTypes, deleteRoles, deleteTypes, except: exceptIds } = found.groups;
  return {
    write: { ...limit(writeRoles, writeTypes), exceptIds: entries(exceptIds) },
    delete: limit(deleteRoles, deleteTypes),
  };
}

const escaped = (text: string): string => text.replace(/[.\\+*?^$(){}|[\]]/g, "\\$&");

const entries = (text = ""): readonly string[] => (text === "" ? [] : text.toLowerCase().split(","));

const limit = (roles: string | undefined, types: string | undefined): AssignmentLimit => ({
  roleIds: entries(roles),
  principalTypes: types === undefined ? null : entries(types.replaceAll("'", "")),
});

/** How a condition differs from what the service needs. */
export interface ConditionVerdict {
  /** allowed, and not needed: GUIDs of roles, or words about principals */
  readonly wider: readonly string[];
  /** needed, and not allowed: GUIDs of roles, or words about principals */
  readonly missing: readonly string[];
}

/** @param serviceId object id of the service */
export function judgeCondition(
  limits: AssignmentLimits,
  needed: readonly string[],
  serviceId: string,
): ConditionVerdict {
  const itself = serviceId.toLowerCase();
  const { exceptIds } = limits.write;
  const wanted = new Set(needed.map((id) => id.toLowerCase()));
  const types: ReadonlySet<string> = new Set(principalTypes.map((type) => type.toLowerCase()));
  const both = [limits.write, limits.delete];
  const wider = both.flatMap(({ roleIds, principalTypes: allowed }) => [
    ...roleIds.filter((id) => !wanted.has(id)),
    ...(allowed === null ? ["principals of any type"] : allowed.filter((type) => !types.has(type))),
  ]);
  const missing = [...wanted].filter((id) => both.some(({ roleIds }) => !roleIds.includes(id)));
  const untold = [...types].filter((type) =>
    both.some(({ principalTypes: allowed }) => allowed !== null && !allowed.includes(type)),
  );
  const others = exceptIds.filter((id) => id !== itself).map((id) => `principal ${id}`);
  return {
    wider: [...new Set(wider), ...(exceptIds.includes(itself) ? [] : ["the service itself"])],
    missing: [...missing, ...untold, ...others],
  };
}
