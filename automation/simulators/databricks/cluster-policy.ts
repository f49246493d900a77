import { hasUnknown } from "../check.ts";
import { plainError } from "../cloud-error.ts";
import { type Body, isBody, type Json, textAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type Made,
  type ResourceType,
  randomHex,
  typeDefaults,
} from "../resource-type.ts";
import { dropPermissions } from "./permissions-store.ts";
import { getInWorkspace, hostOf, inWorkspace, putInWorkspace } from "./workspace-type.ts";

export const clusterPolicyToken = "databricks:index/clusterPolicy:ClusterPolicy";
export const clusterPolicyFolder = "cluster-policies";

const elementTypes = ["fixed", "allowlist", "blocklist", "regex", "range", "unlimited", "forbidden"];

export const clusterPolicy: ResourceType = {
  ...typeDefaults,
  token: clusterPolicyToken,
  cloud: "databricks",
  required: ["name"],
  same: (path, before, after) => path === "definition" && sameJson(before, after),
  check: checkPolicy,
  create: (ctx, inputs) => {
    refuseTwin(ctx, textAt(inputs, "name"), "");
    return put(ctx, randomHex(8).toUpperCase(), inputs);
  },
  read: (ctx, id) => {
    const found = getInWorkspace(ctx, clusterPolicyFolder, id);
    return found && { id, body: found.body };
  },
  update: (ctx, { id, inputs }) => {
    if (!getInWorkspace(ctx, clusterPolicyFolder, id)) {
      throw plainError(404, "RESOURCE_DOES_NOT_EXIST", `Can't find a cluster policy with id: ${id}.`);
    }
    refuseTwin(ctx, textAt(inputs, "name"), id);
    return put(ctx, id, inputs).body;
  },
  delete: (ctx, id) => {
    const host = hostOf(ctx);
    ctx.store.remove("databricks", inWorkspace(host, clusterPolicyFolder, id));
    dropPermissions(ctx, host, `/cluster-policies/${id}`);
  },
};

function put(ctx: CallContext, id: string, inputs: Body): Made {
  const body: Body = { ...inputs, policyId: id };
  const name = textAt(inputs, "name");
  putInWorkspace(ctx, hostOf(ctx), { type: clusterPolicyToken, folder: clusterPolicyFolder, id, name, body });
  return { id, body };
}

function refuseTwin(ctx: CallContext, name: string, ownId: string): void {
  const host = hostOf(ctx);
  const twin = ctx.store
    .ofType(clusterPolicyToken, name)
    .find((policy) => policy.scope === host && textAt(policy.body, "policyId") !== ownId);
  if (!twin) return;
  throw plainError(400, "INVALID_PARAMETER_VALUE", `Cluster policy name must be unique: '${name}' is taken.`);
}

function parse(text: Json | undefined): Json | undefined {
  if (typeof text !== "string") return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

const sameJson = (before: Json, after: Json): boolean =>
  JSON.stringify(parse(before)) === JSON.stringify(parse(after));

function checkPolicy(inputs: Body): InputFault[] {
  if (inputs.definition === undefined) {
    return inputs.policyFamilyId === undefined
      ? [{ property: "definition", reason: "one of definition and policyFamilyId is required" }]
      : [];
  }
  if (hasUnknown(inputs.definition)) return [];
  const definition = parse(inputs.definition);
  if (!isBody(definition)) return [{ property: "definition", reason: "is not a JSON object" }];
  return Object.entries(definition)
    .filter(([, element]) => !elementTypes.includes(textAt(element, "type")))
    .map(([key]) => ({
      property: "definition",
      reason: `element '${key}' has no valid type; it must be one of ${elementTypes.join(", ")}`,
    }));
}
