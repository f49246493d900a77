import { plainError } from "../cloud-error.ts";
import { type Body, textAt } from "../json.ts";
import { type CallContext, type Made, type ResourceType, typeDefaults } from "../resource-type.ts";
import { accountPrincipalId } from "./principals.ts";
import {
  databricksPrincipalToken,
  getInWorkspace,
  hostOf,
  inWorkspace,
  putInWorkspace,
  registeredPrincipal,
  requireApplication,
} from "./workspace-type.ts";

const folder = "service-principals";

export const servicePrincipal: ResourceType = {
  ...typeDefaults,
  token: databricksPrincipalToken,
  cloud: "databricks",
  required: ["applicationId"],
  replaceOn: ["applicationId"],
  outputsOnly: ["aclPrincipalId", "home", "repos"],
  computed: ["active", "displayName"],
  create: (ctx, inputs) => {
    const host = hostOf(ctx);
    const applicationId = textAt(inputs, "applicationId");
    requireApplication(ctx, applicationId);
    const twin = registeredPrincipal(ctx, host, applicationId);
    if (twin && inputs.force !== true) {
      throw plainError(
        409,
        "RESOURCE_ALREADY_EXISTS",
        `Service principal with application ID ${applicationId} already exists.`,
      );
    }
    return put(ctx, accountPrincipalId(applicationId), inputs);
  },
  read: (ctx, id) => {
    const found = getInWorkspace(ctx, folder, id);
    return found && { id, body: found.body };
  },
  update: (ctx, { id, inputs }) => {
    if (!getInWorkspace(ctx, folder, id)) {
      throw plainError(404, "RESOURCE_DOES_NOT_EXIST", `Service principal ${id} does not exist.`);
    }
    return put(ctx, id, inputs).body;
  },
  delete: (ctx, id) => {
    ctx.store.remove("databricks", inWorkspace(hostOf(ctx), folder, id));
  },
};

function put(ctx: CallContext, id: string, inputs: Body): Made {
  const applicationId = textAt(inputs, "applicationId");
  const known = requireApplication(ctx, applicationId);
  const body: Body = {
    ...inputs,
    id,
    applicationId,
    displayName: textAt(inputs, "displayName") || known.name,
    active: inputs.active ?? true,
    aclPrincipalId: `servicePrincipals/${applicationId}`,
    home: `/Users/${applicationId}`,
    repos: `/Repos/${applicationId}`,
  };
  const name = textAt(body, "displayName");
  putInWorkspace(ctx, hostOf(ctx), { type: databricksPrincipalToken, folder, id, name, body });
  return { id, body };
}
