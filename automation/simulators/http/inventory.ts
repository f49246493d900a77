/**
 * Azure Resource Graph: the few forms of query that an inventory takes. Tables Resources, ResourceContainers
 * and AuthorizationResources; `where` with =~, ==, in~ and has prefix tests; `project`; `order by id`. What it
 * can't run it refuses: an inventory that silently leaves things out is worse than none.
 */
import { z } from "zod";
import { armTypeOf } from "../azure/arm-type.ts";
import { resourceGroupToken } from "../azure/resource-group.ts";
import { roleAssignmentToken, roleDefinitionToken } from "../azure/role-definitions.ts";
import { armError } from "../cloud-error.ts";
import { at, type Body, type Json, textAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { parse } from "./request.ts";
import type { Route } from "./route.ts";
import { isTracked, show } from "./show.ts";

const request = z.object({
  query: z.string().min(1),
  subscriptions: z.array(z.string()).optional(),
  options: z.object({ resultFormat: z.literal("objectArray").optional() }).optional(),
});

export const inventoryRoutes: readonly Route[] = [
  {
    method: "POST",
    lookup: "azure-native",
    isRead: true,
    path: /^\/providers\/Microsoft\.ResourceGraph\/resources$/i,
    handle: ({ context, body }) => {
      const { query, subscriptions } = parse(request, body);
      const inScope = (row: Body): boolean =>
        subscriptions?.some((id) => id.toLowerCase() === textAt(row, "subscriptionId").toLowerCase()) ?? true;
      const data = run(context, query, inScope);
      return {
        status: 200,
        body: { totalRecords: data.length, count: data.length, resultTruncated: "false", facets: [], data },
      };
    },
  },
];

const tables: Readonly<Record<string, (object: CloudObject) => boolean>> = {
  resources: (object) => isTracked(object.id),
  resourcecontainers: (object) => object.type === resourceGroupToken,
  authorizationresources: ({ type }) => type === roleAssignmentToken || type === roleDefinitionToken,
};

function run(context: CallContext, query: string, inScope: (row: Body) => boolean): Body[] {
  const [table = "", ...steps] = query.split("|").map((part) => part.trim());
  const isOf = tables[table.toLowerCase()];
  if (!isOf) throw refused(`the table '${table}'`);
  const rows = context.store
    .list({ cloud: "azure" })
    .filter(isOf)
    .map((object) => row(context, object))
    .filter(inScope);
  return steps.reduce(step, rows);
}

const refused = (what: string) =>
  armError(
    400,
    "BadRequest",
    `The simulated Resource Graph cannot run ${what}; it runs where, project and order by id asc.`,
  );

/** What Resource Graph shows of a resource: types in lower case. */
function row(context: CallContext, object: CloudObject): Body {
  const { properties, etag: _etag, ...shown } = show(context, object);
  const type =
    object.type === resourceGroupToken
      ? "microsoft.resources/subscriptions/resourcegroups"
      : armTypeOf(object.id).toLowerCase();
  return {
    ...shown,
    type,
    resourceGroup: /\/resourceGroups\/([^/]+)/i.exec(object.id)?.[1]?.toLowerCase() ?? "",
    subscriptionId: object.id.split("/")[2] ?? "",
    properties: properties ?? {},
  };
}

function step(rows: Body[], text: string): Body[] {
  const [, verb = "", rest = ""] = /^(where|project|order\s+by)\s+([\s\S]+)$/i.exec(text) ?? [];
  switch (verb.toLowerCase().replace(/\s+/, " ")) {
    case "where": {
      const tests = rest.split(/\s+and\s+/i).map(condition);
      return rows.filter((each) => tests.every((test) => test(each)));
    }
    case "project": {
      const columns = rest.split(",").map(column);
      return rows.map((each) =>
        Object.fromEntries(columns.map(({ name, path }) => [name, at(each, path) ?? null])),
      );
    }
    case "order by":
      if (!/^id(\s+asc)?$/i.test(rest)) throw refused(`'${text}'`);
      return rows.toSorted((a, b) => textAt(a, "id").localeCompare(textAt(b, "id")));
    default:
      throw refused(`'${text}'`);
  }
}

/** `properties.principalId` or `principal = tostring(properties.principalId)` */
function column(text: string): { readonly name: string; readonly path: string } {
  const [, alias, wrapped, plain] =
    /^\s*(?:(\w+)\s*=\s*)?(?:tostring\(([\w.]+)\)|([\w.]+))\s*$/.exec(text) ?? [];
  const path = wrapped ?? plain;
  if (!path) throw refused(`the column '${text.trim()}'`);
  return { name: alias ?? path.replaceAll(".", "_"), path };
}

/** `type =~ 'x'`, `type in~ ('x', 'y')`, `id startswith 'x'`; quotes of either kind. */
function condition(text: string): (each: Body) => boolean {
  const one = /^\s*(?:tostring\(([\w.]+)\)|([\w.]+))\s*(=~|==|startswith)\s*(['"])([^'"]*)\4\s*$/i.exec(text);
  if (one) {
    const [, wrapped, plain, operator = "", , wanted = ""] = one;
    const path = wrapped ?? plain ?? "";
    return (each) => compare(at(each, path), operator.toLowerCase(), wanted);
  }
  const [, path, list] = /^\s*([\w.]+)\s+in~\s*\(([^()]*)\)\s*$/i.exec(text) ?? [];
  const wanted = [...(list ?? "").matchAll(/(['"])(.*?)\1/g)].map(([, , word = ""]) => word);
  if (!path || wanted.length === 0) throw refused(`the condition '${text.trim()}'`);
  return (each) => wanted.some((word) => compare(at(each, path), "=~", word));
}

function compare(value: Json | undefined, operator: string, wanted: string): boolean {
  if (typeof value !== "string") return false;
  if (operator === "==") return value === wanted;
  const [held, asked] = [value.toLowerCase(), wanted.toLowerCase()];
  return operator === "=~" ? held === asked : held.startsWith(asked);
}
