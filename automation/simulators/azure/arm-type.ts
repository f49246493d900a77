/**
 * What all azure-native types share: ids from a path template, parents that must exist, the check that
 * nothing is there before a create, PUT semantics on update, and role assignments that go with their scope.
 */

import { armError, plainError } from "../cloud-error.ts";
import { declarationOf } from "../declared/declarations.ts";
import { at, type Body, isBody, isUnknown, omit, textAt, unknownValue } from "../json.ts";
import {
  type CallContext,
  deleteThrough,
  type InputFault,
  type Made,
  type ResourceType,
  randomHex,
  type Takes,
  typeDefaults,
} from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type BusyWords, refuseBusy, refuseDenied, refuseLocked, removeAll } from "./arm-guards.ts";
import { previewed } from "./preview.ts";

export interface ArmCall {
  readonly ctx: CallContext;
  readonly id: string;
  readonly name: string;
  readonly inputs: Body;
  /** the object as it is before an update; undefined on create */
  readonly before: CloudObject | undefined;
}

export interface ArmSpec {
  readonly token: string;
  readonly armType: string;
  /** `{placeholder}` for each path parameter; the last one is the object's own name */
  readonly path: string;
  /** dotted paths, beyond what the SDK declares as required */
  readonly required?: readonly string[];
  readonly replaceOn?: readonly string[];
  readonly outputsOnly?: readonly string[];
  readonly sets?: readonly string[];
  /** secrets and instructions: they reach the service and are neither kept nor shown */
  readonly writeOnly?: readonly string[];
  /** false: the type shows no provisioningState */
  readonly hasState?: false;
  /** seconds that Azure takes, by Microsoft's documentation or as seen in practice */
  readonly takes?: Takes;
  /** what else refuses writes while this one is written */
  holds?(id: string, inputs: Body): string[];
  readonly busyWords?: BusyWords;
  check?(inputs: Body, ctx: CallContext): InputFault[];
  /** computed properties; throws what Azure would answer */
  build?(call: ArmCall): Body;
  /** what follows once the object is stored */
  settle?(call: ArmCall, object: CloudObject): void;
  /** computed when read, from other objects */
  view?(ctx: CallContext, object: CloudObject): Body;
  /** throws what blocks a delete, and takes along what goes with it */
  release?(ctx: CallContext, object: CloudObject): void;
  /** instead of removing the object */
  bury?(ctx: CallContext, object: CloudObject): void;
  /** a state in which azure-native takes the object for absent: ARM has no DELETE for it */
  isAbsent?(object: CloudObject): boolean;
  /** types below it that are buried with it */
  readonly buries?: readonly string[];
  /** where the service keeps another shape than the SDK shows */
  readonly shape?: { toStore(inputs: Body): Body; toSdk(body: Body): Body };
  madeUpName?(name: string, seed: Uint8Array): string;
}

const subscription = "subscriptionId";
const diagnosticSettingToken = "azure-native:monitor:DiagnosticSetting";

export function armType(spec: ArmSpec): ResourceType {
  const params = [...spec.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  const pathInputs = params.filter((param) => param !== subscription);
  const ownName = pathInputs.at(-1) as string;
  const shape: Shape = { spec, pathInputs, ownName };
  const isThere = (object: CloudObject | undefined): object is CloudObject =>
    object?.type === spec.token && !spec.isAbsent?.(object);
  const type: ResourceType = {
    ...typeDefaults,
    token: spec.token,
    cloud: "azure",
    required: spec.required ?? [],
    replaceOn: [...pathInputs, ...(spec.replaceOn ?? [])],
    outputsOnly: ["provisioningState", "etag", ...(spec.outputsOnly ?? [])],
    // by path: elsewhere a tenant is an input, as of who administers a server
    computed: ["identity.principalId", "identity.tenantId"],
    takes: spec.takes ?? {},
    holds: (id, inputs) => spec.holds?.(id, inputs) ?? [],
    idOf: (ctx, inputs) => fillPath(spec.path, ctx, inputs),
    sets: spec.sets ?? [],
    autoname: {
      property: ownName,
      make:
        spec.madeUpName ??
        ((name, seed) => name + Buffer.from(seed).toString("hex").slice(0, 8).padEnd(8, randomHex(4))),
    },
    deleteBeforeReplace: true,
    defaults: (ctx, inputs) => (hasLocation(spec) ? withLocation(ctx, inputs) : inputs),
    check: (inputs, ctx) => spec.check?.(inputs, ctx) ?? [],
    same: (path, before, after) =>
      path === "location" && regionName(String(before)) === regionName(String(after)),
    preview: previewed,
    inputsOfId: (id) => paramsOf(spec.path, id),
    create: (ctx, inputs) => createArm(shape, ctx, inputs),
    read: (ctx, id) => {
      const object = ctx.store.get("azure", id);
      return isThere(object) ? view(spec, ctx, object) : undefined;
    },
    update: (ctx, { id, inputs }) => {
      const before = ctx.store.get("azure", id);
      // ARM's PUT creates what is missing; ids that the cloud makes up are then new
      if (!before) return createArm(shape, ctx, inputs).body;
      return putArm(spec, pathInputs, { ctx, id: before.id, name: before.name, inputs, before }).body;
    },
    delete: (ctx, id) => deleteArm(spec, ctx, id),
  };
  return type;
}

interface Shape {
  readonly spec: ArmSpec;
  readonly pathInputs: readonly string[];
  readonly ownName: string;
}

function createArm(shape: Shape, ctx: CallContext, inputs: Body): Made {
  const { spec, pathInputs, ownName } = shape;
  const id = fillPath(spec.path, ctx, inputs);
  requireParents(ctx, spec, id);
  const before = ctx.store.get("azure", id);
  if (before && !spec.isAbsent?.(before)) {
    throw plainError(409, "Conflict", `cannot create already existing resource '${id}'`);
  }
  const made = putArm(spec, pathInputs, { ctx, id, name: textAt(inputs, ownName), inputs, before });
  // a diagnostic setting outlives its resource, and is there again with it
  for (const part of ["", "/blobServices/default", "/databases/master"]) {
    ctx.store.restoreBelow("azure", `${id}${part}/providers/Microsoft.Insights/diagnosticSettings`);
  }
  return made;
}

function putArm(spec: ArmSpec, pathInputs: readonly string[], call: ArmCall): Made {
  const { ctx, id } = call;
  refuseBusy(ctx, [id, ...(spec.holds?.(id, call.inputs) ?? [])], spec.busyWords);
  refuseDenied(ctx, id, "write");
  refuseLocked(ctx, id, "write");
  if (hasLocation(spec) && !textAt(call.inputs, "location")) {
    throw armError(400, "LocationRequired", "The location property is required for this definition.");
  }
  const given = omit(call.inputs, [...pathInputs, ...(spec.writeOnly ?? [])]);
  const built = spec.build?.(call) ?? {};
  const object = call.ctx.store.put({
    cloud: "azure",
    id: call.id,
    type: spec.token,
    name: call.name,
    scope: resourceGroupOf(call.id) ?? "",
    body: {
      ...(spec.shape?.toStore(given) ?? given),
      name: call.name,
      type: spec.armType,
      azureApiVersion: declarationOf(spec.token).apiVersion ?? "",
      ...(spec.hasState === false ? {} : { provisioningState: "Succeeded" }),
      ...built,
    },
  });
  spec.settle?.(call, object);
  return view(spec, call.ctx, call.ctx.store.get("azure", call.id) ?? object);
}

function view(spec: ArmSpec, ctx: CallContext, object: CloudObject): Made {
  const shown = { ...object.body, ...(spec.view?.(ctx, object) ?? {}) };
  const body = spec.shape?.toSdk(shown) ?? shown;
  const state = spec.hasState === false ? undefined : ctx.underWay.stateOf(object.id);
  if (!state) return { id: object.id, body };
  const nested = isBody(body.properties) && "provisioningState" in body.properties;
  return {
    id: object.id,
    body: {
      ...body,
      provisioningState: state,
      ...(nested ? { properties: { ...(body.properties as Body), provisioningState: state } } : {}),
    },
  };
}

function deleteArm(spec: ArmSpec, ctx: CallContext, id: string): void {
  const object = ctx.store.get("azure", id);
  if (!object) return;
  if (spec.isAbsent?.(object)) return;
  refuseBusy(ctx, [object.id, ...(spec.holds?.(object.id, object.body) ?? [])], spec.busyWords);
  refuseDenied(ctx, object.id, "delete");
  refuseLocked(ctx, object.id, "delete");
  spec.release?.(ctx, object);
  // an assignment goes with its scope; a child of another kind goes the way its own type does
  removeAll(ctx, ctx.store.below("azure", object.id), (below) => {
    if (below.type === diagnosticSettingToken) ctx.store.softDelete("azure", below.id);
    else if (!spec.buries?.includes(below.type)) deleteThrough(ctx, below);
  });
  if (spec.bury) {
    spec.bury(ctx, object);
    return;
  }
  // what its own delete only marks goes for good with what holds it
  for (const below of ctx.store.below("azure", object.id)) ctx.store.remove("azure", below.id);
  ctx.store.remove("azure", object.id);
}

const hasLocation = (spec: ArmSpec): boolean => "location" in declarationOf(spec.token).properties;

function withLocation(ctx: CallContext, inputs: Body): Body {
  if (inputs.location !== undefined) return inputs;
  const configured = textAt(ctx.config, "location");
  // the group may not be made yet: a preview then can't know where it will be
  if (!configured && isUnknown(inputs.resourceGroupName)) return { ...inputs, location: unknownValue };
  const groupId = groupIdOf(ctx, textAt(inputs, "resourceGroupName"));
  const location = configured || textAt(ctx.store.get("azure", groupId)?.body, "location");
  return location ? { ...inputs, location } : inputs;
}

export const regionName = (location: string): string => location.toLowerCase().replaceAll(" ", "");

export const groupIdOf = (ctx: CallContext, name: string): string =>
  `/subscriptions/${subscriptionOf(ctx)}/resourceGroups/${name}`;

function subscriptionOf(ctx: CallContext): string {
  return textAt(ctx.config, subscription) || ctx.tenant.subscriptionId;
}

export function fillPath(path: string, ctx: CallContext, inputs: Body): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_all, param: string) => {
    if (param === subscription) return subscriptionOf(ctx);
    const value = String(at(inputs, param) ?? "");
    return isScope(param) ? value.replace(/^\/+/, "") : value;
  });
  return `/${filled.replace(/^\/+/, "")}`;
}

const isScope = (name: string): boolean => name === "scope" || name === "resourceUri";

/** The path parameters of an id, by matching the template segment by segment. */
export function paramsOf(path: string, id: string): Body {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  const pattern = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => (isScope(name) ? "(.+)" : "([^/]+)"));
  const match = new RegExp(`^/?${pattern.replace(/^\//, "")}$`, "i").exec(id);
  if (!match) return {};
  const pairs = names.map((name, index): [string, string] => {
    const value = match[index + 1] ?? "";
    // programs write a scope with its leading slash
    return [name, isScope(name) ? `/${value}` : value];
  });
  return Object.fromEntries(pairs.filter(([name]) => name !== subscription));
}

/** `Microsoft.KeyVault/vaults/secrets`, from an id's segments. */
export function armTypeOf(id: string): string {
  const [, provider = ""] = /\/providers\/(.+)$/i.exec(id) ?? [];
  if (!provider) return "Microsoft.Resources/resourceGroups";
  const last = provider.split(/\/providers\//i).at(-1) ?? provider;
  return last
    .split("/")
    .filter((_part, index) => index === 0 || index % 2 === 1)
    .join("/");
}

/** ARM id of the resource group that an id lies in. */
export function resourceGroupOf(id: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+/i.exec(id)?.[0];
}

/**
 * The id one resource level up: a subnet's VNet, a container's account; undefined for top-level ones. Fixed
 * steps of the path (`blobServices/default`) are no resources of their own.
 */
function parentOf(spec: ArmSpec, id: string): string | undefined {
  const template = spec.path.split("/").slice(0, -2);
  while (template.length > 0 && !template.at(-1)?.startsWith("{")) template.splice(-2);
  if (template.filter((step) => step.startsWith("{")).length < 3) return undefined;
  // From the end: a placeholder may stand for more than one step.
  return id
    .split("/")
    .slice(0, template.length - spec.path.split("/").length)
    .join("/");
}

function requireParents(ctx: CallContext, spec: ArmSpec, id: string): void {
  requireSubscription(ctx);
  const group = resourceGroupOf(id);
  // a scope may be anything; its own type looks after it
  if (!group || group === id || /\{(scope|resourceUri)\}/.test(spec.path)) return;
  if (!ctx.store.get("azure", group)) {
    const name = group.split("/").at(-1) ?? group;
    throw armError(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`);
  }
  const parent = parentOf(spec, id);
  if (parent && !ctx.store.get("azure", parent)) {
    throw armError(
      404,
      "ParentResourceNotFound",
      `Failed to perform 'write' on resource(s) of type '${spec.armType.split("/").slice(1).join("/")}', because the parent resource '${parent}' could not be found.`,
    );
  }
}

export function requireSubscription(ctx: CallContext): void {
  const named = subscriptionOf(ctx);
  if (named.toLowerCase() !== ctx.tenant.subscriptionId.toLowerCase()) {
    throw armError(404, "SubscriptionNotFound", `The subscription '${named}' could not be found.`);
  }
}

/** Some names are unique in the whole cloud, not in a group. */
export function refuseTakenName(
  call: ArmCall,
  token: string,
  words: { code: string; message: string },
): void {
  const other = call.ctx.store
    .ofType(token, call.name)
    .find(({ id }) => id.toLowerCase() !== call.id.toLowerCase());
  if (other) throw armError(409, words.code, words.message);
}

/** Azure's words for a reference to something that isn't there. */
export function requireReference(call: ArmCall, referenced: string, types: readonly string[]): CloudObject {
  const object = call.ctx.store.get("azure", referenced);
  if (object && types.includes(object.type)) return object;
  throw armError(
    400,
    "InvalidResourceReference",
    `Resource ${referenced} referenced by resource ${call.id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
  );
}
