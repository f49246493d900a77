import { zoneOfGroupId } from "../layout/names.ts";
import { guardrail } from "./pieces.ts";

export const endpointZone = guardrail(
  {
    id: "endpoint-zone",
    invariant: "I5",
    title: "A private endpoint has its address in the private DNS zone of what it leads to",
    reason: "WrongZone",
    reference: "CKV2_AZURE_32, CKV2_AZURE_33, CKV2_AZURE_45",
    fix: "Give it a zone group with the zone of its service.",
  },
  (piece) => {
    if (piece.kind !== "private-endpoint") return null;
    const wanted = zoneOfGroupId(piece.groupId);
    if (wanted === null)
      return {
        message: `Private endpoint ${piece.name} leads to "${piece.groupId}", which no service here has.`,
        fix: "Name a service that endpoints are built for.",
      };
    if (piece.zone?.toLowerCase() === wanted) return null;
    const has = piece.zone === null ? "has no zone group" : `has its address in ${piece.zone}`;
    return { message: `Private endpoint ${piece.name} ${has}.`, fix: `Its zone has to be ${wanted}.` };
  },
);
