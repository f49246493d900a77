/** What a job's spec asks for. */
import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import * as names from "../../program/layout/names.ts";
import { identityId } from "./expected-platform.ts";
import { type Thing, there, thing, types } from "./things.ts";

/** Who an identity is, in the clouds. */
export interface IdentityIds {
  readonly principalId: string;
  readonly clientId: string;
}

const secretsUser = "4633458b-17de-408a-b874-0445c86b69e6";
const blobContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
const metricsPublisher = "3913510d-42f4-4e42-8a64-420c390055eb";

/** `identityOf` tells of an identity in the clouds by its ARM id. */
export function jobThings(spec: JobSpec, identityOf: (id: string) => IdentityIds): readonly Thing[] {
  const { environment, jobId, workspace } = spec;
  const identityName = names.workloadIdentityName(jobId);
  const identity = identityId(environment, identityName);
  const ids = identityOf(identity);
  const lake = names.lakeId(environment);
  const federation = `${identity}/federatedIdentityCredentials/external`;
  return [
    there(thing(types.identity, identity)),
    ...(spec.federation === null
      ? []
      : [there(thing("azure-native:managedidentity:FederatedIdentityCredential", federation))]),
    there(thing(types.principal, workspace.host, identityName)),
    ...(spec.accountId === null ? [] : [there(thing(types.ruleSet, `account/rule-sets/${ids.clientId}`))]),
    there(thing(types.experiment, workspace.host, names.experimentName(environment, jobId))),
    there(thing(types.encryptionScope, `${lake}/encryptionScopes/${names.containerName(jobId)}`)),
    there(thing("azure-native:storage:BlobContainer", names.containerId(environment, jobId))),
    there(
      thing(
        "databricks:index/externalLocation:ExternalLocation",
        `metastore/external-locations/${names.externalLocationName(environment, jobId)}`,
      ),
    ),
    ...(spec.ownsModel
      ? [there(thing("databricks:index/registeredModel:RegisteredModel", `metastore/models/${spec.model}`))]
      : []),
    ...computeThings(spec),
    ...rightsOf(spec, ids),
    ...pipelineThings(spec),
    ...alertThings(spec),
    ...driftThings(spec, ids),
  ];
}

function computeThings({ workspace, jobId, cluster, online, serving, urgent }: JobSpec): readonly Thing[] {
  const { host } = workspace;
  const workers = [`${cluster.minWorkers} to ${cluster.maxWorkers} workers`];
  const interactive = {
    thing: thing(types.clusterPolicy, host, names.interactivePolicyName(jobId)),
    holds: workers,
  };
  if (online)
    return serving === null
      ? [interactive]
      : [interactive, there(thing(types.serving, host, names.servingEndpointName(jobId)))];
  return [
    interactive,
    { thing: thing(types.clusterPolicy, host, names.clusterPolicyName(jobId)), holds: workers },
    { thing: thing(types.job, host, `job-${jobId}`), holds: workers },
    ...(urgent ? [there(thing(types.pool, host, names.instancePoolName(jobId)))] : []),
  ];
}

/** What the job's identity holds, and what opens its container to Unity Catalog. */
function rightsOf(spec: JobSpec, { principalId, clientId }: IdentityIds): readonly Thing[] {
  const { environment, jobId, secrets, catalog, schema, model, ownsModel } = spec;
  const assigned = (scope: string, role: string, principal: string): Thing =>
    there(thing(types.assignment, scope, role, principal));
  const container = names.containerId(environment, jobId);
  const grants = new Map<string, Set<string>>();
  const grant = (on: string, ...privileges: readonly string[]): void => {
    grants.set(on, new Set([...(grants.get(on) ?? []), ...privileges]));
  };
  grant(`catalog/${catalog}`, "USE_CATALOG");
  grant(`schema/${catalog}.${schema}`, "USE_SCHEMA", "CREATE_TABLE");
  if (!ownsModel) {
    const [itsCatalog, itsSchema] = model.split(".");
    grant(`catalog/${itsCatalog}`, "USE_CATALOG");
    grant(`schema/${itsCatalog}.${itsSchema}`, "USE_SCHEMA");
    grant(`model/${model}`, "EXECUTE");
  }
  const location = `external_location/${names.externalLocationName(environment, jobId)}`;
  grant(location, "READ_FILES", "WRITE_FILES");
  return [
    ...secrets.map(({ vaultId, secretName }) =>
      assigned(names.secretId(vaultId, secretName), secretsUser, principalId),
    ),
    assigned(container, blobContributor, principalId),
    assigned(container, blobContributor, spec.connectorPrincipalId),
    assigned(names.collectionRuleId(environment), metricsPublisher, principalId),
    ...[...grants].map(([on, privileges]) => ({
      thing: thing(types.grant, `metastore/grants/${on}/${clientId}`),
      holds: [...privileges].toSorted(),
    })),
  ];
}

function pipelineThings({ environment, jobId, pipeline }: JobSpec): readonly Thing[] {
  if (pipeline === null) return [];
  const factory = names.factoryId(environment);
  const inFactory = (type: string, path: string): Thing =>
    there(thing(`azure-native:datafactory:${type}`, `${factory}/${path}`));
  const source = pipeline.source;
  return [
    inFactory("Pipeline", `pipelines/${names.pipelineName(jobId)}`),
    ...(pipeline.trigger === null ? [] : [inFactory("Trigger", `triggers/${names.triggerName(jobId)}`)]),
    ...(source === null
      ? []
      : (["source", "sink"] as const).map((what) =>
          inFactory("Dataset", `datasets/${names.jobDatasetName(jobId, what, source.type)}`),
        )),
    // The environment's own lake has a linked service already.
    ...(source === null || source.host === null
      ? []
      : [inFactory("LinkedService", `linkedservices/${names.jobLinkedServiceName(jobId, source.type)}`)]),
  ];
}

function alertThings({ environment, jobId, alerts }: JobSpec): readonly Thing[] {
  const insights = `${names.resourceGroupId(environment)}/providers/Microsoft.Insights`;
  return alerts.flatMap((alert) => {
    if (alert.metric === "pipeline_failures")
      return [
        there(
          thing(
            "azure-native:monitor:MetricAlert",
            `${insights}/metricAlerts/${names.alertName(jobId, alert, "value")}`,
          ),
        ),
      ];
    const kinds = alert.missingData === "alert" ? (["value", "missing"] as const) : (["value"] as const);
    return kinds.map((what) =>
      there(
        thing(
          "azure-native:monitor:ScheduledQueryRule",
          `${insights}/scheduledQueryRules/${names.alertName(jobId, alert, what)}`,
        ),
      ),
    );
  });
}

function driftThings(spec: JobSpec, { clientId }: IdentityIds): readonly Thing[] {
  if (spec.driftWarehouseId === null) return [];
  const table = names.driftTableName(spec.catalog, spec.schema, spec.jobId);
  return [
    there(thing("databricks:index/sqlTable:SqlTable", `metastore/tables/${table}`)),
    there(thing("databricks:index/qualityMonitor:QualityMonitor", `metastore/quality-monitors/${table}`)),
    {
      thing: thing(types.grant, `metastore/grants/table/${table}/${clientId}`),
      holds: ["MODIFY", "SELECT"],
    },
  ];
}
