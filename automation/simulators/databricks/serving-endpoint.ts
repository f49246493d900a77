/** A serving endpoint. The engine knows it by its name; its access list by an id of the service. */
import { matches } from "../check.ts";
import { plainError } from "../cloud-error.ts";
import { type Body, bodiesAt, isBody, isUnknown, textAt } from "../json.ts";
import type { CallContext, InputFault, ResourceType } from "../resource-type.ts";
import { randomHex } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { modelVersion } from "./model-version.ts";
import { doesNotExist, type ObjectCall, workspaceObject } from "./workspace-object.ts";
import { hostOf } from "./workspace-type.ts";

export const servingEndpointToken = "databricks:index/modelServing:ModelServing";
export const servingEndpointFolder = "serving-endpoints";

const byId = workspaceObject({
  token: servingEndpointToken,
  folder: servingEndpointFolder,
  title: "Endpoint",
  required: ["name"],
  replaceOn: [
    "name",
    "routeOptimized",
    "config.autoCaptureConfig.catalogName",
    "config.autoCaptureConfig.schemaName",
    "config.autoCaptureConfig.tableNamePrefix",
  ],
  computed: ["config", "config.servedEntities[*].name", "config.trafficConfig"],
  outputsOnly: ["state"],
  taken: (name) => `Endpoint with name '${name}' already exists.`,
  newId: () => randomHex(16),
  check: (inputs) => [
    ...matches(inputs, "name", {
      pattern: /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
      says: "an endpoint's name has up to 63 letters, digits, dashes and underscores",
    }),
    ...entitiesOf(inputs).flatMap(checkEntity),
  ],
  build: (call) => {
    for (const entity of entitiesOf(call.inputs)) requireEntity(call, entity);
    const name = textAt(call.inputs, "name");
    return {
      servingEndpointId: call.id,
      endpointUrl: `https://${call.host}/serving-endpoints/${name}/invocations`,
      config: withNames(call.inputs),
    };
  },
});

const asSeen = (name: string, body: Body): { id: string; body: Body } => ({ id: name, body });

export const modelServing: ResourceType = {
  ...byId,
  create: (ctx, inputs) => asSeen(textAt(inputs, "name"), byId.create(ctx, inputs).body),
  read: (ctx, name) => {
    const found = endpointNamed(ctx, name);
    return found && asSeen(name, found.body);
  },
  update: (ctx, change) => {
    const found = endpointNamed(ctx, change.id);
    if (!found) throw doesNotExist(`Endpoint with name '${change.id}'`);
    return byId.update(ctx, { ...change, id: textAt(found.body, "servingEndpointId") });
  },
  delete: (ctx, name) => {
    const found = endpointNamed(ctx, name);
    if (found) byId.delete(ctx, textAt(found.body, "servingEndpointId"));
  },
};

function endpointNamed(ctx: CallContext, name: string): CloudObject | undefined {
  const host = hostOf(ctx);
  return ctx.store.ofType(servingEndpointToken, name).find((endpoint) => endpoint.scope === host);
}

const entitiesOf = (inputs: Body): Body[] => bodiesAt(inputs, "config.servedEntities");

function checkEntity(entity: Body, index: number): InputFault[] {
  if (entity.externalModel !== undefined) return [];
  return ["entityName", "entityVersion"]
    .filter((key) => !isUnknown(entity[key]) && textAt(entity, key) === "")
    .map((key) => ({
      property: `config.servedEntities[${index}].${key}`,
      reason: `missing required property '${key}'`,
    }));
}

/** What is served must be there: a registered model, and that version of it. */
function requireEntity({ ctx }: ObjectCall, entity: Body): void {
  if (entity.externalModel !== undefined) return;
  const [model, version] = [textAt(entity, "entityName"), textAt(entity, "entityVersion")];
  if (modelVersion(ctx.store, model, version)) return;
  throw plainError(
    404,
    "RESOURCE_DOES_NOT_EXIST",
    `Model version does not exist: version ${version} of registered model '${model}'.`,
  );
}

/** The service names each served entity, and sends it all traffic where nobody says otherwise. */
function withNames(inputs: Body): Body {
  const config = isBody(inputs.config) ? inputs.config : {};
  const servedEntities = entitiesOf(inputs).map((entity) => ({
    ...entity,
    name:
      textAt(entity, "name") ||
      `${textAt(entity, "entityName").split(".").at(-1)}-${textAt(entity, "entityVersion")}`,
  }));
  if (servedEntities.length === 0) return config;
  const routes = servedEntities.map(({ name }) => ({
    servedModelName: name,
    trafficPercentage: Math.floor(100 / servedEntities.length),
  }));
  return { ...config, servedEntities, trafficConfig: config.trafficConfig ?? { routes } };
}
