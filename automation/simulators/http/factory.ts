/** Data Factory over ARM: its documents in their own JSON, and what can be done with them. */
import { factoryKinds } from "../azure/data-factory-child.ts";
import { runtimeStatus, switchTrigger } from "../azure/data-factory-documents.ts";
import { armError } from "../cloud-error.ts";
import { type Body, isBody } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import type { Answer, HttpCall, Route } from "./route.ts";

const factory = "/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.DataFactory/factories/[^/]+";
const folders = Object.values(factoryKinds)
  .map((kind) => kind.folder)
  .join("|");

/** `…/factories/{f}` with what follows it; the whole is the first parameter. */
export const factoryRoute = (rest: string): RegExp => new RegExp(`^(${factory})${rest}$`, "i");

export const factoryRoutes: readonly Route[] = [
  {
    method: "GET",
    lookup: "azure-native",
    path: factoryRoute(`/(${folders})/([^/]+)`),
    handle: (call) => {
      requireVersion(call);
      return { status: 200, body: shown(documentAt(call)) };
    },
  },
  {
    method: "GET",
    lookup: "azure-native",
    path: factoryRoute(`/(${folders})`),
    handle: (call) => {
      requireVersion(call);
      const [factoryId = "", folder = ""] = call.params;
      const value = call.context.store.below("azure", `${factoryId}/${folder}`).map(shown);
      return { status: 200, body: { value } };
    },
  },
  {
    method: "POST",
    lookup: "azure-native",
    path: factoryRoute("/(integrationRuntimes)/([^/]+)/getStatus"),
    handle: (call) => {
      requireVersion(call);
      return { status: 200, body: runtimeStatus(documentAt(call)) };
    },
  },
  {
    method: "POST",
    lookup: "azure-native",
    path: factoryRoute("/(triggers)/([^/]+)/(start|stop)"),
    handle: switchOne,
  },
];

export function requireVersion({ query }: HttpCall): void {
  if (query.get("api-version")) return;
  throw armError(400, "MissingApiVersionParameter", "The api-version query parameter is required.");
}

/** The document that `…/factories/{f}/{folder}/{name}` names. */
export function documentAt({ context, params }: HttpCall): CloudObject {
  const [factoryId = "", folder = "", name = ""] = params;
  requireFactory(context, factoryId);
  const found = context.store.get("azure", `${factoryId}/${folder}/${name}`);
  if (found) return found;
  throw armError(404, "EntityNotFound", `Entity ${name} (${folder}) not found in ${factoryId}.`);
}

function requireFactory(context: CallContext, factoryId: string): void {
  if (context.store.get("azure", factoryId)) return;
  const [, group = "", name = ""] = /\/resourceGroups\/([^/]+)\/.*\/([^/]+)$/i.exec(factoryId) ?? [];
  throw armError(
    404,
    "ResourceNotFound",
    `The Resource 'Microsoft.DataFactory/factories/${name}' under resource group '${group}' was not found.`,
  );
}

const shown = (object: CloudObject): Body => ({
  id: object.id,
  name: object.name,
  type: String(object.body.type ?? ""),
  etag: object.etag,
  properties: isBody(object.body.properties) ? object.body.properties : {},
});

function switchOne(call: HttpCall): Answer {
  requireVersion(call);
  const to = call.params[3]?.toLowerCase() === "start" ? "Started" : "Stopped";
  const { context } = call;
  context.store.transaction(() => switchTrigger(context, documentAt(call), to));
  return { status: 200 };
}
