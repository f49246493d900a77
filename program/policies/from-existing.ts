import type { ExistingResource } from "../../metadata-schema/desired-state.ts";
import type { Piece, ResourceType } from "./pieces.ts";
import { at, type Props } from "./read-props.ts";
import { firewallPieces, settingsOf } from "./resource-settings.ts";

/** What is judged when an environment takes it over; the others have no setting that a guardrail is about. */
const typeOf: Partial<Record<ExistingResource, ResourceType>> = {
  key_vault: "key vault",
  lake: "storage account",
  sql_server: "SQL server",
  workspace: "workspace",
  factory: "factory",
  private_endpoint_subnet: "subnet",
  databricks_host_subnet: "subnet",
  databricks_container_subnet: "subnet",
};

/**
 * The pieces of a resource that an environment takes over.
 * @param id its ARM id
 * @param body as ARM gives it
 */
export function piecesOfExisting(resource: ExistingResource, id: string, body: unknown): Piece[] {
  const type = typeOf[resource];
  if (type === undefined) return [];
  const props: Props = typeof body === "object" && body !== null ? (body as Props) : {};
  const settings = { ...settingsOf(type, props) };
  // ARM always shows a login, also where Entra ID alone signs people in.
  if (type === "SQL server") settings.administratorLogin = null;
  // A subnet from before Azure had the setting doesn't show it: with a way out of its own it does not use Azure's.
  if (type === "subnet" && ["natGateway", "routeTable"].some((way) => at(props, `properties.${way}.id`)))
    settings.defaultOutboundAccess = false;
  const name = id.split("/").at(-1) ?? id;
  return [{ kind: "resource", type, name, settings }, ...firewallPieces(type, props)];
}
