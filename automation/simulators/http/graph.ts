/** The slice of Microsoft Graph that finds groups and users by name. */
import { armError, type CloudError } from "../cloud-error.ts";
import { groupToken, principalOf, userToken } from "../entra/directory.ts";
import { type Body, pick, textAt, textsAt } from "../json.ts";
import type { CloudObject } from "../store.ts";
import type { HttpCall, Route } from "./route.ts";

interface Folder {
  readonly type: string;
  /** the only property that $filter may name */
  readonly filter: string;
  readonly shown: readonly string[];
}

const folders: Readonly<Record<string, Folder>> = {
  groups: {
    type: groupToken,
    filter: "displayName",
    shown: ["displayName", "description", "mailNickname", "securityEnabled", "mailEnabled"],
  },
  users: { type: userToken, filter: "userPrincipalName", shown: ["displayName", "userPrincipalName"] },
};

export const graphRoutes: readonly Route[] = [
  {
    method: "GET",
    lookup: "azuread",
    path: /^\/v1\.0\/(groups|users)$/,
    handle: (call) => ({ status: 200, body: { value: search(call) } }),
  },
  {
    method: "GET",
    lookup: "azuread",
    path: /^\/v1\.0\/groups\/([^/]+)\/members$/,
    handle: ({ context, params }) => {
      const group = context.store.get("entra", `/groups/${params[0]}`);
      if (!group) throw notFound(params[0] ?? "");
      const members = textsAt(group.body, "members").map((id) => principalOf(context.store, id));
      return { status: 200, body: { value: members.filter((m) => m !== undefined).map((m) => show(m)) } };
    },
  },
  {
    method: "GET",
    lookup: "azuread",
    path: /^\/v1\.0\/(groups|users)\/([^/]+)$/,
    handle: ({ context, params }) => {
      const found = context.store.get("entra", `/${params[0]}/${params[1]}`);
      if (!found) throw notFound(params[1] ?? "");
      return { status: 200, body: show(found) };
    },
  },
];

const notFound = (id: string): CloudError =>
  armError(404, "Request_ResourceNotFound", `Resource '${id}' does not exist.`);

function search(call: HttpCall): Body[] {
  const folder = folders[call.params[0] ?? ""];
  if (!folder) return [];
  const all = call.context.store.ofType(folder.type);
  const filter = call.query.get("$filter");
  if (!filter) return all.map(show);
  // OData writes a quote inside text twice
  const match = /^\s*(\w+)\s+eq\s+'((?:[^']|'')*)'\s*$/.exec(filter);
  const [, property = "", quoted = ""] = match ?? [];
  if (property !== folder.filter) {
    throw armError(400, "Request_UnsupportedQuery", `Only "${folder.filter} eq '…'" can be filtered by.`);
  }
  const wanted = quoted.replaceAll("''", "'").toLowerCase();
  return all.filter((object) => textAt(object.body, property).toLowerCase() === wanted).map(show);
}

function show(object: CloudObject): Body {
  const folder = Object.values(folders).find((found) => found.type === object.type);
  return { id: textAt(object.body, "objectId"), ...pick(object.body, folder?.shown ?? ["displayName"]) };
}
