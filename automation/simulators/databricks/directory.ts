import { matches } from "../check.ts";
import { plainError } from "../cloud-error.ts";
import { textAt } from "../json.ts";
import { type CallContext, type ResourceType, randomDigits, typeDefaults } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { directoryToken, experimentToken } from "./experiment.ts";
import { getInWorkspace, hostOf, inWorkspace, putInWorkspace } from "./workspace-type.ts";

const folder = "directories";
const keyOf = (path: string): string => path.replace(/^\//, "");

/** A folder of the workspace; the provider knows it by its path. */
export const directory: ResourceType = {
  ...typeDefaults,
  token: directoryToken,
  cloud: "databricks",
  required: ["path"],
  replaceOn: ["path"],
  computed: ["objectId", "workspacePath"],
  check: (inputs) =>
    matches(inputs, "path", { pattern: /^\/./, says: "a folder's path is absolute, and not the root" }),
  create: (ctx, inputs) => {
    const path = textAt(inputs, "path");
    const body = { ...inputs, objectId: Number(randomDigits(15)), workspacePath: `/Workspace${path}` };
    // mkdirs of the workspace makes nothing anew where there is a folder already
    putInWorkspace(ctx, hostOf(ctx), { type: directoryToken, folder, id: keyOf(path), name: path, body });
    return { id: path, body };
  },
  read: (ctx, id) => {
    const found = getInWorkspace(ctx, folder, keyOf(id));
    return found && { id, body: found.body };
  },
  update: (ctx, { id, inputs }) => {
    const before = getInWorkspace(ctx, folder, keyOf(id));
    if (!before) throw plainError(404, "RESOURCE_DOES_NOT_EXIST", `Path (${id}) doesn't exist.`);
    const body = { ...before.body, ...inputs };
    putInWorkspace(ctx, hostOf(ctx), { type: directoryToken, folder, id: keyOf(id), name: id, body });
    return body;
  },
  delete: (ctx, id) => {
    const found = getInWorkspace(ctx, folder, keyOf(id));
    if (!found) return;
    const inside = experimentsIn(ctx, id);
    if (inside.length > 0 && found.body.deleteRecursive !== true)
      throw plainError(400, "DIRECTORY_NOT_EMPTY", `Folder (${id}) is not empty`);
    for (const experiment of inside) ctx.store.remove("databricks", experiment.id);
    ctx.store.remove("databricks", inWorkspace(hostOf(ctx), folder, keyOf(id)));
  },
};

function experimentsIn(ctx: CallContext, path: string): readonly CloudObject[] {
  const host = hostOf(ctx);
  return ctx.store
    .ofType(experimentToken)
    .filter(({ scope, name }) => scope === host && name.startsWith(`${path}/`));
}
