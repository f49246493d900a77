/** The slice of Azure Resource Manager that finds resources by type and name, and shows one by its id. */
import { armTypeOf } from "../azure/arm-type.ts";
import { armError } from "../cloud-error.ts";
import { type Body, isBody, omit, textAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import type { HttpCall, Route } from "./route.ts";
import { isTracked, show } from "./show.ts";

export const armRoutes: readonly Route[] = [
  {
    method: "GET",
    lookup: "azure-native",
    path: /^\/subscriptions\/([^/]+)\/resources$/i,
    handle: (call) => ({ status: 200, body: { value: search(call) } }),
  },
  {
    method: "GET",
    lookup: "azure-native",
    path: /^(\/subscriptions\/.+)$/i,
    handle: ({ context, params, query }) => {
      if (!query.get("api-version")) {
        throw armError(400, "MissingApiVersionParameter", "The api-version query parameter is required.");
      }
      const id = (params[0] ?? "").replace(/\/+$/, "");
      const body = show(context, find(context, id));
      return { status: 200, body: isSqlServer(id) ? asExpanded(body, query.get("$expand")) : body };
    },
  },
];

const isSqlServer = (id: string): boolean => armTypeOf(id).toLowerCase() === "microsoft.sql/servers";

/** Azure tells of a server's administrators only whoever asks for them. */
function asExpanded(server: Body, expand: string | null): Body {
  const { properties } = server;
  if (!isBody(properties) || expand?.toLowerCase() === "administrators/activedirectory") return server;
  return { ...server, properties: omit(properties, ["administrators"]) };
}

function find(context: CallContext, id: string): CloudObject {
  const { store } = context;
  const found = store.get("azure", id);
  const vaultId = /^(.*\/vaults\/[^/]+)\/secrets\/[^/]+$/i.exec(id)?.[1];
  // the secrets of a soft-deleted vault wait in the store for its recovery, but nobody can see them
  if (found && (!vaultId || store.get("azure", vaultId))) return found;
  const [, group = "", rest = ""] = /\/resourceGroups\/([^/]+)(?:\/providers\/(.+))?$/i.exec(id) ?? [];
  const groupId = id.slice(0, id.length - (rest ? rest.length + "/providers/".length : 0));
  if (!rest || !store.get("azure", groupId)) {
    throw armError(404, "ResourceGroupNotFound", `Resource group '${group || id}' could not be found.`);
  }
  throw armError(
    404,
    "ResourceNotFound",
    `The Resource '${rest}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

function search(call: HttpCall): Body[] {
  const filter = call.query.get("$filter") ?? "";
  const terms = new Map<string, string>();
  for (const term of filter.split(/\s+and\s+/i).filter((text) => text.trim() !== "")) {
    const match = /^\s*(resourceType|name)\s+eq\s+'((?:[^']|'')*)'\s*$/i.exec(term);
    const [, property = "", quoted = ""] = match ?? [];
    if (!match) throw armError(400, "InvalidFilterInQueryString", `The filter '${term}' is not supported.`);
    terms.set(property.toLowerCase(), quoted.replaceAll("''", "'").toLowerCase());
  }
  const prefix = `/subscriptions/${call.params[0]}/`.toLowerCase();
  return call.context.store
    .list({ cloud: "azure" })
    .filter((object) => object.id.toLowerCase().startsWith(prefix))
    .filter((object) => isTracked(object.id))
    .filter(
      (object) =>
        fits(terms.get("resourcetype"), armTypeOf(object.id)) && fits(terms.get("name"), object.name),
    )
    .map((object) => ({
      id: object.id,
      name: object.name,
      type: armTypeOf(object.id),
      location: textAt(object.body, "location"),
    }));
}

const fits = (wanted: string | undefined, value: string): boolean =>
  wanted === undefined || wanted === value.toLowerCase();
