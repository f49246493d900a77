import { Group } from "@pulumi/azuread/group.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { OwnGroup } from "../../metadata-schema/desired-state.ts";

/** The Entra group that an environment asks for. Its members are exactly those of the row. */
export const ownGroup = (group: OwnGroup, opts: CustomResourceOptions): Group =>
  new Group(
    "own-group",
    {
      displayName: group.displayName,
      securityEnabled: true,
      // Rows name groups by display name: a second one of that name would make all of those ambiguous.
      preventDuplicateNames: true,
      members: [...group.memberObjectIds],
    },
    opts,
  );
