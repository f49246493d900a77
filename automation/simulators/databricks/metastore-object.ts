/** What the types of securables share: an id that is the full name, an owner, grants that go with them. */
import { plainError } from "../cloud-error.ts";
import { type Body, textAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type Made,
  type ResourceType,
  typeDefaults,
} from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import {
  containersOf,
  dropSecurable,
  getSecurable,
  metastoreScope,
  requireSecurable,
  type SecurableKind,
  securableId,
  securables,
} from "./metastore.ts";
import { requireDatabricksPrincipal } from "./principals.ts";
import { databricksName } from "./workspace-object.ts";
import { hostOf } from "./workspace-type.ts";

/** One create or update. */
export interface SecurableCall {
  readonly ctx: CallContext;
  readonly fullName: string;
  readonly inputs: Body;
  /** the securable as it is before an update; undefined on create */
  readonly before: CloudObject | undefined;
}

export interface SecurableSpec {
  readonly kind: SecurableKind;
  readonly required: readonly string[];
  readonly replaceOn: readonly string[];
  readonly computed?: readonly string[];
  readonly outputsOnly?: readonly string[];
  fullName(inputs: Body): string;
  /** what the service answers to a second one of a name */
  taken(fullName: string): string;
  check?(inputs: Body): InputFault[];
  /** computed properties; throws what the service would answer */
  build(call: SecurableCall): Body;
  /** throws what blocks a delete */
  release?(ctx: CallContext, object: CloudObject): void;
}

export function metastoreObject(spec: SecurableSpec): ResourceType {
  const { kind } = spec;
  return {
    ...typeDefaults,
    token: securables[kind].token,
    cloud: "databricks",
    required: spec.required,
    replaceOn: spec.replaceOn,
    computed: ["owner", ...(spec.computed ?? [])],
    outputsOnly: ["createdAt", "createdBy", "updatedAt", "updatedBy", ...(spec.outputsOnly ?? [])],
    autoname: databricksName,
    deleteBeforeReplace: true,
    check: (inputs) => spec.check?.(inputs) ?? [],
    // names compare without regard to case
    same: (path, before, after) =>
      ["name", "catalogName", "schemaName"].includes(path) &&
      String(before).toLowerCase() === String(after).toLowerCase(),
    create: (ctx, inputs) => {
      const fullName = spec.fullName(inputs);
      for (const above of containersOf(kind, fullName)) requireSecurable(ctx, above.kind, above.name);
      if (getSecurable(ctx.store, kind, fullName)) {
        throw plainError(409, "RESOURCE_ALREADY_EXISTS", spec.taken(fullName));
      }
      return put(spec, { ctx, fullName, inputs, before: undefined });
    },
    read: (ctx, id) => {
      hostOf(ctx);
      const found = getSecurable(ctx.store, kind, id);
      return found && { id, body: found.body };
    },
    update: (ctx, { id, inputs }) =>
      put(spec, { ctx, fullName: id, inputs, before: requireSecurable(ctx, kind, id) }).body,
    delete: (ctx, id) => {
      hostOf(ctx);
      const found = getSecurable(ctx.store, kind, id);
      if (!found) return;
      spec.release?.(ctx, found);
      dropSecurable(ctx.store, kind, id);
    },
  };
}

function put(spec: SecurableSpec, call: SecurableCall): Made {
  const { ctx, fullName, inputs, before } = call;
  hostOf(ctx);
  const owner = textAt(inputs, "owner") || textAt(before?.body, "owner") || ctx.tenant.deployerId;
  requireDatabricksPrincipal(ctx, owner);
  const now = Date.now();
  const body: Body = {
    ...inputs,
    owner,
    createdAt: before?.body.createdAt ?? now,
    createdBy: before?.body.createdBy ?? ctx.tenant.deployerId,
    updatedAt: now,
    updatedBy: ctx.tenant.deployerId,
    ...spec.build(call),
  };
  const id = securableId(spec.kind, fullName);
  const type = securables[spec.kind].token;
  ctx.store.put({ cloud: "databricks", id, type, name: fullName, scope: metastoreScope, body });
  return { id: fullName, body };
}
