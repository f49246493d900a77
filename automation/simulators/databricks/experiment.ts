import { matches } from "../check.ts";
import { type Json, textAt } from "../json.ts";
import { type CallContext, randomDigits } from "../resource-type.ts";
import { doesNotExist, workspaceObject } from "./workspace-object.ts";
import { hostOf } from "./workspace-type.ts";

export const directoryToken = "databricks:index/directory:Directory";
export const experimentToken = "databricks:index/mlflowExperiment:MlflowExperiment";
export const experimentFolder = "experiments";

/** An experiment's name is its path in the workspace. */
export const mlflowExperiment = workspaceObject({
  token: experimentToken,
  folder: experimentFolder,
  title: "Node ID",
  required: ["name"],
  replaceOn: ["artifactLocation", "traceLocation"],
  computed: [
    ...["artifactLocation", "creationTime", "experimentId", "lastUpdateTime", "lifecycleStage"],
    "tags",
  ],
  taken: (name) => `Node named '${name.split("/").at(-1)}' already exists`,
  newId: () => randomDigits(15),
  check: (inputs) =>
    matches(inputs, "name", { pattern: /^\/./, says: "an experiment's name is an absolute workspace path" }),
  // the workspace files everything below /Workspace, and shows it without
  same: (path, before, after) => path === "name" && pathOf(before) === pathOf(after),
  build: ({ ctx, id, inputs, before }) => {
    refuseWithoutFolder(ctx, pathOf(textAt(inputs, "name")));
    return {
      experimentId: id,
      lifecycleStage: "active",
      artifactLocation: textAt(inputs, "artifactLocation") || `dbfs:/databricks/mlflow-tracking/${id}`,
      creationTime: before?.body.creationTime ?? Date.now(),
      lastUpdateTime: Date.now(),
    };
  },
});

/** The root, everybody's folder and people's own are there from the start; any other somebody has made. */
function refuseWithoutFolder(ctx: CallContext, name: string): void {
  const parent = name.slice(0, name.lastIndexOf("/"));
  if (parent === "" || parent === "/Shared" || parent.startsWith("/Users/")) return;
  const host = hostOf(ctx);
  if (ctx.store.ofType(directoryToken, parent).some(({ scope }) => scope === host)) return;
  throw doesNotExist(`Parent directory ${parent}`);
}

const pathOf = (value: Json): string =>
  String(value)
    .replace(/^\/Workspace(?=\/)/, "")
    .replace(/\/$/, "");
