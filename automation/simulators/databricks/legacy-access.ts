import { at, type Body } from "../json.ts";
import { type CallContext, type Made, type ResourceType, typeDefaults } from "../resource-type.ts";
import { getInWorkspace, hostOf, inWorkspace, putInWorkspace } from "./workspace-type.ts";

export const legacyAccessToken = "databricks:index/disableLegacyAccessSetting:DisableLegacyAccessSetting";

const folder = "settings";
const settingName = "disable_legacy_access";
/** what the provider calls every setting of a workspace */
const id = "global";

/** One document a workspace; deleting it gives the setting back its default. */
export const disableLegacyAccessSetting: ResourceType = {
  ...typeDefaults,
  token: legacyAccessToken,
  cloud: "databricks",
  required: ["disableLegacyAccess"],
  computed: ["settingName"],
  outputsOnly: ["etag"],
  check: (inputs) =>
    at(inputs, "disableLegacyAccess.value") === undefined
      ? [{ property: "disableLegacyAccess.value", reason: "missing required property 'value'" }]
      : [],
  create: (ctx, inputs) => put(ctx, inputs),
  read: (ctx) => {
    const found = getInWorkspace(ctx, folder, settingName);
    return found && { id, body: found.body };
  },
  update: (ctx, { inputs }) => put(ctx, inputs).body,
  delete: (ctx) => {
    ctx.store.remove("databricks", inWorkspace(hostOf(ctx), folder, settingName));
  },
};

function put(ctx: CallContext, inputs: Body): Made {
  const body: Body = { ...inputs, settingName, etag: crypto.randomUUID() };
  const write = { type: legacyAccessToken, folder, id: settingName, name: settingName, body };
  putInWorkspace(ctx, hostOf(ctx), write);
  return { id, body };
}
