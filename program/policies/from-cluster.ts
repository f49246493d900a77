/** Clusters, as inputs of Databricks' resources say them. */
import { otherScriptSources } from "../layout/cluster-choices.ts";
import type { ClusterPiece, Setting } from "./pieces.ts";
import { at, itemsAt, notReadable, type Props, settingAt, text, textOrNull } from "./read-props.ts";

const unsaid: Omit<ClusterPiece, "name" | "purpose"> = {
  kind: "cluster",
  hasPolicy: null,
  nodeType: null,
  runtime: null,
  maxWorkers: null,
  idleMinutes: null,
  accessModes: null,
  diskEncrypted: null,
  availability: null,
  initScripts: [],
};
export const clusterPiece = (
  piece: Pick<ClusterPiece, "name" | "purpose"> & Partial<ClusterPiece>,
): ClusterPiece => ({ ...unsaid, ...piece });

function scripts(props: unknown): readonly string[] {
  return itemsAt(props, "initScripts").map((script) => {
    const path = at(script, "volumes.destination");
    return path === undefined ? "a script outside of volumes" : text(path);
  });
}

/** A cluster of its own, or a job's: both have the same inputs. */
function clusterOf(props: unknown, name: string, purpose: ClusterPiece["purpose"]): ClusterPiece[] {
  const pooled = at(props, "instancePoolId") !== undefined;
  const driver = textOrNull(at(props, "driverNodeTypeId"));
  const cluster = clusterPiece({
    name,
    purpose,
    // Its id may not be known yet: it is the program's own.
    hasPolicy: at(props, "policyId") !== undefined,
    nodeType: pooled ? null : text(at(props, "nodeTypeId")),
    runtime: text(at(props, "sparkVersion")),
    maxWorkers: settingAt(props, "autoscale.maxWorkers") ?? settingAt(props, "numWorkers"),
    // Zero, and left out: never.
    idleMinutes: purpose === "job" ? null : (settingAt(props, "autoterminationMinutes") ?? 0),
    accessModes: [text(at(props, "dataSecurityMode"), "not set")],
    diskEncrypted: settingAt(props, "enableLocalDiskEncryption") ?? false,
    availability: textOrNull(at(props, "azureAttributes.availability")),
    initScripts: scripts(props),
  });
  // Left out, the driver is like the workers.
  return driver === null ? [cluster] : [cluster, clusterPiece({ name, purpose, nodeType: driver })];
}

export const clusterPieces = (props: Props): ClusterPiece[] =>
  clusterOf(props, text(props.clusterName, "cluster"), "interactive");

export function jobPieces(props: Props): ClusterPiece[] {
  const name = text(props.name, "job");
  const own = itemsAt(props, "jobClusters").map((each) => at(each, "newCluster"));
  const ofTasks = itemsAt(props, "tasks").flatMap((task) => {
    const cluster = at(task, "newCluster");
    return cluster === undefined ? [] : [cluster];
  });
  return [...own, ...ofTasks].flatMap((cluster) => clusterOf(cluster, name, "job"));
}

export const poolPieces = (props: Props): ClusterPiece[] => [
  clusterPiece({
    name: text(props.instancePoolName, "pool"),
    purpose: "job",
    nodeType: text(props.nodeTypeId),
    availability: textOrNull(at(props, "azureAttributes.availability")),
    // One machine is the driver. Without a capacity a pool grows as far as the subscription.
    maxWorkers: lessOne(settingAt(props, "maxCapacity") ?? anyNumber),
  }),
];
const anyNumber = "any number of";
const lessOne = (value: Setting): Setting => (typeof value === "number" ? value - 1 : value);

/** Kind of a rule of a policy; null: it limits nothing, as where a cluster may leave the attribute out. */
const kindOf = (rule: unknown): string | null =>
  settingAt(rule, "isOptional") === true ? null : textOrNull(at(rule, "type"));
/** What one rule of a policy allows at most: a fixed value, or the end of its range. */
function most(rule: unknown): Setting {
  const kind = kindOf(rule);
  if (kind === "fixed") return settingAt(rule, "value");
  return kind === "range" ? settingAt(rule, "maxValue") : null;
}
/** All that a rule lets people choose from. */
function choices(rule: unknown): readonly string[] {
  const kind = kindOf(rule);
  if (kind === "fixed") return [text(at(rule, "value"))];
  const values = kind === "allowlist" ? itemsAt(rule, "values") : [];
  return values.length === 0 ? ["not fixed"] : values.map((value) => text(value));
}

/** Machines of a policy's workers and driver. Those of a pool the pool says; its driver may be of no other pool. */
function machinesOf(rule: (key: string) => unknown): readonly string[] {
  if (kindOf(rule("instance_pool_id")) !== "fixed")
    return [...choices(rule("node_type_id")), ...choices(rule("driver_node_type_id"))];
  const driver = rule("driver_instance_pool_id");
  const isSame = settingAt(driver, "value") === settingAt(rule("instance_pool_id"), "value");
  return kindOf(driver) === "forbidden" || (kindOf(driver) === "fixed" && isSame) ? [] : ["any driver"];
}

/** Places outside of volumes that a policy lets scripts come from. */
const openScripts = (rule: (key: string) => unknown): readonly string[] =>
  otherScriptSources
    .filter((source) => kindOf(rule(`init_scripts.*.${source}.destination`)) !== "forbidden")
    .map((source) => `a script from ${source}`);

/** What the clusters may be that obey a policy. */
export function policyPieces(props: Props): ClusterPiece[] {
  const name = text(props.name, "policy");
  const definition = parsed(props.definition);
  if (definition === null)
    return [clusterPiece({ name, purpose: "interactive", accessModes: [notReadable] })];
  // Keys have dots in them, so they are no paths.
  const rule = (key: string): unknown => definition[key];
  const isJob = settingAt(rule("cluster_type"), "value") === "job";
  const purpose = isJob ? "job" : "interactive";
  const availability = rule("azure_attributes.availability");
  // One piece each, so that an exception for one value sets none of the others aside.
  const piecesOf = (values: readonly string[], key: "nodeType" | "runtime" | "availability") =>
    values.map((value) => clusterPiece({ name, purpose, [key]: value }));
  return [
    clusterPiece({
      name,
      purpose,
      maxWorkers: most(rule("autoscale.max_workers")) ?? most(rule("num_workers")) ?? anyNumber,
      idleMinutes: isJob ? null : (most(rule("autotermination_minutes")) ?? 0),
      accessModes: choices(rule("data_security_mode")),
      diskEncrypted: most(rule("enable_local_disk_encryption")) ?? false,
      initScripts: openScripts(rule),
    }),
    ...piecesOf(machinesOf(rule), "nodeType"),
    ...piecesOf(choices(rule("spark_version")), "runtime"),
    ...piecesOf(availability === undefined ? [] : choices(availability), "availability"),
  ];
}

function parsed(definition: unknown): Props | null {
  if (typeof definition !== "string") return null;
  try {
    const value: unknown = JSON.parse(definition);
    return typeof value === "object" && value !== null ? (value as Props) : null;
  } catch {
    return null;
  }
}
