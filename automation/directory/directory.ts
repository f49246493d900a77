/**
 * Names → ids, states and versions, asked of Microsoft Graph, Azure Resource Manager and Databricks, and cached.
 * The sandbox answers the same calls, so this is the same code path there.
 */
import { z } from "zod";
import type { CloudAccess, RestApi } from "../azure/cloud-access.ts";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Directory, NameAnswer, NameQuery } from "../reconcile/names-needed.ts";
import { queryKey } from "../reconcile/names-needed.ts";

export interface DirectoryOptions {
  readonly clouds: CloudAccess;
  readonly clock: Clock;
}

// A found id hardly changes; what is missing may be made any moment, and what has a state or a version changes it.
const foundTtlMs = 60_000;
const changingTtlMs = 5_000;
const maxEntries = 10_000;

const objectList = z.object({ value: z.array(z.object({ id: z.string() })) });
const runtimeStatus = z.object({ properties: z.object({ state: z.string() }) });
const versionList = z.object({
  model_versions: z.array(z.object({ version: z.int() })).optional(),
});

export function createDirectory({ clouds, clock }: DirectoryOptions): Directory {
  const cache = new Map<string, { answer: Promise<NameAnswer>; until: number }>();
  return {
    forget: () => cache.clear(),
    lookUp(query) {
      const key = queryKey(query);
      const known = cache.get(key);
      if (known !== undefined && clock.monotonicMs() < known.until) return known.answer;
      const answer = ask(query, clouds).catch(
        (fault): NameAnswer => ({ status: "unavailable", message: messageOf(fault) }),
      );
      if (cache.size >= maxEntries) cache.clear();
      const ttlMs = query.kind === "runtime" || query.kind === "model-version" ? changingTtlMs : foundTtlMs;
      cache.set(key, { answer, until: clock.monotonicMs() + ttlMs });
      void answer.then(({ status }) => {
        if (status !== "found") cache.set(key, { answer, until: clock.monotonicMs() + changingTtlMs });
      });
      return answer;
    },
  };
}

async function ask(query: NameQuery, clouds: CloudAccess): Promise<NameAnswer> {
  switch (query.kind) {
    case "group":
      return byName(clouds.graph, "groups", "displayName", query.name);
    case "user":
      return byName(clouds.graph, "users", "userPrincipalName", query.name);
    case "resource":
      return byId(query.name, clouds);
    case "secret": {
      const answer = await byId(query.name, clouds);
      return answer.status === "found" ? { status: "found", objectId: query.name } : answer;
    }
    case "runtime":
      return runtimeState(query.name, clouds);
    case "model":
      return modelNamed(query.name, clouds.databricks(query.workspace));
    case "model-version":
      return newestVersion(query.name, clouds.databricks(query.workspace));
    default:
      return query satisfies never;
  }
}

const unavailable = (message: string): NameAnswer => ({ status: "unavailable", message });

async function byName(
  graph: RestApi,
  collection: string,
  property: string,
  name: string,
): Promise<NameAnswer> {
  // OData doubles a quote inside a literal.
  const filter = `${property} eq '${name.replaceAll("'", "''")}'`;
  const answer = await graph.get(`/v1.0/${collection}?$filter=${encodeURIComponent(filter)}&$select=id`);
  if (answer.status !== 200) return unavailable(`Microsoft Graph answered ${answer.status}`);
  const { value } = objectList.parse(answer.body);
  const [only, ...more] = value;
  if (only === undefined) return { status: "missing" };
  if (more.length > 0) return { status: "ambiguous", objectIds: value.map((object) => object.id) };
  return { status: "found", objectId: only.id };
}

const sqlServer = /\/providers\/Microsoft\.Sql\/servers\/[^/]+$/i;
/** Who signs in to a server, and how, Azure leaves out where nobody asks for it. */
const withAdministrators = { query: { $expand: "administrators/activedirectory" } };

async function byId(id: string, { arm }: CloudAccess): Promise<NameAnswer> {
  const answer = await arm.get(id, sqlServer.test(id) ? withAdministrators : {});
  if (answer.status === "ok") return { status: "found", objectId: id, body: answer.body };
  return answer.status === "missing" ? { status: "missing" } : unavailable(answer.message);
}

async function runtimeState(id: string, { arm }: CloudAccess): Promise<NameAnswer> {
  const answer = await arm.post(`${id}/getStatus`);
  if (answer.status === "missing") return { status: "missing" };
  if (answer.status !== "ok") return unavailable(answer.message);
  return { status: "found", objectId: runtimeStatus.parse(answer.body).properties.state };
}

const catalogPath = "/api/2.1/unity-catalog/models";

async function modelNamed(name: string, workspace: RestApi): Promise<NameAnswer> {
  const { status } = await workspace.get(`${catalogPath}/${encodeURIComponent(name)}`);
  if (status === 200) return { status: "found", objectId: name };
  return status === 404 ? { status: "missing" } : unavailable(`Databricks answered ${status}`);
}

async function newestVersion(name: string, workspace: RestApi): Promise<NameAnswer> {
  const { status, body } = await workspace.get(`${catalogPath}/${encodeURIComponent(name)}/versions`);
  if (status === 404) return { status: "missing" };
  if (status !== 200) return unavailable(`Databricks answered ${status}`);
  const versions = (versionList.parse(body).model_versions ?? []).map(({ version }) => version);
  return versions.length === 0
    ? { status: "missing" }
    : { status: "found", objectId: String(Math.max(...versions)) };
}
