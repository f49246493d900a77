import { plainError } from "../cloud-error.ts";
import { type Body, textAt, textsAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type Made,
  type ResourceType,
  typeDefaults,
} from "../resource-type.ts";
import { groupsNamed, groupToken, principalOf } from "./directory.ts";

const inputs = [
  "administrativeUnitIds",
  "assignableToRole",
  "behaviors",
  "description",
  "displayName",
  "mailEnabled",
  "mailNickname",
  "members",
  "owners",
  "preventDuplicateNames",
  "provisioningOptions",
  "securityEnabled",
  "types",
  "visibility",
];

export const group: ResourceType = {
  ...typeDefaults,
  token: groupToken,
  cloud: "entra",
  inputs,
  required: ["displayName"],
  replaceOn: ["assignableToRole", "behaviors", "mailNickname", "provisioningOptions", "types"],
  computed: ["mailEnabled", "mailNickname"],
  sets: ["members", "owners", "types", "behaviors"],
  check: (given): InputFault[] =>
    given.securityEnabled === true || given.mailEnabled === true
      ? []
      : [{ property: "securityEnabled", reason: "one of securityEnabled and mailEnabled must be true" }],
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
    return found && { id: found.id, body: found.body };
  },
  update: (ctx, { id, inputs: given }) => {
    const before = ctx.store.get("entra", id);
    if (!before) throw plainError(404, "Request_ResourceNotFound", `Group ${id} does not exist.`);
    const { objectId = "", mailNickname = "" } = before.body;
    return putGroup(ctx, given, { objectId, mailNickname }).body;
  },
  delete: (ctx, id) => {
    ctx.store.remove("entra", id);
  },
};

/** `kept` is what the directory made up when the group was made. */
function putGroup(ctx: CallContext, given: Body, kept: Body): Made {
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
  ctx.store.put({ cloud: "entra", id, type: groupToken, name, scope: ctx.tenant.tenantId, body });
  return { id, body };
}
