import { oneOf } from "../check.ts";
import { textAt } from "../json.ts";
import { randomHex } from "../resource-type.ts";
import { requireNodeType, requireSparkVersion } from "./runtimes.ts";
import { workspaceObject } from "./workspace-object.ts";

export const instancePoolToken = "databricks:index/instancePool:InstancePool";
export const instancePoolFolder = "instance-pools";

/** Machines that wait for clusters. What they are is fixed once the pool is made. */
export const instancePool = workspaceObject({
  token: instancePoolToken,
  folder: instancePoolFolder,
  title: "Instance pool",
  required: ["idleInstanceAutoterminationMinutes", "instancePoolName"],
  replaceOn: [
    "azureAttributes",
    "diskSpec",
    "enableElasticDisk",
    "nodeTypeFlexibility",
    "nodeTypeId",
    "preloadedDockerImages",
    "preloadedSparkVersions",
  ],
  computed: ["instancePoolId"],
  nameProperty: "instancePoolName",
  taken: (name) => `Instance pool name must be unique: '${name}' is taken.`,
  newId: () => `${stamp()}-pool-${randomHex(4)}`,
  check: (inputs) => oneOf(inputs, "azureAttributes.availability", ["SPOT_AZURE", "ON_DEMAND_AZURE"]),
  build: ({ id, inputs }) => {
    requireNodeType(textAt(inputs, "nodeTypeId"));
    for (const version of Array.isArray(inputs.preloadedSparkVersions) ? inputs.preloadedSparkVersions : []) {
      requireSparkVersion(String(version));
    }
    return {
      instancePoolId: id,
      enableElasticDisk: inputs.enableElasticDisk ?? true,
      azureAttributes: inputs.azureAttributes ?? { availability: "ON_DEMAND_AZURE" },
    };
  },
});

/** `1123-201500-word42`, as ids of clusters and pools begin. */
function stamp(): string {
  const [month, day, time] = [5, 8, 11].map((from) => new Date().toISOString().slice(from, from + 2));
  const rest = new Date().toISOString().slice(14, 19).replace(":", "");
  return `${month}${day}-${time}${rest}-${randomHex(3)}`;
}
