import { plainError } from "../cloud-error.ts";
import { type Body, omit, textAt, textsAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type Made,
  type ResourceType,
  typeDefaults,
} from "../resource-type.ts";
import { groupsNamed, groupToken, principalOf } from "./directory.ts";
import { isDynamic, memberSince, withMembers } from "./membership.ts";

export const group: ResourceType = {
  ...typeDefaults,
  token: groupToken,
  cloud: "entra",
  replaceOn: ["assignableToRole", "behaviors", "mailNickname", "provisioningOptions", "types"],
  computed: ["mailEnabled", "mailNickname"],
  sets: ["members", "owners", "types", "behaviors"],
  check: checkGroup,
  create: (ctx, given) => {
    const displayName = textAt(given, "displayName");
    const [twin] = groupsNamed(ctx.store, displayName);
    if (twin && given.preventDuplicateNames === true) {
      throw plainError(
        409,
        "Conflict",
        `existing Group with display name "${displayName}" (object id ${textAt(twin.body, "objectId")}) was found and preventDuplicateNames is set`,
      );
    }
    const objectId = crypto.randomUUID();
    const mailNickname = textAt(given, "mailNickname") || objectId.slice(0, 10);
    return putGroup(ctx, given, { objectId, mailNickname });
  },
  read: (ctx, id) => {
    const found = ctx.store.get("entra", id);
    return found && { id: found.id, body: omit(found.body, [memberSince]) };
  },
  update: (ctx, { id, inputs: given }) => {
    const before = ctx.store.get("entra", id);
    if (!before) throw plainError(404, "Request_ResourceNotFound", `Group ${id} does not exist.`);
    const { objectId = "", mailNickname = "" } = before.body;
    // whoever names no members leaves them to others: GroupMember, or people in the portal
    const members = given.members ?? before.body.members ?? [];
    return putGroup(ctx, { ...given, members }, { objectId, mailNickname }, before.body).body;
  },
  // Entra ID keeps it for thirty days, with its members
  delete: (ctx, id) => {
    if (ctx.store.get("entra", id)) ctx.store.softDelete("entra", id);
  },
};

function checkGroup(given: Body): InputFault[] {
  const faults: InputFault[] = [];
  if (given.securityEnabled !== true && given.mailEnabled !== true) {
    faults.push({
      property: "securityEnabled",
      reason: "one of securityEnabled and mailEnabled must be true",
    });
  }
  if (isDynamic(given) !== (given.dynamicMembership !== undefined)) {
    const reason = "dynamicMembership and the type DynamicMembership need each other";
    faults.push({ property: "dynamicMembership", reason });
  }
  if (isDynamic(given) && textsAt(given, "members").length > 0) {
    const reason = "members of a group with dynamic membership follow from its rule, and cannot be set";
    faults.push({ property: "members", reason });
  }
  return faults;
}

/** `kept` is what the directory made up when the group was made. */
function putGroup(ctx: CallContext, given: Body, kept: Body, before?: Body): Made {
  for (const member of [...textsAt(given, "members"), ...textsAt(given, "owners")]) {
    if (principalOf(ctx.store, member)) continue;
    throw plainError(
      404,
      "Request_ResourceNotFound",
      `Could not add ${member} to group "${textAt(given, "displayName")}": resource '${member}' does not exist or one of its queried reference-property objects are not present.`,
    );
  }
  const body: Body = { members: [], ...given, ...kept, mailEnabled: given.mailEnabled ?? false };
  const id = `/groups/${textAt(kept, "objectId")}`;
  const name = textAt(given, "displayName");
  const stored = withMembers(before, body);
  ctx.store.put({ cloud: "entra", id, type: groupToken, name, scope: ctx.tenant.tenantId, body: stored });
  return { id, body };
}
