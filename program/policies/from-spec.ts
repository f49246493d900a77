import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { Piece } from "./pieces.ts";

/**
 * The pieces of a whole spec, so that a run whose spec breaks a guardrail ends before it registers its
 * first resource.
 */
export function piecesOfSpec(spec: StackSpec): Piece[] {
  switch (spec.kind) {
    case "access":
      return spec.roleAssignments.map(({ scope, roleId }) => ({
        kind: "role-assignment",
        scope,
        roleId,
        principalType: spec.principal.type,
      }));
    case "firewall":
      return [spec.serviceAddress, ...spec.ranges].map((range) => ({ kind: "firewall-range", range }));
    case "platform":
    case "network":
    case "job":
    case "acl":
      return [];
    default:
      return spec satisfies never;
  }
}
