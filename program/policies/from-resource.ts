import type { Piece } from "./pieces.ts";

/** Stands for a value that no guardrail allows: what can't be read before the run can't be judged. */
const notReadable = "(not known before the run)";
const text = (value: unknown, absent: string = notReadable): string =>
  typeof value === "string" ? value : value === undefined ? absent : notReadable;
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map((item) => text(item)) : [notReadable];

/**
 * The pieces of a resource that is about to be registered. Fails closed: a value that isn't plain text
 * yet gives a piece that the guardrails refuse.
 *
 * @param type Pulumi's type token, e.g. `azure-native:authorization:RoleAssignment`
 * @param props the resource's inputs
 */
export function piecesOfResource(type: string, props: Readonly<Record<string, unknown>>): Piece[] {
  switch (type) {
    case "azure-native:authorization:RoleAssignment": {
      const roleId = text(props.roleDefinitionId).split("/").at(-1) ?? notReadable;
      // azure-native says "User" to Azure when the type is left out.
      const principalType = text(props.principalType, "User");
      return [{ kind: "role-assignment", scope: text(props.scope), roleId, principalType }];
    }
    case "databricks:index/ipAccessList:IpAccessList":
      // A BLOCK list takes access away: as wide as anybody likes.
      if (props.listType === "BLOCK") return [];
      return texts(props.ipAddresses).map((range) => ({ kind: "firewall-range", range }));
    default:
      return [];
  }
}
