/** Who is who, and who is in which group, asked of Microsoft Graph. The sandbox answers the same calls. */
import { z } from "zod";
import type { RestApi } from "../azure/cloud-access.ts";

export interface Principals {
  /** object ids of the groups of this display name */
  groupIds(displayName: string): Promise<readonly string[]>;
  /** object ids of everybody in a group, and in the groups in it */
  members(groupId: string): Promise<readonly string[]>;
  /** everybody whose object id, name or sign-in name this is */
  find(text: string): Promise<readonly FoundPrincipal[]>;
}

export interface FoundPrincipal {
  readonly objectId: string;
  readonly name: string;
}

const page = z.object({
  value: z.array(z.object({ id: z.string(), displayName: z.string().nullish() })),
  "@odata.nextLink": z.string().optional(),
});

const isObjectId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
const filters = [
  ["groups", "displayName"],
  ["users", "userPrincipalName"],
  ["users", "displayName"],
  ["servicePrincipals", "displayName"],
] as const;

export function createPrincipals(graph: RestApi): Principals {
  const all = async (path: string): Promise<readonly FoundPrincipal[]> => {
    const found: FoundPrincipal[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const { status, body } = await graph.get(next);
      if (status === 404) return found;
      if (status !== 200) throw new Error(`Microsoft Graph answered ${status} to ${path.split("?")[0]}.`);
      const { value, "@odata.nextLink": more }: z.infer<typeof page> = page.parse(body);
      found.push(...value.map(({ id, displayName }) => ({ objectId: id, name: displayName ?? id })));
      next = more === undefined ? undefined : new URL(more).pathname + new URL(more).search;
    }
    return found;
  };
  // OData doubles a quote inside a literal.
  const named = (collection: string, property: string, text: string) =>
    all(
      `/v1.0/${collection}?$filter=${encodeURIComponent(`${property} eq '${text.replaceAll("'", "''")}'`)}`,
    );
  return {
    groupIds: async (displayName) =>
      (await named("groups", "displayName", displayName)).map(({ objectId }) => objectId),
    members: async (groupId) => {
      // Who stands for a job's identity from outside is no object of this directory, and has no members.
      if (!isObjectId(groupId)) return [];
      return (await all(`/v1.0/groups/${groupId}/transitiveMembers?$select=id`)).map(
        ({ objectId }) => objectId,
      );
    },
    find: async (text) => {
      // An object id says itself who it is.
      if (isObjectId(text)) return [{ objectId: text, name: text }];
      const found = await Promise.all(filters.map(([where, property]) => named(where, property, text)));
      return [...new Map(found.flat().map((each) => [each.objectId, each])).values()];
    },
  };
}
