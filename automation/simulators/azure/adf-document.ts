/**
 * Whether a raw document (`{ name, properties }`) is what Data Factory would take: shapes, names, and what a
 * document says about itself. Whether what it refers to exists is for the factory that it is put into.
 */
import { at, type Body, bodiesAt, isBody, type Json, textAt, textsAt } from "../json.ts";
import type { InputFault } from "../resource-type.ts";
import { activityFaults } from "./adf-activity.ts";
import type { AdfKind } from "./adf-json.ts";
import { datasetShapes, linkedServiceShapes, type TypeShape, triggerShapes } from "./adf-shapes.ts";
import { fault, isWhole, parameterFaults, referenceFaults, shapeFaults, unknownKeys } from "./adf-words.ts";

const nameRules: Readonly<Record<AdfKind, RegExp>> = {
  // Microsoft, "Naming rules": no dashes in the names of linked services and datasets
  linkedService: /^[A-Za-z][^.+?/<>*%&:\\-]{0,139}$/,
  dataset: /^[A-Za-z][^.+?/<>*%&:\\-]{0,139}$/,
  pipeline: /^[A-Za-z][^.+?/<>*%&:\\]{0,139}$/,
  trigger: /^[A-Za-z][^.+?/<>*%&:\\]{0,139}$/,
  integrationRuntime: /^(?=.{3,63}$)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/,
  credential: /^[A-Za-z0-9_][^<>*#.%&:\\+?/]{0,139}$/,
};

const rules: Readonly<Record<AdfKind, (properties: Body) => InputFault[]>> = {
  pipeline: pipelineFaults,
  linkedService: linkedServiceFaults,
  dataset: datasetFaults,
  trigger: triggerFaults,
  integrationRuntime: runtimeFaults,
  credential: credentialFaults,
};

/** All that is wrong with a document; empty: Data Factory would take it. */
export function adfDocumentFaults(kind: AdfKind, document: Json): InputFault[] {
  if (!isBody(document) || !isBody(document.properties)) {
    return [fault("properties", `a ${kind} is { name, properties }`)];
  }
  const { name, properties } = document;
  const badName = typeof name === "string" && !nameRules[kind].test(name);
  return [
    ...(badName ? [fault("name", `'${name}' is not a valid name of a ${kind}`)] : []),
    ...rules[kind](properties),
  ];
}

const pipelineKeys = [
  "activities",
  "annotations",
  "concurrency",
  "description",
  "folder",
  "parameters",
  "policy",
  "runDimensions",
  "variables",
];

function pipelineFaults(properties: Body): InputFault[] {
  const { activities, concurrency } = properties;
  const wrongConcurrency = concurrency !== undefined && !(isWhole(concurrency, 1) && concurrency <= 50);
  return [
    ...unknownKeys(properties, pipelineKeys, "properties"),
    ...parameterFaults(properties.parameters, "properties.parameters"),
    ...variableFaults(properties.variables),
    ...(wrongConcurrency ? [fault("properties.concurrency", "must be a whole number from 1 to 50")] : []),
    ...(activities === undefined || Array.isArray(activities)
      ? activityFaults(properties)
      : [fault("properties.activities", "must be a list")]),
  ];
}

function variableFaults(variables: Json | undefined): InputFault[] {
  if (variables === undefined) return [];
  if (!isBody(variables)) return [fault("properties.variables", "must be an object")];
  return Object.entries(variables)
    .filter(
      ([, variable]) => !["String", "Bool", "Boolean", "Array", "Integer"].includes(textAt(variable, "type")),
    )
    .map(([name]) => fault(`properties.variables.${name}.type`, "must be String, Boolean, Integer or Array"));
}

/** The shape of a typed document: its type known, its typeProperties those of the type. */
function typedFaults(
  properties: Body,
  shapes: Readonly<Record<string, TypeShape>>,
  outer: readonly string[],
): InputFault[] {
  const type = textAt(properties, "type");
  const shape = shapes[type];
  if (!shape) {
    return [
      fault("properties.type", `'${type}' is not simulated; known are ${Object.keys(shapes).join(", ")}`),
    ];
  }
  return [
    ...unknownKeys(properties, [...outer, "typeProperties"], "properties"),
    ...shapeFaults(shape, properties.typeProperties, { path: "properties.typeProperties", type }),
  ];
}

function linkedServiceFaults(properties: Body): InputFault[] {
  const outer = ["type", "version", "connectVia", "description", "parameters", "annotations"];
  return [
    ...typedFaults(properties, linkedServiceShapes, outer),
    ...parameterFaults(properties.parameters, "properties.parameters"),
    ...referenceFaults(properties, "properties", ["connectVia"]),
    ...referenceFaults(properties.typeProperties, "properties.typeProperties", ["credential"]),
  ];
}

function datasetFaults(properties: Body): InputFault[] {
  const outer = [
    "type",
    "description",
    "structure",
    "schema",
    "linkedServiceName",
    "parameters",
    "annotations",
    "folder",
  ];
  const location = at(properties, "typeProperties.location");
  const badLocation = location !== undefined && !/Location$/.test(textAt(location, "type"));
  return [
    ...typedFaults(properties, datasetShapes, outer),
    ...parameterFaults(properties.parameters, "properties.parameters"),
    ...(properties.linkedServiceName === undefined
      ? [fault("properties.linkedServiceName", "a dataset needs a linked service")]
      : referenceFaults(properties, "properties", ["linkedServiceName"])),
    ...(badLocation
      ? [
          fault(
            "properties.typeProperties.location.type",
            "must name a location, such as AzureBlobFSLocation",
          ),
        ]
      : []),
  ];
}

function triggerFaults(properties: Body): InputFault[] {
  const type = textAt(properties, "type");
  const isWindow = type === "TumblingWindowTrigger";
  const outer = ["type", "description", "runtimeState", "annotations", isWindow ? "pipeline" : "pipelines"];
  const started = isWindow
    ? [{ path: "properties.pipeline", value: properties.pipeline }]
    : bodiesAt(properties, "pipelines").map((value, index) => ({
        path: `properties.pipelines[${index}]`,
        value,
      }));
  return [
    ...typedFaults(properties, triggerShapes, outer),
    ...started.flatMap(({ path, value }) =>
      isBody(at(value, "pipelineReference"))
        ? referenceFaults(value, path, ["pipelineReference"])
        : [fault(path, "needs a pipelineReference")],
    ),
    ...(type === "ScheduleTrigger" ? recurrenceFaults(properties) : []),
    ...(isWindow ? windowFaults(properties) : []),
    ...(type === "BlobEventsTrigger" ? blobEventFaults(properties) : []),
  ];
}

const frequencies = ["Minute", "Hour", "Day", "Week", "Month", "Year"];

function recurrenceFaults(properties: Body): InputFault[] {
  const path = "properties.typeProperties.recurrence";
  const recurrence = at(properties, "typeProperties.recurrence");
  if (!isBody(recurrence)) return [fault(path, "must be an object")];
  const faults: InputFault[] = [];
  if (!frequencies.includes(textAt(recurrence, "frequency"))) {
    faults.push(fault(`${path}.frequency`, `must be one of ${frequencies.join(", ")}`));
  }
  if (!isWhole(recurrence.interval, 1)) {
    faults.push(fault(`${path}.interval`, "must be a whole number of at least 1"));
  }
  for (const key of ["startTime", "endTime"]) {
    const time = recurrence[key];
    if (time !== undefined && (typeof time !== "string" || Number.isNaN(Date.parse(time)))) {
      faults.push(fault(`${path}.${key}`, "must be a time such as 2026-01-01T00:00:00Z"));
    }
  }
  return faults;
}

function windowFaults(properties: Body): InputFault[] {
  const path = "properties.typeProperties";
  const faults: InputFault[] = [];
  const { frequency, interval, maxConcurrency } = isBody(properties.typeProperties)
    ? properties.typeProperties
    : {};
  if (!["Minute", "Hour", "Month"].includes(String(frequency))) {
    faults.push(fault(`${path}.frequency`, "must be Minute, Hour or Month"));
  }
  if (!isWhole(interval, frequency === "Minute" ? 5 : 1)) {
    faults.push(fault(`${path}.interval`, "must be a whole number of at least 1, and of at least 5 minutes"));
  }
  if (!(isWhole(maxConcurrency, 1) && maxConcurrency <= 50)) {
    faults.push(fault(`${path}.maxConcurrency`, "must be a whole number from 1 to 50"));
  }
  return faults;
}

function blobEventFaults(properties: Body): InputFault[] {
  const known = ["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobDeleted"];
  const wrong = textsAt(properties, "typeProperties.events").filter((event) => !known.includes(event));
  const path = "properties.typeProperties";
  const isPathless =
    !textAt(properties, `typeProperties.blobPathBeginsWith`) &&
    !textAt(properties, `typeProperties.blobPathEndsWith`);
  return [
    ...wrong.map((event) => fault(`${path}.events`, `'${event}' is not one of ${known.join(", ")}`)),
    ...(isPathless ? [fault(path, "needs one of blobPathBeginsWith and blobPathEndsWith")] : []),
  ];
}

function runtimeFaults(properties: Body): InputFault[] {
  const type = textAt(properties, "type");
  if (type === "Managed") {
    return referenceFaults(properties, "properties", ["managedVirtualNetwork"]);
  }
  if (type === "SelfHosted") return [];
  return [fault("properties.type", `'${type}' is not one of Managed, SelfHosted`)];
}

function credentialFaults(properties: Body): InputFault[] {
  const type = textAt(properties, "type");
  if (type !== "ManagedIdentity") {
    return [fault("properties.type", `'${type}' is not simulated; known is ManagedIdentity`)];
  }
  const hasId = textAt(properties, "typeProperties.resourceId") !== "";
  return hasId
    ? []
    : [fault("properties.typeProperties.resourceId", "must be the id of a user-assigned identity")];
}
