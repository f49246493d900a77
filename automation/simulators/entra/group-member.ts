import { plainError } from "../cloud-error.ts";
import { textAt, textsAt } from "../json.ts";
import { type ResourceType, typeDefaults } from "../resource-type.ts";
import type { CloudObject, Store } from "../store.ts";
import { groupToken } from "./directory.ts";
import { addMember, removeMember } from "./membership.ts";

const inputs = ["groupObjectId", "memberObjectId"];

/** One membership. It is a fact about the group, and goes with it. */
export const groupMember: ResourceType = {
  ...typeDefaults,
  token: "azuread:index/groupMember:GroupMember",
  cloud: "entra",
  required: inputs,
  replaceOn: inputs,
  create: ({ store }, given) => {
    const [groupId, memberId] = [textAt(given, "groupObjectId"), textAt(given, "memberObjectId")];
    const id = `${groupId}/member/${memberId}`;
    const group = store.get("entra", `/groups/${groupId}`);
    if (group?.type !== groupToken) {
      throw plainError(
        404,
        "Request_ResourceNotFound",
        `Retrieving group with object ID: "${groupId}": it does not exist.`,
      );
    }
    if (textsAt(group.body, "members").includes(memberId)) {
      throw plainError(
        409,
        "Conflict",
        `A resource with the ID "${id}" already exists - to be managed via Terraform this resource needs to be imported into the State.`,
      );
    }
    addMember(store, group, memberId);
    return { id, body: given };
  },
  read: ({ store }, id) => {
    const { group, groupObjectId, memberObjectId } = partsOf(store, id);
    const isMember = textsAt(group?.body, "members").includes(memberObjectId);
    return isMember ? { id, body: { groupObjectId, memberObjectId } } : undefined;
  },
  update: () => {
    throw new Error("a membership cannot be changed, only replaced");
  },
  delete: ({ store }, id) => {
    const { group, memberObjectId } = partsOf(store, id);
    if (group && textsAt(group.body, "members").includes(memberObjectId)) {
      removeMember(store, group, memberObjectId);
    }
  },
  inputsOfId: (id) => {
    const [groupObjectId = "", , memberObjectId = ""] = id.split("/");
    return { groupObjectId, memberObjectId };
  },
};

function partsOf(store: Store, id: string) {
  const [groupObjectId = "", , memberObjectId = ""] = id.split("/");
  const group: CloudObject | undefined = store.get("entra", `/groups/${groupObjectId}`);
  return { group, groupObjectId, memberObjectId };
}
