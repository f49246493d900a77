/** The slice of Microsoft Graph that finds users, groups and service principals, and keeps who is in a group. */
import { z } from "zod";
import { armError } from "../cloud-error.ts";
import { groupToken, principalOf, servicePrincipalToken, userToken } from "../entra/directory.ts";
import { addMember, notFound, objectIdOf, removeMember, transitiveMembers } from "../entra/membership.ts";
import { type Body, pick, textAt, textsAt } from "../json.ts";
import type { CloudObject, Store } from "../store.ts";
import { parse } from "./request.ts";
import type { Answer, HttpCall, Route } from "./route.ts";

interface Folder {
  readonly type: string;
  readonly odataType: string;
  /** properties that $filter may name, and where they are kept */
  readonly filters: Readonly<Record<string, string>>;
  readonly shown: readonly string[];
}

const folders: Readonly<Record<string, Folder>> = {
  groups: {
    type: groupToken,
    odataType: "#microsoft.graph.group",
    filters: { displayName: "displayName" },
    shown: ["displayName", "description", "mailNickname", "securityEnabled", "mailEnabled"],
  },
  users: {
    type: userToken,
    odataType: "#microsoft.graph.user",
    filters: { displayName: "displayName", userPrincipalName: "userPrincipalName" },
    shown: ["displayName", "userPrincipalName"],
  },
  servicePrincipals: {
    type: servicePrincipalToken,
    odataType: "#microsoft.graph.servicePrincipal",
    filters: { appId: "clientId", displayName: "displayName" },
    shown: ["displayName", "servicePrincipalType", "alternativeNames"],
  },
};

/** Entra ID keeps what is deleted for so long. */
const keptMs = 30 * 24 * 3_600_000;

const read = (path: RegExp, show: (call: HttpCall) => Body): Route => ({
  method: "GET",
  lookup: "azuread",
  path,
  handle: (call) => ({ status: 200, body: show(call) }),
});

export const graphRoutes: readonly Route[] = [
  read(/^\/v1\.0\/(groups|users|servicePrincipals)$/, (call) => ({ value: search(call) })),
  read(/^\/v1\.0\/groups\/([^/]+)\/members$/, ({ context, params }) => {
    const group = groupAt(context.store, params[0]);
    const members = textsAt(group.body, "members").map((id) => principalOf(context.store, id));
    return { value: members.filter((member) => member !== undefined).map(showMember) };
  }),
  read(/^\/v1\.0\/groups\/([^/]+)\/transitiveMembers$/, ({ context, params }) => {
    const group = groupAt(context.store, params[0]);
    return { value: transitiveMembers(context.store, group).map(showMember) };
  }),
  { method: "POST", path: /^\/v1\.0\/groups\/([^/]+)\/members\/\$ref$/, handle: postMember },
  {
    method: "DELETE",
    path: /^\/v1\.0\/groups\/([^/]+)\/members\/([^/]+)\/\$ref$/,
    handle: ({ context: { store }, params: [groupId, memberId = ""] }) => {
      store.transaction(() => removeMember(store, groupAt(store, groupId), memberId));
      return { status: 204 };
    },
  },
  read(/^\/v1\.0\/directory\/deletedItems\/microsoft\.graph\.(group|application)$/, (call) => ({
    value: deleted(call.context.store, `${call.params[0]}s`).map(
      (object): Body => ({
        id: objectIdOf(object),
        displayName: object.name,
        deletedDateTime: object.deletedAt ?? "",
      }),
    ),
  })),
  {
    method: "POST",
    path: /^\/v1\.0\/directory\/deletedItems\/([^/]+)\/restore$/,
    handle: ({ context: { store }, params: [id = ""] }) => {
      const found = [...deleted(store, "groups"), ...deleted(store, "applications")].find(
        (object) => objectIdOf(object) === id,
      );
      if (!found) throw notFound(id);
      // putting it back as it was is what Graph does, members included
      return { status: 200, body: show(store.put(found)) };
    },
  },
  read(/^\/v1\.0\/(groups|users|servicePrincipals)\/([^/]+)$/, ({ context, params: [folder, id = ""] }) => {
    const found = context.store.get("entra", `/${folder}/${id}`);
    if (!found) throw notFound(id);
    return show(found);
  }),
];

function groupAt(store: Store, id = ""): CloudObject {
  const group = store.get("entra", `/groups/${id}`);
  if (!group) throw notFound(id);
  return group;
}

const reference = z.object({ "@odata.id": z.string() });

/** What the portal sends when somebody adds a member. */
function postMember({ context: { store }, params, body }: HttpCall): Answer {
  const id = parse(reference, body)["@odata.id"].split("/").at(-1) ?? "";
  store.transaction(() => addMember(store, groupAt(store, params[0]), id));
  return { status: 204 };
}

/** What is deleted and can still be restored; what is older is gone for good. */
function deleted(store: Store, folder: string): CloudObject[] {
  const found = store
    .list({ cloud: "entra", deleted: true })
    .filter((object) => object.id.startsWith(`/${folder}/`));
  const isOver = (object: CloudObject): boolean => Date.now() - Date.parse(object.deletedAt ?? "") > keptMs;
  for (const object of found.filter(isOver)) store.purge("entra", object.id);
  return found.filter((object) => !isOver(object));
}

function search(call: HttpCall): Body[] {
  const folder = folders[call.params[0] ?? ""];
  if (!folder) return [];
  const all = call.context.store.ofType(folder.type);
  const filter = call.query.get("$filter");
  if (!filter) return all.map(show);
  // OData writes a quote inside text twice
  const match = /^\s*(\w+)\s+eq\s+'((?:[^']|'')*)'\s*$/.exec(filter);
  const [, property = "", quoted = ""] = match ?? [];
  const kept = folder.filters[property];
  if (kept === undefined) {
    const allowed = Object.keys(folder.filters).map((name) => `"${name} eq '…'"`);
    throw armError(400, "Request_UnsupportedQuery", `Only ${allowed.join(" or ")} can be filtered by.`);
  }
  const wanted = quoted.replaceAll("''", "'").toLowerCase();
  return all.filter((object) => textAt(object.body, kept).toLowerCase() === wanted).map(show);
}

const folderOf = (object: CloudObject): Folder | undefined =>
  Object.values(folders).find((found) => found.type === object.type);

function show(object: CloudObject): Body {
  const shown = pick(object.body, folderOf(object)?.shown ?? ["displayName"]);
  const application = textAt(object.body, "clientId");
  return { id: objectIdOf(object), ...(application ? { appId: application } : {}), ...shown };
}

/** Members are of all kinds, so each says which it is. */
const showMember = (object: CloudObject): Body => ({
  "@odata.type": folderOf(object)?.odataType ?? "#microsoft.graph.directoryObject",
  ...show(object),
});
