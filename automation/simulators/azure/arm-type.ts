/**
 * What all azure-native types share: ids from a path template, parents that must exist, the check that
 * nothing is there before a create, PUT semantics on update, and role assignments that go with their scope.
 */

import { armError, plainError } from "../cloud-error.ts";
import { at, type Body, isUnknown, textAt, unknownValue } from "../json.ts";
import {
  type CallContext,
  deleteThrough,
  type InputFault,
  type Made,
  type ResourceType,
  randomHex,
  typeDefaults,
} from "../resource-type.ts";
import type { CloudObject } from "../store.ts";

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
  readonly apiVersion: string;
  /** `{placeholder}` for each path parameter; the last one is the object's own name */
  readonly path: string;
  /** properties besides the path parameters */
  readonly inputs: readonly string[];
  readonly required?: readonly string[];
  readonly replaceOn?: readonly string[];
  readonly outputsOnly?: readonly string[];
  readonly sets?: readonly string[];
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
  madeUpName?(name: string, seed: Uint8Array): string;
}

const subscription = "subscriptionId";

export function armType(spec: ArmSpec): ResourceType {
  const params = [...spec.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  const pathInputs = params.filter((param) => param !== subscription);
  const ownName = pathInputs.at(-1) as string;
  const type: ResourceType = {
    ...typeDefaults,
    token: spec.token,
    cloud: "azure",
    inputs: spec.inputs,
    required: [...pathInputs.filter((param) => param !== ownName), ...(spec.required ?? [])],
    replaceOn: [...pathInputs, ...(spec.replaceOn ?? [])],
    outputsOnly: ["provisioningState", "etag", ...(spec.outputsOnly ?? [])],
    sets: spec.sets ?? [],
    autoname: {
      property: ownName,
      make:
        spec.madeUpName ??
        ((name, seed) => name + Buffer.from(seed).toString("hex").slice(0, 8).padEnd(8, randomHex(4))),
    },
    deleteBeforeReplace: true,
    defaults: (ctx, inputs) => (spec.inputs.includes("location") ? withLocation(ctx, inputs) : inputs),
    check: (inputs, ctx) => spec.check?.(inputs, ctx) ?? [],
    same: (path, before, after) =>
      path === "location" && regionName(String(before)) === regionName(String(after)),
    inputsOfId: (id) => paramsOf(spec.path, id),
    create: (ctx, inputs) => createArm({ spec, pathInputs, ownName }, ctx, inputs),
    read: (ctx, id) => {
      const object = ctx.store.get("azure", id);
      return object && object.type === spec.token ? view(spec, ctx, object) : undefined;
    },
    update: (ctx, { id, inputs }) => {
      const before = ctx.store.get("azure", id);
      // ARM's PUT creates what is missing; ids that the cloud makes up are then new
      if (!before) return createArm({ spec, pathInputs, ownName }, ctx, inputs).body;
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
  if (ctx.store.get("azure", id)) {
    throw plainError(409, "Conflict", `cannot create already existing resource '${id}'`);
  }
  return putArm(spec, pathInputs, { ctx, id, name: textAt(inputs, ownName), inputs, before: undefined });
}

function putArm(spec: ArmSpec, pathInputs: readonly string[], call: ArmCall): Made {
  if (spec.inputs.includes("location") && !textAt(call.inputs, "location")) {
    throw armError(400, "LocationRequired", "The location property is required for this definition.");
  }
  const given = Object.fromEntries(Object.entries(call.inputs).filter(([key]) => !pathInputs.includes(key)));
  const built = spec.build?.(call) ?? {};
  const object = call.ctx.store.put({
    cloud: "azure",
    id: call.id,
    type: spec.token,
    name: call.name,
    scope: resourceGroupOf(call.id) ?? "",
    body: {
      ...given,
      name: call.name,
      type: spec.armType,
      azureApiVersion: spec.apiVersion,
      provisioningState: "Succeeded",
      ...built,
    },
  });
  spec.settle?.(call, object);
  return view(spec, call.ctx, call.ctx.store.get("azure", call.id) ?? object);
}

function view(spec: ArmSpec, ctx: CallContext, object: CloudObject): Made {
  return { id: object.id, body: { ...object.body, ...(spec.view?.(ctx, object) ?? {}) } };
}

function deleteArm(spec: ArmSpec, ctx: CallContext, id: string): void {
  const object = ctx.store.get("azure", id);
  if (!object) return;
  spec.release?.(ctx, object);
  for (const below of ctx.store.below("azure", object.id)) {
    // an assignment goes with its scope; a child of another kind goes the way its own type does
    if (ctx.store.get("azure", below.id)) {
      if (spec.bury && below.type === "azure-native:keyvault:Secret") continue;
      deleteThrough(ctx, below);
    }
  }
  if (spec.bury) spec.bury(ctx, object);
  else ctx.store.remove("azure", object.id);
}

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
  const filled = path.replaceAll(/\{(\w+)\}/g, (_all, param: string) =>
    param === subscription ? subscriptionOf(ctx) : String(at(inputs, param) ?? ""),
  );
  return `/${filled.replace(/^\/+/, "")}`;
}

/** The path parameters of an id, by matching the template segment by segment. */
export function paramsOf(path: string, id: string): Body {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  const pattern = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
    name === "scope" ? "(.+)" : "([^/]+)",
  );
  const match = new RegExp(`^/?${pattern.replace(/^\//, "")}$`, "i").exec(id);
  if (!match) return {};
  const pairs = names.map((name, index): [string, string] => {
    const value = match[index + 1] ?? "";
    // programs write a scope with its leading slash
    return [name, name === "scope" ? `/${value}` : value];
  });
  return Object.fromEntries(pairs.filter(([name]) => name !== subscription));
}

/** ARM id of the resource group that an id lies in. */
export function resourceGroupOf(id: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+/i.exec(id)?.[0];
}

/** The id one resource level up: a subnet's VNet, a zone group's endpoint; undefined for top-level ones. */
function parentOf(id: string): string | undefined {
  const match = /^(.*\/providers\/[^/]+\/[^/]+\/[^/]+(?:\/[^/]+\/[^/]+)*)\/[^/]+\/[^/]+$/.exec(id);
  return match?.[1];
}

function requireParents(ctx: CallContext, spec: ArmSpec, id: string): void {
  requireSubscription(ctx);
  const group = resourceGroupOf(id);
  // a scope may be anything; its own type looks after it
  if (!group || group === id || spec.path.includes("{scope}")) return;
  if (!ctx.store.get("azure", group)) {
    const name = group.split("/").at(-1) ?? group;
    throw armError(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`);
  }
  const parent = parentOf(id);
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
