/**
 * Names → ids, asked of Microsoft Graph and Azure Resource Manager and cached. The sandbox answers the same
 * calls, so this is the same code path there.
 */
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Directory, NameAnswer, NameQuery } from "../reconcile/names-needed.ts";
import { queryKey } from "../reconcile/names-needed.ts";

export interface DirectoryOptions {
  /** base URL of Graph, without a version, and of ARM */
  readonly graphUrl: () => Promise<string>;
  readonly armUrl: () => Promise<string>;
  readonly clock: Clock;
}

// A found id hardly changes; what is missing may be made any moment.
const foundTtlMs = 60_000;
const missingTtlMs = 5_000;
const timeoutMs = 10_000;
const maxEntries = 10_000;

const objectList = z.object({ value: z.array(z.object({ id: z.string() })) });
const apiVersions = { vault: "2024-11-01" } as const;

export function createDirectory(options: DirectoryOptions): Directory {
  const cache = new Map<string, { answer: Promise<NameAnswer>; until: number }>();
  const { clock } = options;
  return {
    forget: () => cache.clear(),
    lookUp(query) {
      const key = queryKey(query);
      const known = cache.get(key);
      if (known !== undefined && clock.monotonicMs() < known.until) return known.answer;
      const answer = ask(query, options).catch(
        (fault): NameAnswer => ({ status: "unavailable", message: messageOf(fault) }),
      );
      if (cache.size >= maxEntries) cache.clear();
      cache.set(key, { answer, until: clock.monotonicMs() + foundTtlMs });
      void answer.then(({ status }) => {
        if (status !== "found") cache.set(key, { answer, until: clock.monotonicMs() + missingTtlMs });
      });
      return answer;
    },
  };
}

async function ask(query: NameQuery, options: DirectoryOptions): Promise<NameAnswer> {
  switch (query.kind) {
    case "group":
      return byName(options, "groups", "displayName", query.name);
    case "user":
      return byName(options, "users", "userPrincipalName", query.name);
    case "resource":
    case "secret":
      return byId(options, query.name);
    default:
      return query satisfies never;
  }
}

async function byName(
  options: DirectoryOptions,
  collection: string,
  property: string,
  name: string,
): Promise<NameAnswer> {
  // OData doubles a quote inside a literal.
  const filter = `${property} eq '${name.replaceAll("'", "''")}'`;
  const url = `${await options.graphUrl()}/v1.0/${collection}?$filter=${encodeURIComponent(filter)}&$select=id`;
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) return { status: "unavailable", message: `Microsoft Graph answered ${response.status}` };
  const { value } = objectList.parse(await response.json());
  const [only, ...more] = value;
  if (only === undefined) return { status: "missing" };
  if (more.length > 0) return { status: "ambiguous", objectIds: value.map((object) => object.id) };
  return { status: "found", objectId: only.id };
}

async function byId(options: DirectoryOptions, id: string): Promise<NameAnswer> {
  const url = `${await options.armUrl()}${encodeURI(id)}?api-version=${apiVersions.vault}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (response.status === 404) return { status: "missing" };
  if (!response.ok)
    return { status: "unavailable", message: `Azure Resource Manager answered ${response.status}` };
  return { status: "found", objectId: id };
}
