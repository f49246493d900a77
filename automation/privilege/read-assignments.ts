/** Role assignments and effective permissions, as Azure Resource Manager tells them. */
import { z } from "zod";
import { type ArmAnswer, type ArmClient, azureArmUrl } from "../azure/arm-client.ts";
import { authorizationVersion, roleDefinitionPath } from "./arm-bodies.ts";

export interface HeldAssignment {
  /** GUID */
  readonly name: string;
  readonly scope: string;
  /** GUID in lower case */
  readonly roleId: string;
  /** the one asked about, or a group that they are in */
  readonly principalId: string;
  readonly condition: string | null;
}

type Unread = { readonly status: "unread"; readonly message: string };

/** Azure Resource Manager gives long lists in pages. */
const page = z.object({ value: z.array(z.unknown()), nextLink: z.string().nullish() });

async function readAll(
  arm: ArmClient,
  id: string,
  query: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: "read"; readonly values: readonly unknown[] } | Unread> {
  const values: unknown[] = [];
  const visited = new Set<string>();
  let next: { readonly id: string; readonly query: Readonly<Record<string, string>> } | null = { id, query };
  while (next !== null) {
    const answer = await arm.get(next.id, { apiVersion: authorizationVersion, query: next.query });
    if (answer.status !== "ok") return unread(answer);
    const { value, nextLink } = page.parse(answer.body);
    values.push(...value);
    if (!nextLink) break;
    if (visited.has(nextLink)) return { status: "unread", message: `the list at ${id} does not end` };
    visited.add(nextLink);
    // Of the link only path and query are taken: the token goes to no other host.
    const url = new URL(nextLink, azureArmUrl);
    next = { id: decodeURIComponent(url.pathname), query: Object.fromEntries(url.searchParams) };
  }
  return { status: "read", values };
}

const assignment = z.object({
  name: z.string(),
  properties: z.object({
    scope: z.string(),
    roleDefinitionId: z.string(),
    principalId: z.string(),
    condition: z.string().nullish(),
  }),
});

/** What somebody holds by assignments on a scope, above it and in it, of their own or of a group that they are in. */
export async function listAssignments(
  arm: ArmClient,
  scope: string,
  objectId: string,
): Promise<{ readonly status: "read"; readonly assignments: readonly HeldAssignment[] } | Unread> {
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments`;
  const read = await readAll(arm, id, { $filter: `assignedTo('${objectId}')` });
  if (read.status === "unread") return read;
  const assignments = z.array(assignment).parse(read.values);
  return {
    status: "read",
    assignments: assignments.map(({ name, properties }) => ({
      name,
      scope: properties.scope,
      roleId: (properties.roleDefinitionId.split("/").at(-1) ?? "").toLowerCase(),
      principalId: properties.principalId,
      condition: properties.condition ?? null,
    })),
  };
}

const permission = z.object({
  actions: z.array(z.string()).default([]),
  notActions: z.array(z.string()).default([]),
});
export type Permissions = readonly z.infer<typeof permission>[];

/** What the caller may do on a scope, whichever way it was given. */
export async function readPermissions(
  arm: ArmClient,
  scope: string,
): Promise<{ readonly status: "read"; readonly permissions: Permissions } | Unread> {
  const read = await readAll(arm, `${scope}/providers/Microsoft.Authorization/permissions`);
  return read.status === "unread"
    ? read
    : { status: "read", permissions: z.array(permission).parse(read.values) };
}

const definition = z.object({
  properties: z.object({
    roleName: z.string(),
    permissions: z.array(permission.extend({ dataActions: z.array(z.string()).default([]) })),
  }),
});

export interface HeldRole {
  readonly name: string;
  readonly permissions: Permissions;
  readonly dataActions: readonly string[];
}

/** @param scope where the role can be assigned */
export async function readRole(
  arm: ArmClient,
  scope: string,
  roleId: string,
): Promise<{ readonly status: "read"; readonly role: HeldRole } | Unread> {
  const answer = await arm.get(roleDefinitionPath({ scope, id: roleId }), {
    apiVersion: authorizationVersion,
  });
  if (answer.status !== "ok") return unread(answer);
  const { roleName: name, permissions } = definition.parse(answer.body).properties;
  return {
    status: "read",
    role: { name, permissions, dataActions: permissions.flatMap(({ dataActions }) => dataActions) },
  };
}

const unread = (answer: Exclude<ArmAnswer, { status: "ok" }>): Unread => ({
  status: "unread",
  message: answer.message,
});

/** Each entry is one role's: what it takes away, another may still give. */
export const allows = (permissions: Permissions, action: string): boolean =>
  permissions.some(
    ({ actions, notActions }) =>
      actions.some((pattern) => matches(pattern, action)) &&
      !notActions.some((pattern) => matches(pattern, action)),
  );

/** `*` stands for any text, slashes too; case means nothing. A `*` in what is asked for is matched as text. */
function matches(pattern: string, action: string): boolean {
  const escaped = pattern.split("*").map((part) => part.replace(/[.\\+?^$(){}|[\]]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`, "i").test(action);
}
