/** The admin side: what a person would do in the portals, faults on demand, and the log of calls. */
import { z } from "zod";
import { listActivity, operationOn, recordActivity } from "../activity.ts";
import { listCalls, listCallTotals } from "../calls.ts";
import { armError } from "../cloud-error.ts";
import { dropSecurable, kindOfToken } from "../databricks/metastore.ts";
import { addModelVersion } from "../databricks/model-version.ts";
import { describe } from "../describe.ts";
import { groupToken } from "../entra/directory.ts";
import { withMembers } from "../entra/membership.ts";
import { at, type Body, merge, textAt } from "../json.ts";
import { type CallContext, deleteThrough } from "../resource-type.ts";
import { type Cloud, type CloudObject, clouds } from "../store.ts";
import { getAccess } from "./access.ts";
import { faultRoutes } from "./fault-routes.ts";
import { guessObject } from "./guess-object.ts";
import { isType, parse } from "./request.ts";
import type { HttpCall, Route } from "./route.ts";
import { settingsRoutes } from "./settings-routes.ts";

const objectBody = z.strictObject({
  type: z.string().optional(),
  name: z.string().optional(),
  properties: z.record(z.string(), z.json()).default({}),
});

export const sandboxRoutes = (stop: (reason: string) => void, networkPort: number): readonly Route[] => [
  {
    method: "GET",
    path: /^\/health$/,
    handle: ({ context }) => ({ status: 200, body: { ...health(context), networkPort } }),
  },
  { method: "GET", path: /^\/sandbox\/access$/, handle: getAccess },
  { method: "GET", path: /^\/sandbox\/objects$/, handle: listObjects },
  { method: "GET", path: /^\/sandbox\/objects\/(.+)$/, handle: (call) => show(call, find(call)) },
  { method: "PUT", path: /^\/sandbox\/objects\/(.+)$/, handle: putObject },
  { method: "DELETE", path: /^\/sandbox\/objects\/(.+)$/, handle: deleteObject },
  {
    method: "POST",
    path: /^\/sandbox\/models\/([^/]+)\/versions$/,
    handle: ({ context, params }) => ({
      status: 201,
      body: addModelVersion(context, params[0] ?? "").body,
    }),
  },
  ...faultRoutes,
  ...settingsRoutes,
  {
    method: "GET",
    path: /^\/sandbox\/calls$/,
    handle: ({ context, query }) => ({
      status: 200,
      body: { value: listCalls(context.store, Number(query.get("since") ?? "0")) },
    }),
  },
  {
    method: "GET",
    path: /^\/sandbox\/activity$/,
    handle: ({ context, query }) => ({
      status: 200,
      body: { value: listActivity(context.store, { after: Number(query.get("since") ?? "0") }) },
    }),
  },
  {
    method: "GET",
    path: /^\/sandbox\/calls\/totals$/,
    handle: ({ context }) => ({ status: 200, body: { value: listCallTotals(context.store) } }),
  },
  {
    method: "POST",
    path: /^\/sandbox\/stop$/,
    handle: () => ({ status: 202, body: { message: "stopping" }, afterSend: () => stop("asked over HTTP") }),
  },
];

const health = ({ tenant }: CallContext): Body => ({
  status: "ok",
  sandbox: true,
  pid: process.pid,
  tenantId: tenant.tenantId,
  subscriptionId: tenant.subscriptionId,
});

const view = (context: CallContext, object: CloudObject) => ({
  ...object,
  body: context.types.get(object.type)?.cloud === "azure" ? readAzure(context, object) : object.body,
  summary: describe(context.store, object),
});

/** Azure objects show what follows from others too: an endpoint's state, a network's subnets. */
const readAzure = (context: CallContext, object: CloudObject): Body =>
  context.types.get(object.type)?.read(context, object.id)?.body ?? object.body;

function listObjects({ context, query }: HttpCall) {
  const type = query.get("type");
  const value = context.store
    .list({
      cloud: query.get("cloud") ?? undefined,
      name: query.get("name") ?? undefined,
      deleted: query.get("deleted") === "true",
    })
    .filter((object) => type === null || isType(object.type, type))
    .map((object) => view(context, object));
  return { status: 200, body: { value } };
}

function seek(context: CallContext, id: string): CloudObject | undefined {
  for (const cloud of clouds) {
    const found = context.store.find(cloud, id);
    if (found) return found;
  }
  return undefined;
}

function find({ context, params }: HttpCall): CloudObject {
  const id = params[0] ?? "";
  const found = seek(context, id);
  if (found) return found;
  throw armError(404, "ObjectNotFound", `No object has the id ${id}.`);
}

const show = ({ context }: HttpCall, object: CloudObject) => ({ status: 200, body: view(context, object) });

function putObject(call: HttpCall) {
  const { context, params } = call;
  const id = params[0] ?? "";
  const body = parse(objectBody, call.body);
  const properties = body.properties as Body;
  const before = seek(context, id);
  if (before?.deletedAt)
    throw armError(409, "SoftDeleted", `${id} is soft-deleted; it must be recovered first.`);
  const base = before ?? guessObject(context, id, body.type);
  const written = context.store.transaction(() => {
    recordByHand(context, base.cloud, { id: base.id, verb: "write" });
    const merged = merge(base.body, properties);
    return context.store.put({
      ...base,
      name: body.name ?? (textAt(properties, "displayName") || base.name),
      body: before?.type === groupToken ? withMembers(before.body, merged) : merged,
    });
  });
  return { status: before ? 200 : 201, body: view(context, written) };
}

function deleteObject(call: HttpCall) {
  const object = find(call);
  const { context } = call;
  const kind = kindOfToken(object.type);
  context.store.transaction(() => {
    recordByHand(context, object.cloud, { id: object.id, verb: "delete" });
    // deleting what is soft-deleted purges it
    if (object.deletedAt) {
      refuseProtected(object);
      context.store.purge(object.cloud, object.id);
    } else if (kind) dropSecurable(context.store, kind, object.name);
    else deleteThrough(context, object);
  });
  return { status: 204 };
}

/** who changes things here, in Azure's log */
const byHand = "portal";

function recordByHand(
  ctx: CallContext,
  cloud: Cloud,
  change: { readonly id: string; readonly verb: "write" | "delete" },
): void {
  if (cloud !== "azure") return;
  recordActivity(ctx, {
    caller: byHand,
    operation: operationOn(change.id, change.verb),
    resourceId: change.id,
    correlationId: crypto.randomUUID(),
    status: "Succeeded",
    message: null,
  });
}

function refuseProtected(object: CloudObject): void {
  if (at(object.body, "properties.enablePurgeProtection") !== true) return;
  throw armError(
    405,
    "MethodNotAllowed",
    `Operation 'DeletedVaultPurge' is not allowed: ${object.name} is protected.`,
  );
}
