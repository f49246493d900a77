import { oneOf } from "../check.ts";
import { isUnknown } from "../json.ts";
import { type InputFault, randomHex } from "../resource-type.ts";
import { workspaceObject } from "./workspace-object.ts";

export const warehouseToken = "databricks:index/sqlEndpoint:SqlEndpoint";
export const warehouseFolder = "sql/warehouses";

const sizes = [
  ...["2X-Small", "X-Small", "Small", "Medium", "Large"],
  ...["X-Large", "2X-Large", "3X-Large", "4X-Large", "5X-Large"],
];
const maxClusters = 40;

export const sqlWarehouse = workspaceObject({
  token: warehouseToken,
  folder: warehouseFolder,
  title: "SQL warehouse",
  required: ["clusterSize", "name"],
  computed: [
    ...["channel", "dataSourceId", "enablePhoton", "enableServerlessCompute", "minNumClusters"],
    ...["spotInstancePolicy", "warehouseType"],
  ],
  taken: (name) => `failed creating warehouse: SQL warehouse with name \`${name}\` already exists`,
  newId: () => randomHex(8),
  check: (inputs): InputFault[] => {
    const most = inputs.maxNumClusters ?? 1;
    const fits = isUnknown(most) || (typeof most === "number" && most >= 1 && most <= maxClusters);
    return [
      ...oneOf(inputs, "clusterSize", sizes),
      ...oneOf(inputs, "warehouseType", ["PRO", "CLASSIC"]),
      ...(fits
        ? []
        : [{ property: "maxNumClusters", reason: `expected to be in the range (1 - ${maxClusters})` }]),
    ];
  },
  build: ({ ctx, host, id, inputs, before }) => ({
    autoStopMins: inputs.autoStopMins ?? 120,
    enablePhoton: inputs.enablePhoton ?? true,
    maxNumClusters: inputs.maxNumClusters ?? 1,
    minNumClusters: inputs.minNumClusters ?? 1,
    spotInstancePolicy: inputs.spotInstancePolicy ?? "COST_OPTIMIZED",
    creatorName: ctx.tenant.deployerId,
    dataSourceId: before?.body.dataSourceId ?? crypto.randomUUID(),
    jdbcUrl: `jdbc:spark://${host}:443/default;transportMode=http;ssl=1;AuthMech=3;httpPath=/sql/1.0/warehouses/${id};`,
    odbcParams: { hostname: host, path: `/sql/1.0/warehouses/${id}`, port: 443, protocol: "https" },
    numActiveSessions: 0,
    numClusters: inputs.minNumClusters ?? 1,
    state: "RUNNING",
  }),
});
