/**
 * The slice of the Databricks REST API that finds things by name and lists what there is, below
 * `/databricks/<workspace host>/api/`, in that API's own words: snake case, and `error_code` in refusals.
 */
import { plainError } from "../cloud-error.ts";
import { clusterPolicyToken } from "../databricks/cluster-policy.ts";
import { jobFolder, jobToken } from "../databricks/job.ts";
import { nodeTypes, sparkVersions } from "../databricks/runtimes.ts";
import { getInWorkspace } from "../databricks/workspace-type.ts";
import { type Body, isBody, type Json, omit, textAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { catalogRoutes } from "./databricks-catalog.ts";
import { principalRoutes } from "./databricks-principals.ts";
import { apiPath, type WorkspaceCall, workspaceRoute } from "./databricks-route.ts";
import type { Route } from "./route.ts";

export const databricksRoutes: readonly Route[] = [
  ...catalogRoutes,
  ...principalRoutes,
  workspaceRoute(apiPath("2\\.[12]/jobs/get"), ({ context, query }) => {
    const id = query.get("job_id") ?? "";
    const job = getInWorkspace(context, jobFolder, id);
    if (!job) throw plainError(400, "INVALID_PARAMETER_VALUE", `Job ${id} does not exist.`);
    return showJob(context, job);
  }),
  workspaceRoute(apiPath("2\\.[12]/jobs/list"), (call) => {
    const page = pageOf(call, call.query.get("name"), jobToken);
    return { jobs: page.objects.map((job) => showJob(call.context, job)), ...page.more };
  }),
  workspaceRoute(apiPath("2\\.0/policies/clusters/list"), (call) => ({
    policies: inHost(call, clusterPolicyToken).map(({ name, body }) => ({
      policy_id: textAt(body, "policyId"),
      name,
      definition: textAt(body, "definition"),
      ...(textAt(body, "description") ? { description: textAt(body, "description") } : {}),
    })),
  })),
  workspaceRoute(apiPath("2\\.[01]/clusters/spark-versions"), () => ({
    versions: sparkVersions.map(({ key, name }) => ({ key, name })),
  })),
  workspaceRoute(apiPath("2\\.[01]/clusters/list-node-types"), () => ({
    node_types: nodeTypes.map(({ id, cores, memoryMb, gpus }) => ({
      node_type_id: id,
      memory_mb: memoryMb,
      num_cores: cores,
      num_gpus: gpus,
      is_deprecated: false,
    })),
  })),
];

const inHost = ({ context, host }: WorkspaceCall, token: string, name?: string): CloudObject[] =>
  context.store.ofType(token, name).filter(({ scope }) => scope === host);

/** what Databricks gives at most in one answer */
const maxPage = 100;

/** A page of objects, by `limit` and the `page_token` of the page before. */
function pageOf(call: WorkspaceCall, name: string | null, token: string) {
  const all = inHost(call, token, name ?? undefined);
  const from = Number(call.query.get("page_token") ?? "0");
  const limit = Math.min(Number(call.query.get("limit") ?? "20"), maxPage);
  const objects = all.slice(from, from + limit);
  const hasMore = from + limit < all.length;
  const more: Body = hasMore
    ? { has_more: true, next_page_token: String(from + limit) }
    : { has_more: false };
  return { objects, more };
}

function showJob({ tenant }: CallContext, job: CloudObject): Body {
  const runAs = textAt(job.body, "runAs.servicePrincipalName") || textAt(job.body, "runAs.userName");
  return {
    job_id: Number(job.id.split("/").at(-1)),
    creator_user_name: tenant.deployerId,
    run_as_user_name: runAs,
    created_time: Date.parse(job.createdAt),
    settings: snakeCased(omit(job.body, ["url", "runAs"])),
  };
}

/** Maps whose keys are the user's. */
const freeForm = ["tags", "custom_tags", "spark_conf", "spark_env_vars", "base_parameters"];
/** The SDK writes lists in the plural, the API does not. */
const singular: Readonly<Record<string, string>> = { depends_ons: "depends_on" };

function snakeCased(value: Json): Json {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (!isBody(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const snake = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return [singular[snake] ?? snake, freeForm.includes(snake) ? inner : snakeCased(inner)];
    }),
  );
}
