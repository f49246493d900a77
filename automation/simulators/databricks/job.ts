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
import { readSettings } from "../settings.ts";
import { requireClusters } from "./job-clusters.ts";
import { dropPermissions, kindOfFolder, type ObjectKind, putPermissions } from "./permissions-store.ts";
import { clustersOf } from "./policy-rules.ts";
import { mayUse } from "./rule-set.ts";
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

/** A job keeps its id through every edit: nothing replaces it. */
export const job: ResourceType = {
  ...typeDefaults,
  token: jobToken,
  cloud: "databricks",
  outputsOnly: ["url", "format"],
  computed: ["runAs"],
  check: checkJob,
  create: (ctx, given) => {
    const id = randomDigits(15);
    const made = put(ctx, id, given);
    putPermissions(ctx, hostOf(ctx), {
      kind: kindOfFolder(jobFolder) as ObjectKind,
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
  if (application) {
    requireServicePrincipal(ctx, host, application);
    requireUse(ctx, application);
  }
  if (user) requireUser(ctx, user);
}

/** Whoever lets a job run as a service principal must be a user of it, where the tenant asks for that. */
function requireUse(ctx: CallContext, application: string): void {
  const { deployerId } = ctx.tenant;
  if (
    !readSettings(ctx.store).requireServicePrincipalUser ||
    application === deployerId ||
    mayUse(ctx, application)
  )
    return;
  throw plainError(
    403,
    "PERMISSION_DENIED",
    `User ${deployerId} does not have permission to use service principal ${application} as run_as: it needs the role roles/servicePrincipal.user on it.`,
  );
}

function checkJob(given: Body): InputFault[] {
  return [
    ...checkTasks(given),
    ...checkClusters(given),
    ...oneOf(given, "schedule.pauseStatus", ["PAUSED", "UNPAUSED"]),
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
