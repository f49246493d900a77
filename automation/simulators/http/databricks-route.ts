/** A route of one workspace's REST API. */
import { hostOf } from "../databricks/workspace-type.ts";
import type { Body } from "../json.ts";
import type { HttpCall, Route } from "./route.ts";

export const databricksPrefix = "/databricks/";

export interface WorkspaceCall extends HttpCall {
  /** of the workspace that is asked */
  readonly host: string;
}

/** `api` is a pattern of what follows `/api/`; its groups become the parameters. */
export const apiPath = (api: string): RegExp => new RegExp(`^${databricksPrefix}([^/]+)/api/${api}$`);

export const workspaceRoute = (path: RegExp, show: (call: WorkspaceCall) => Body): Route => ({
  method: "GET",
  lookup: "databricks",
  path,
  handle: (call) => {
    const [asked = "", ...params] = call.params;
    // as a provider would be configured, so that a workspace that is not ready yet does not answer either
    const context = { ...call.context, config: { host: asked } };
    return { status: 200, body: show({ ...call, context, host: hostOf(context), params }) };
  },
});
