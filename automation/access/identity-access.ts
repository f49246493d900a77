/** What the identities of workloads can do, in words: each job's own, the factory's, and Unity Catalog's way into the lake. */
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import type { DataSourceRow } from "../../metadata-schema/rows.ts";
import {
  accessConnectorId,
  armPlace,
  collectionRuleId,
  containerId,
  driftTableName,
  externalLocationName,
  factoryIdentityName,
  instancePoolName,
  lakeId,
  resourceGroupId,
  workloadIdentityName,
  workspaceId,
} from "../../program/layout/names.ts";
import { azureObject, inWorkspace, securable, workspaceObject } from "./access-words.ts";
import {
  type Deed,
  enter,
  enterSchema,
  experimentOf,
  jobOf,
  type Place,
  policyOf,
  useModel,
} from "./permission-meaning.ts";

const identityId = (environment: EnvironmentFacts, name: string): string =>
  `${resourceGroupId(environment)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
/** ARM ids of those that have an identity. */
export const identityOf = (environment: EnvironmentFacts, jobId: number): string =>
  identityId(environment, workloadIdentityName(jobId));
export const factoryOf = (environment: EnvironmentFacts): string =>
  identityId(environment, factoryIdentityName(environment));
export const connectorOf = accessConnectorId;

const can = (object: string, ...actions: readonly string[]): readonly Deed[] =>
  actions.map((action) => ({ action, object }));

const readBlobs = ["read-blobs", "view-container", "sign-blob-links"];
const readSecret = (id: string): readonly Deed[] => can(azureObject(id), "read-secret", "list-secrets");

/** All files of the job's container, and the container itself. */
const useContainer = ({ environment, jobId }: Place): readonly Deed[] =>
  can(
    azureObject(containerId(environment, jobId)),
    ...readBlobs,
    ...["write-blobs", "add-blobs", "move-blobs", "delete-blobs", "change-container", "delete-container"],
  );

/** A job runs as itself, by its own policy, on machines of its own pool if it is urgent. */
function runAsItself(place: Place, urgent: boolean): readonly Deed[] {
  if (place.online) return [];
  const { name: workspace } = armPlace(workspaceId(place.environment));
  const pool = inWorkspace("instance-pool", workspace, instancePoolName(place.jobId));
  return [
    ...can(jobOf(place), "is-run-by"),
    ...can(policyOf(place), "use"),
    ...(urgent ? can(pool, "attach") : []),
  ];
}

/** Of a model of its own it is the owner, who may do everything with it. */
function withModel(place: Place, ownsModel: boolean): readonly Deed[] {
  if (!ownsModel) return useModel(place);
  return can(securable("model", place.model), "own", "manage", "execute", "apply-tag");
}

/** What a job's identity can do, and for the sake of what. */
export const jobDeeds = {
  always: (
    place: Place,
    { ownsModel, urgent }: { readonly ownsModel: boolean; readonly urgent: boolean },
  ): readonly Deed[] => [
    ...enter(place),
    ...can(experimentOf(place), "read", "edit"),
    ...runAsItself(place, urgent),
    ...enterSchema(place.catalog, place.schema),
    ...can(securable("schema", `${place.catalog}.${place.schema}`), "create-table"),
    ...withModel(place, ownsModel),
    ...can(
      securable("external-location", externalLocationName(place.environment, place.jobId)),
      ...["read-files", "write-files"],
    ),
    ...useContainer(place),
    ...can(azureObject(collectionRuleId(place.environment)), ...["publish-metrics", "publish-telemetry"]),
  ],
  container: useContainer,
  secret: readSecret,
  /** of an alert on drift: it writes its predictions where they are watched */
  drift: ({ catalog, schema, jobId }: Place): readonly Deed[] =>
    can(securable("table", driftTableName(catalog, schema, jobId)), "select", "modify"),
};

/** What the identity of a factory can do: enter the workspace, and what each pipeline needs. */
export const factoryDeeds = {
  always: (environment: EnvironmentFacts): readonly Deed[] =>
    can(workspaceObject(armPlace(workspaceId(environment)).name), "use"),
  forPipeline: (
    place: Place,
    source: DataSourceRow | null,
    /** ARM id of the secret that opens the source; null: none does */
    secret: string | null,
  ): readonly Deed[] => {
    const container = source?.host === null ? source.database_name : null;
    const from = `${lakeId(place.environment)}/blobServices/default/containers/${container}`;
    return [
      ...(place.online ? [] : can(jobOf(place), "view", "run")),
      ...useContainer(place),
      ...(secret === null ? [] : readSecret(secret)),
      ...(container === null ? [] : can(azureObject(from), ...readBlobs)),
    ];
  },
};
