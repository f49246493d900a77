/**
 * What each permission of a row lets its group do, in words. Stated by itself, from what the tables promise: it
 * must not be made from program/layout/role-matrix.ts, which a comparison with this finds the faults of.
 */
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import {
  armPlace,
  clusterPolicyName,
  experimentName,
  factoryId,
  interactivePolicyName,
  metricsTableId,
  servingEndpointName,
  vaultId,
  warehouseName,
  workspaceId,
} from "../../program/layout/names.ts";
import { azureObject, entering, inWorkspace, securable, workspaceObject } from "./access-words.ts";

/** One thing that can be done, whoever does it. */
export interface Deed {
  readonly action: string;
  readonly object: string;
}

/** What a permission is asked for. */
export interface Place {
  readonly environment: EnvironmentFacts;
  readonly catalog: string;
  readonly schema: string;
  readonly jobId: number;
  /** name of its Databricks job */
  readonly jobName: string;
  readonly online: boolean;
  /** three-level name of the model that is meant */
  readonly model: string;
  readonly modelExists: boolean;
  /** whether the job's own objects are there */
  readonly jobStands: boolean;
  /** whether an online job has its endpoint by now */
  readonly serves: boolean;
}

/** What each role may ask for (docs/metadata-tables.md, Access_Policies). */
const askedBy: Readonly<Record<string, readonly string[]>> = {
  DataScientist: [
    ...["execute_inference", "read_model", "discover_model", "train_model", "track_experiment"],
    ...["view_experiment", "use_compute", "interactive_dev", "read_data", "view_monitoring"],
  ],
  Analyst: ["view_outputs", "view_monitoring"],
  DataEngineer: ["run_pipeline", "view_pipeline", "read_data", "view_monitoring"],
  MLEngineer: ["train_model"],
  SecurityAdmin: ["list_secrets"],
};
export const mayAsk = (role: string, permission: string): boolean =>
  Object.hasOwn(askedBy, role) && (askedBy[role]?.includes(permission) ?? false);

const can = (object: string, ...actions: readonly string[]): readonly Deed[] =>
  actions.map((action) => ({ action, object }));
const workspaceOf = ({ environment }: Place): string => armPlace(workspaceId(environment)).name;
const named = (kind: string, name: string, place: Place): string =>
  inWorkspace(kind, workspaceOf(place), name);

/** Whoever does anything in a workspace may enter it, and no more. */
export const enter = (place: Place): readonly Deed[] => can(workspaceObject(workspaceOf(place)), "use");

export const enterCatalog = (catalog: string): readonly Deed[] =>
  can(securable("catalog", catalog), entering("catalog"));
export const enterSchema = (catalog: string, schema: string): readonly Deed[] => [
  ...enterCatalog(catalog),
  ...can(securable("schema", `${catalog}.${schema}`), entering("schema")),
];

/** Reading a model and running it are one thing to Unity Catalog. */
export function useModel({ model, modelExists }: Pick<Place, "model" | "modelExists">): readonly Deed[] {
  const [catalog = "", schema = ""] = model.split(".");
  return [...enterSchema(catalog, schema), ...(modelExists ? can(securable("model", model), "execute") : [])];
}

const readTables = ({ catalog, schema }: Place): readonly Deed[] => [
  ...enterSchema(catalog, schema),
  ...can(securable("schema", `${catalog}.${schema}`), "select"),
];

export const experimentOf = (place: Place): string =>
  named("experiment", experimentName(place.environment, place.jobId), place);
export const policyOf = (place: Place): string =>
  named("cluster-policy", clusterPolicyName(place.jobId), place);
export const jobOf = (place: Place): string => named("job", place.jobName, place);

const own = (place: Place, deeds: readonly Deed[]): readonly Deed[] => (place.jobStands ? deeds : []);
const startJob = (place: Place): readonly Deed[] => can(jobOf(place), "view", "run");
const writeExperiment = (place: Place): readonly Deed[] =>
  own(place, can(experimentOf(place), "read", "edit"));
const onEndpoint = (place: Place, ...actions: readonly string[]): readonly Deed[] =>
  place.serves
    ? own(place, can(named("serving-endpoint", servingEndpointName(place.jobId), place), ...actions))
    : [];

type Meaning = (place: Place) => readonly Deed[] | "unavailable";

const onlyBatch =
  (deeds: (place: Place) => readonly Deed[]): Meaning =>
  (place) =>
    place.online ? "unavailable" : own(place, deeds(place));
const inside =
  (meaning: Meaning): Meaning =>
  (place) => {
    const deeds = meaning(place);
    return deeds === "unavailable" ? deeds : [...enter(place), ...deeds];
  };

const viewFactory = ["view-factory", "view-pipelines", "view-pipeline-runs"];

const meanings: Readonly<Record<string, Meaning>> = {
  execute_inference: inside((place) =>
    place.online ? onEndpoint(place, "view", "query") : own(place, startJob(place)),
  ),
  read_model: inside(useModel),
  discover_model: inside(({ model }) => can(securable("catalog", model.split(".")[0] ?? ""), "browse")),
  read_data: inside(readTables),
  view_outputs: inside((place) => [
    ...readTables(place),
    ...can(named("warehouse", warehouseName(place.environment), place), "use"),
  ]),
  use_compute: inside(onlyBatch((place) => can(policyOf(place), "use"))),
  interactive_dev: inside((place) =>
    own(place, can(named("cluster-policy", interactivePolicyName(place.jobId), place), "use")),
  ),
  train_model: inside(onlyBatch((place) => [...startJob(place), ...writeExperiment(place)])),
  track_experiment: inside(writeExperiment),
  view_experiment: inside((place) => own(place, can(experimentOf(place), "read"))),
  view_monitoring: inside((place) => [
    ...can(azureObject(metricsTableId(place.environment)), "read-logs", "view-logs", "query-logs"),
    ...(place.online ? onEndpoint(place, "view") : own(place, can(jobOf(place), "view"))),
  ]),
  list_secrets: ({ environment }) =>
    can(
      azureObject(vaultId(environment)),
      ...["list-secrets", "view-secrets", "list-keys", "list-certificates", "view-access"],
    ),
  view_pipeline: ({ environment }) =>
    can(
      azureObject(factoryId(environment)),
      ...viewFactory,
      ...["view-connections", "view-triggers", "view-access"],
    ),
  run_pipeline: ({ environment }) =>
    can(azureObject(factoryId(environment)), ...viewFactory, "run-pipelines", "stop-pipeline-runs"),
};

/** What a permission lets its holder do; "unavailable": no row can give it, or not for such a job. */
export const meaningOf = (permission: string, place: Place): readonly Deed[] | "unavailable" =>
  (Object.hasOwn(meanings, permission) && meanings[permission]?.(place)) || "unavailable";

/** Permissions that are about a model. */
export const isAboutModel = (permission: string): boolean =>
  permission === "read_model" || permission === "discover_model";
