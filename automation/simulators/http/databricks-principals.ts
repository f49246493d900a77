/** Who is who in a workspace, who is in it, and the permission lists of its objects. */
import { plainError } from "../cloud-error.ts";
import { permissionAssignmentToken } from "../databricks/permission-assignment.ts";
import { getPermissions, kindOfFolder } from "../databricks/permissions-store.ts";
import { accountPrincipalId } from "../databricks/principals.ts";
import { databricksPrincipalToken } from "../databricks/workspace-type.ts";
import { groupsNamed, groupToken } from "../entra/directory.ts";
import { objectIdOf } from "../entra/membership.ts";
import { type Body, bodiesAt, pick, textAt, textsAt } from "../json.ts";
import { apiPath, type WorkspaceCall, workspaceRoute } from "./databricks-route.ts";
import type { Route } from "./route.ts";

const scim = "2\\.0/preview/scim/v2";

export const principalRoutes: readonly Route[] = [
  workspaceRoute(apiPath(`${scim}/Groups`), (call) => {
    const wanted = filtered(call, "displayName");
    const { store } = call.context;
    // with automatic identity management every group of the directory is one of the account
    const found = wanted === undefined ? store.ofType(groupToken) : groupsNamed(store, wanted);
    return listOf(
      found.map((group) => ({
        id: accountPrincipalId(objectIdOf(group)),
        displayName: group.name,
        externalId: objectIdOf(group),
        meta: { resourceType: "Group" },
      })),
    );
  }),
  workspaceRoute(apiPath(`${scim}/ServicePrincipals`), (call) => {
    const wanted = filtered(call, "applicationId")?.toLowerCase();
    const found = call.context.store
      .ofType(databricksPrincipalToken)
      .filter(({ scope }) => scope === call.host)
      .filter(({ body }) => wanted === undefined || textAt(body, "applicationId").toLowerCase() === wanted);
    return listOf(found.map(({ body }) => pick(body, ["id", "applicationId", "displayName", "active"])));
  }),
  workspaceRoute(apiPath("2\\.0/preview/permissionassignments"), ({ context, host }) => ({
    permission_assignments: context.store
      .ofType(permissionAssignmentToken)
      .filter(({ scope }) => scope === host)
      .map(({ body }) => ({
        principal: {
          principal_id: Number(body.principalId),
          display_name: textAt(body, "displayName"),
          ...named(body),
        },
        permissions: textsAt(body, "permissions"),
      })),
  })),
  workspaceRoute(apiPath("2\\.0/permissions/(.+)/([^/]+)"), ({ context, host, params }) => {
    const [folder = "", id = ""] = params;
    const kind = kindOfFolder(folder);
    if (!kind)
      throw plainError(400, "INVALID_PARAMETER_VALUE", `'${folder}' is not a supported object type.`);
    const objectId = `/${folder}/${id}`;
    if (!context.store.get("databricks", `${host}${objectId}`)) {
      throw plainError(404, "RESOURCE_DOES_NOT_EXIST", `${kind.objectType} ${id} does not exist.`);
    }
    const list = getPermissions(context, host, objectId);
    return { object_id: objectId, object_type: kind.objectType, access_control_list: entries(list?.body) };
  }),
];

const listOf = (resources: Body[]): Body => ({
  totalResults: resources.length,
  startIndex: 1,
  itemsPerPage: resources.length,
  Resources: resources,
});

/** The value in `<property> eq "value"`; undefined without a filter. */
function filtered({ query }: WorkspaceCall, property: string): string | undefined {
  const filter = query.get("filter");
  if (!filter) return undefined;
  const [, asked = "", value = ""] = /^\s*(\w+)\s+eq\s+["']?([^"']*)["']?\s*$/i.exec(filter) ?? [];
  if (asked.toLowerCase() === property.toLowerCase()) return value;
  throw plainError(400, "INVALID_PARAMETER_VALUE", `Only '${property} eq "…"' can be filtered by.`);
}

const named = (body: Body): Body =>
  Object.fromEntries(
    (
      [
        ["groupName", "group_name"],
        ["servicePrincipalName", "service_principal_name"],
        ["userName", "user_name"],
      ] as const
    ).flatMap(([key, snake]) => (textAt(body, key) ? [[snake, textAt(body, key)]] : [])),
  );

/** The list, whoever owns the object, and the admins, whom nobody can take off it. */
function entries(list: Body | undefined): Body[] {
  const listed = bodiesAt(list, "accessControls");
  const owner = list?.owner;
  const hasOwner = listed.some((entry) => entry.permissionLevel === "IS_OWNER");
  const own = owner && !hasOwner ? [{ ...(owner as Body), permissionLevel: "IS_OWNER" }] : [];
  const direct = [...listed, ...own].map((entry) => ({
    ...named(entry),
    all_permissions: [{ permission_level: textAt(entry, "permissionLevel"), inherited: false }],
  }));
  const admins = [{ permission_level: "CAN_MANAGE", inherited: true }];
  return [...direct, { group_name: "admins", all_permissions: admins }];
}
