import ipaddr from "ipaddr.js";
import { oneOf } from "../check.ts";
import { plainError } from "../cloud-error.ts";
import { type Body, isBody, isUnknown, type Json, omit, textAt, textsAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type Made,
  type ResourceType,
  typeDefaults,
} from "../resource-type.ts";
import { getInWorkspace, hostOf, inWorkspace, putInWorkspace } from "./workspace-type.ts";

export const ipAccessListToken = "databricks:index/ipAccessList:IpAccessList";
export const workspaceConfToken = "databricks:index/workspaceConf:WorkspaceConf";

const listFolder = "ip-access-lists";
/** Databricks' limit over all lists of a workspace */
const maxAddresses = 1000;

export const ipAccessList: ResourceType = {
  ...typeDefaults,
  token: ipAccessListToken,
  cloud: "databricks",
  check: (inputs): InputFault[] => [
    ...oneOf(inputs, "listType", ["ALLOW", "BLOCK"]),
    ...textsAt(inputs, "ipAddresses")
      .filter((text) => !isUnknown(text) && !parse(text))
      .map((text) => ({ property: "ipAddresses", reason: `'${text}' is not an IPv4 address or block` })),
  ],
  create: (ctx, inputs) => putList(ctx, crypto.randomUUID(), inputs),
  read: (ctx, id) => {
    const found = getInWorkspace(ctx, listFolder, id);
    return found && { id, body: found.body };
  },
  update: (ctx, { id, inputs }) => {
    if (!getInWorkspace(ctx, listFolder, id)) {
      throw plainError(404, "RESOURCE_DOES_NOT_EXIST", `IP access list ${id} does not exist.`);
    }
    return putList(ctx, id, inputs).body;
  },
  delete: (ctx, id) => {
    ctx.store.remove("databricks", inWorkspace(hostOf(ctx), listFolder, id));
  },
};

function parse(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] | undefined {
  const block = text.includes("/") ? text : `${text}/32`;
  return ipaddr.IPv4.isValidCIDR(block) ? ipaddr.parseCIDR(block) : undefined;
}

const covers = (addresses: readonly string[], caller: string): boolean =>
  addresses.some((text) => {
    const range = parse(text);
    return range !== undefined && ipaddr.parse(caller).match(range);
  });

function putList(ctx: CallContext, id: string, inputs: Body): Made {
  const host = hostOf(ctx);
  const addresses = textsAt(inputs, "ipAddresses");
  const others = ctx.store
    .ofType(ipAccessListToken)
    .filter((list) => list.scope === host && list.id !== inWorkspace(host, listFolder, id).toLowerCase());
  const total = others.reduce(
    (sum, list) => sum + textsAt(list.body, "ipAddresses").length,
    addresses.length,
  );
  if (total > maxAddresses) {
    throw plainError(400, "QUOTA_EXCEEDED", `A workspace can have ${maxAddresses} IP access list values.`);
  }
  refuseLockout(ctx, host, inputs);
  const body: Body = { enabled: true, ...inputs, listId: id };
  putInWorkspace(ctx, host, {
    type: ipAccessListToken,
    folder: listFolder,
    id,
    name: textAt(inputs, "label"),
    body,
  });
  return { id, body };
}

/** Databricks refuses a list that would shut out whoever sends it, once lists are in force. */
function refuseLockout(ctx: CallContext, host: string, inputs: Body): void {
  const caller = ctx.tenant.callerAddress;
  const conf = ctx.store.get("databricks", inWorkspace(host, confFolder, confId));
  const inForce = textAt(conf?.body, "customConfig.enableIpAccessLists") === "true";
  if (!caller || !inForce || inputs.enabled === false) return;
  const covered = covers(textsAt(inputs, "ipAddresses"), caller);
  if (covered === (inputs.listType === "ALLOW")) return;
  throw plainError(
    400,
    "INVALID_STATE",
    `Your current IP ${caller} will not be allowed to access the workspace with this list.`,
  );
}

const confFolder = "workspace-conf";
const confId = "_";
/** Settings of a workspace that the API knows; others it refuses. */
const settings = [
  "enableIpAccessLists",
  "enableTokensConfig",
  "maxTokenLifetimeDays",
  "enableDcs",
  "enableDbfsFileBrowser",
  "enableExportNotebook",
  "enableNotebookTableClipboard",
  "enableResultsDownloading",
  "enableWebTerminal",
  "enableVerboseAuditLogs",
  "storeInteractiveNotebookResultsInCustomerAccount",
];

/** One document a workspace: every resource of this type writes into the same one. */
export const workspaceConf: ResourceType = {
  ...typeDefaults,
  token: workspaceConfToken,
  cloud: "databricks",
  check: (inputs): InputFault[] =>
    Object.keys(isBody(inputs.customConfig) ? inputs.customConfig : {})
      .filter((key) => !settings.includes(key))
      .map((key) => ({ property: `customConfig.${key}`, reason: `${key} is not a setting` })),
  create: (ctx, inputs) => putConf(ctx, inputs, {}),
  // a resource sees its own keys only; an import, which has none yet, sees all
  read: (ctx, id, inputs) => {
    const found = getInWorkspace(ctx, confFolder, id);
    if (!found) return undefined;
    const all = configOf(found.body);
    const own = Object.entries(configOf(inputs)).map(([key, value]) => [key, all[key] ?? unset(value)]);
    return { id, body: { customConfig: own.length > 0 ? Object.fromEntries(own) : all } };
  },
  update: (ctx, { inputs, oldInputs }) => {
    const kept = configOf(inputs);
    return putConf(ctx, inputs, omit(configOf(oldInputs), Object.keys(kept))).body;
  },
  delete: (ctx, id, inputs) => {
    const found = getInWorkspace(ctx, confFolder, id);
    if (found) putConf(ctx, {}, inputs ? configOf(inputs) : configOf(found.body));
  },
};

const configOf = (inputs: Body | undefined): Body =>
  isBody(inputs?.customConfig) ? inputs.customConfig : {};

/** What the provider sets a key to in order to reset it. */
const unset = (value: Json): Json => (/^(true|false)$/i.test(String(value)) ? "false" : "");

/** Sets the keys of `inputs`, and takes the dropped ones out: a key that is not there has its default. */
function putConf(ctx: CallContext, inputs: Body, dropped: Body): Made {
  const host = hostOf(ctx);
  const before = configOf(ctx.store.get("databricks", inWorkspace(host, confFolder, confId))?.body);
  const customConfig = { ...omit(before, Object.keys(dropped)), ...configOf(inputs) };
  const answer = { id: confId, body: { customConfig: configOf(inputs) } };
  if (Object.keys(customConfig).length === 0) {
    ctx.store.remove("databricks", inWorkspace(host, confFolder, confId));
    return answer;
  }
  const body: Body = { customConfig };
  putInWorkspace(ctx, host, {
    type: workspaceConfToken,
    folder: confFolder,
    id: confId,
    name: "workspace settings",
    body,
  });
  return answer;
}
