/**
 * Private endpoint connections, as objects of their target. States: Pending (asked for), Approved (carries
 * traffic), Rejected, Disconnected (its endpoint is gone from it). The target's owner moves it between the
 * first three; a disconnected one can only be deleted.
 */
import { armError } from "../cloud-error.ts";
import { type Body, textAt, textsAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { connectionTypes, privateLinkTargets } from "./private-link.ts";

const statePath = "privateLinkServiceConnectionState";
export const connectionStatus = (connection: CloudObject): string =>
  textAt(connection.body, `${statePath}.status`);

export interface ConnectionRequest {
  /** id of what connects: a private endpoint, or a factory's managed one */
  readonly endpointId: string;
  readonly name: string;
  readonly groupId: string;
  readonly status: "Approved" | "Pending";
  readonly description: string;
}

/** Puts a connection on its target; one of the same name is replaced. */
export function putConnection(
  ctx: CallContext,
  target: CloudObject,
  request: ConnectionRequest,
): CloudObject {
  const { endpointId, groupId, status, description } = request;
  return ctx.store.put({
    cloud: "azure",
    id: `${target.id}/privateEndpointConnections/${request.name}`,
    type: privateLinkTargets[target.type]?.connectionType ?? "",
    name: request.name,
    scope: target.scope,
    body: {
      privateEndpoint: { id: endpointId },
      groupIds: [groupId],
      [statePath]: { status, description, actionsRequired: "None" },
      provisioningState: "Succeeded",
    },
  });
}

const isConnection = (object: CloudObject): boolean => connectionTypes.includes(object.type);

export const connectionObjects = (ctx: CallContext, targetId: string): CloudObject[] =>
  ctx.store.below("azure", targetId).filter(isConnection);

/** What a target shows of its connections, in the shape of its own SDK. */
export function connectionsTo(ctx: CallContext, target: CloudObject): Body[] {
  return connectionObjects(ctx, target.id).map((connection) => {
    const { id, name, body } = connection;
    if (!privateLinkTargets[target.type]?.wraps) return { id, name, ...body };
    return { id, name, properties: body };
  });
}

export const connectionsOf = (ctx: CallContext, endpointId: string): CloudObject[] =>
  connectionTypes
    .flatMap((type) => ctx.store.ofType(type))
    .filter(
      (connection) =>
        textAt(connection.body, "privateEndpoint.id").toLowerCase() === endpointId.toLowerCase(),
    );

/** Whether a connection to this sub-resource was asked for and is not cut. */
export const leadsTo = (connection: CloudObject, groupId: string): boolean =>
  textsAt(connection.body, "groupIds").includes(groupId) && connectionStatus(connection) !== "Disconnected";

const ownersStates = ["Approved", "Rejected"];

/** The owner of the target approves or rejects. */
export function judgeConnection(ctx: CallContext, connection: CloudObject, asked: Body): CloudObject {
  const status = textAt(asked, "status");
  const before = connectionStatus(connection);
  if (!ownersStates.includes(status)) {
    throw armError(
      400,
      "InvalidPrivateEndpointConnectionState",
      `The state '${status}' of private endpoint connection ${connection.id} is not one of ${ownersStates.join(", ")}.`,
    );
  }
  if (before === "Disconnected") {
    throw armError(
      409,
      "PrivateEndpointConnectionDisconnected",
      `Private endpoint connection ${connection.id} is disconnected; it can only be deleted.`,
    );
  }
  const description = textAt(asked, "description");
  const state = { status, description, actionsRequired: "None" };
  return ctx.store.put({ ...connection, body: { ...connection.body, [statePath]: state } });
}
