import { oneOf } from "../check.ts";
import { plainError } from "../cloud-error.ts";
import { type Body, bodiesAt, isUnknown, textAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type Made,
  type ResourceType,
  randomDigits,
  typeDefaults,
} from "../resource-type.ts";
import { clusterPolicyFolder } from "./cluster-policy.ts";
import { dropPermissions, putPermissions } from "./permissions-store.ts";
import {
  getInWorkspace,
  hostOf,
  inWorkspace,
  putInWorkspace,
  requireServicePrincipal,
  requireUser,
} from "./workspace-type.ts";

export const jobToken = "databricks:index/job:Job";
export const jobFolder = "jobs";

const inputs = [
  "budgetPolicyId",
  "continuous",
  "description",
  "editMode",
  "emailNotifications",
  "environments",
  "gitSource",
  "health",
  "jobClusters",
  "maxConcurrentRuns",
  "name",
  "notificationSettings",
  "parameters",
  "performanceTarget",
  "queue",
  "runAs",
  "schedule",
  "tags",
  "tasks",
  "timeoutSeconds",
  "trigger",
  "webhookNotifications",
];

/** A job keeps its id through every edit: nothing replaces it. */
export const job: ResourceType = {
  ...typeDefaults,
  token: jobToken,
  cloud: "databricks",
  inputs,
  outputsOnly: ["url"],
  computed: ["runAs"],
  check: checkJob,
  create: (ctx, given) => {
    const id = randomDigits(15);
    const made = put(ctx, id, given);
    putPermissions(ctx, hostOf(ctx), {
      objectId: `/jobs/${id}`,
      name: textAt(made.body, "name"),
      accessControls: [],
    });
    return made;
  },
  read: (ctx, id) => {
    const found = getInWorkspace(ctx, jobFolder, id);
    return found && { id, body: found.body };
  },
  update: (ctx, { id, inputs: given }) => {
    if (!getInWorkspace(ctx, jobFolder, id)) {
      throw plainError(404, "RESOURCE_DOES_NOT_EXIST", `Job ${id} does not exist.`);
    }
    return put(ctx, id, given).body;
  },
  delete: (ctx, id) => {
    const host = hostOf(ctx);
    ctx.store.remove("databricks", inWorkspace(host, jobFolder, id));
    dropPermissions(ctx, host, `/jobs/${id}`);
  },
};

function put(ctx: CallContext, id: string, given: Body): Made {
  const host = hostOf(ctx);
  requireRunAs(ctx, host, given);
  requireClusters(ctx, given);
  const body: Body = {
    maxConcurrentRuns: 1,
    ...given,
    name: textAt(given, "name") || "Untitled",
    format: "MULTI_TASK",
    runAs: given.runAs ?? { servicePrincipalName: ctx.tenant.deployerId },
    url: `https://${host}/#job/${id}`,
  };
  putInWorkspace(ctx, host, { type: jobToken, folder: jobFolder, id, name: textAt(body, "name"), body });
  return { id, body };
}

function requireRunAs(ctx: CallContext, host: string, given: Body): void {
  const application = textAt(given, "runAs.servicePrincipalName");
  const user = textAt(given, "runAs.userName");
  if (application) requireServicePrincipal(ctx, host, application);
  if (user) requireUser(ctx, user);
}

const clustersOf = (given: Body): Body[] => [
  ...bodiesAt(given, "jobClusters").map((cluster) => newCluster(cluster)),
  ...bodiesAt(given, "tasks")
    .filter((task) => task.newCluster !== undefined)
    .map((task) => newCluster(task)),
];

const newCluster = (holder: Body): Body => {
  const cluster = holder.newCluster;
  return typeof cluster === "object" && cluster !== null && !Array.isArray(cluster) ? cluster : {};
};

function requireClusters(ctx: CallContext, given: Body): void {
  for (const cluster of clustersOf(given)) {
    const policyId = textAt(cluster, "policyId");
    if (!policyId || getInWorkspace(ctx, clusterPolicyFolder, policyId)) continue;
    throw plainError(400, "INVALID_PARAMETER_VALUE", `Can't find a cluster policy with id: ${policyId}.`);
  }
  for (const task of bodiesAt(given, "tasks")) {
    const clusterId = textAt(task, "existingClusterId");
    // all-purpose clusters are not simulated, so none can exist
    if (!clusterId) continue;
    throw plainError(400, "INVALID_PARAMETER_VALUE", `Cluster ${clusterId} does not exist.`);
  }
}

function checkJob(given: Body): InputFault[] {
  return [
    ...checkTasks(given),
    ...checkClusters(given),
    ...checkSchedule(given),
    ...oneOf(given, "performanceTarget", ["PERFORMANCE_OPTIMIZED", "STANDARD"]),
    ...oneOf(given, "editMode", ["EDITABLE", "UI_LOCKED"]),
  ];
}

function checkTasks(given: Body): InputFault[] {
  const tasks = bodiesAt(given, "tasks");
  const clusterKeys = bodiesAt(given, "jobClusters").map((cluster) => textAt(cluster, "jobClusterKey"));
  const taskKeys = tasks.map((task) => textAt(task, "taskKey"));
  const known = (key: string): boolean => isUnknown(key) || taskKeys.includes(key);
  return tasks.flatMap((task, index) => {
    const at = `tasks[${index}]`;
    const key = textAt(task, "taskKey");
    const cluster = textAt(task, "jobClusterKey");
    const faults: InputFault[] = [];
    if (!key) faults.push({ property: `${at}.taskKey`, reason: "missing required property 'taskKey'" });
    if (taskKeys.indexOf(key) !== index) {
      faults.push({ property: `${at}.taskKey`, reason: `duplicate task key '${key}'` });
    }
    if (cluster && !isUnknown(cluster) && !clusterKeys.includes(cluster)) {
      faults.push({ property: `${at}.jobClusterKey`, reason: `job cluster '${cluster}' is not defined` });
    }
    const lost = bodiesAt(task, "dependsOns")
      .map((d) => textAt(d, "taskKey"))
      .filter((d) => !known(d));
    return [
      ...faults,
      ...lost.map((d) => ({ property: `${at}.dependsOns`, reason: `task '${d}' is not defined` })),
    ];
  });
}

function checkClusters(given: Body): InputFault[] {
  return clustersOf(given).flatMap((cluster, index) => {
    const at = `jobClusters[${index}].newCluster`;
    const faults: InputFault[] = [];
    if (!textAt(cluster, "sparkVersion")) {
      faults.push({ property: `${at}.sparkVersion`, reason: "missing required property 'sparkVersion'" });
    }
    if (cluster.numWorkers !== undefined && cluster.autoscale !== undefined) {
      faults.push({ property: `${at}.autoscale`, reason: "autoscale and numWorkers exclude each other" });
    }
    return faults;
  });
}

function checkSchedule(given: Body): InputFault[] {
  if (given.schedule === undefined) return [];
  const missing = ["schedule.quartzCronExpression", "schedule.timezoneId"].filter(
    (path) => !textAt(given, path),
  );
  return [
    ...missing.map((path) => ({ property: path, reason: `missing required property '${path}'` })),
    ...oneOf(given, "schedule.pauseStatus", ["PAUSED", "UNPAUSED"]),
  ];
}
