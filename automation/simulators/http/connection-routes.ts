/** Private endpoint connections over ARM: the owner of a target lists, approves, rejects and removes them. */
import { connectionObjects, judgeConnection } from "../azure/connections.ts";
import { connectionTypes } from "../azure/private-link.ts";
import { armError } from "../cloud-error.ts";
import { at, type Body, isBody } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import type { Route } from "./route.ts";

const listPath = /^(\/subscriptions\/.+)\/privateEndpointConnections\/?$/i;
const onePath = /^(\/subscriptions\/.+\/privateEndpointConnections\/[^/]+)\/?$/i;

export const connectionRoutes: readonly Route[] = [
  {
    method: "GET",
    lookup: "azure-native",
    path: listPath,
    handle: ({ context, params }) => {
      const target = context.store.get("azure", params[0] ?? "");
      if (!target) throw notFound(params[0] ?? "");
      return { status: 200, body: { value: connectionObjects(context, target.id).map(shown) } };
    },
  },
  {
    method: "GET",
    lookup: "azure-native",
    path: onePath,
    handle: ({ context, params }) => ({ status: 200, body: shown(find(context, params[0] ?? "")) }),
  },
  {
    method: "PUT",
    lookup: "azure-native",
    path: onePath,
    handle: ({ context, params, body }) => {
      const state = at(body, "properties.privateLinkServiceConnectionState");
      const connection = find(context, params[0] ?? "");
      return { status: 200, body: shown(judgeConnection(context, connection, isBody(state) ? state : {})) };
    },
  },
  {
    method: "DELETE",
    lookup: "azure-native",
    path: onePath,
    handle: ({ context, params }) => {
      const gone = context.store.get("azure", params[0] ?? "");
      if (gone && connectionTypes.includes(gone.type)) context.store.remove("azure", gone.id);
      return { status: gone ? 200 : 204 };
    },
  },
];

function find({ store }: CallContext, id: string): CloudObject {
  const found = store.get("azure", id);
  if (found && connectionTypes.includes(found.type)) return found;
  throw notFound(id);
}

const notFound = (id: string) => armError(404, "ResourceNotFound", `The Resource '${id}' was not found.`);

const shown = ({ id, name, body }: CloudObject): Body => ({ id, name, properties: body });
