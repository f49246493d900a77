/** The small rules that Data Factory's documents share: references, expressions, parameters, keys. */
import { type Body, isBody, type Json, textAt } from "../json.ts";
import type { InputFault } from "../resource-type.ts";
import type { TypeShape } from "./adf-shapes.ts";

export const fault = (property: string, reason: string): InputFault => ({ property, reason });

export const isWhole = (value: Json | undefined, least: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= least;

/** `{ value, type: "Expression" }`: how Data Factory marks what it has to evaluate. */
export const isExpression = (value: Json | undefined): value is Body & { value: string } =>
  isBody(value) && value.type === "Expression" && typeof value.value === "string";

export function unknownKeys(value: Body, known: readonly string[], path: string): InputFault[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => fault(`${path}.${key}`, `'${key}' is not a property here`));
}

export function shapeFaults(
  shape: TypeShape,
  properties: Json | undefined,
  { path, type }: { path: string; type: string },
): InputFault[] {
  if (properties === undefined && shape.needs.length === 0) return [];
  if (!isBody(properties)) return [fault(path, `a ${type} needs ${shape.needs.join(", ")}`)];
  const missing = shape.needs.filter((key) => properties[key] === undefined || properties[key] === null);
  return [
    ...missing.map((key) => fault(`${path}.${key}`, `a ${type} needs '${key}'`)),
    ...unknownKeys(properties, [...shape.needs, ...shape.takes], path),
  ];
}

/** The type that a reference under this key must have. */
const typeOfReference: Readonly<Record<string, string>> = {
  linkedServiceName: "LinkedServiceReference",
  dataset: "DatasetReference",
  inputs: "DatasetReference",
  outputs: "DatasetReference",
  pipeline: "PipelineReference",
  pipelineReference: "PipelineReference",
  connectVia: "IntegrationRuntimeReference",
  credential: "CredentialReference",
  managedVirtualNetwork: "ManagedVirtualNetworkReference",
};

/** Faults of the references that stand under `keys`; what is absent is no fault. */
export function referenceFaults(
  holder: Json | undefined,
  path: string,
  keys: readonly string[],
): InputFault[] {
  if (!isBody(holder)) return [];
  return keys.flatMap((key) => {
    const value = holder[key];
    if (value === undefined) return [];
    const wanted = typeOfReference[key] ?? "";
    const fits = textAt(value, "type") === wanted && textAt(value, "referenceName") !== "";
    return fits ? [] : [fault(`${path}.${key}`, `must be { referenceName, type: "${wanted}" }`)];
  });
}

const parameterTypes = ["object", "string", "int", "float", "bool", "array", "securestring"];

export function parameterFaults(parameters: Json | undefined, path: string): InputFault[] {
  if (parameters === undefined) return [];
  if (!isBody(parameters)) return [fault(path, "must be an object")];
  return Object.entries(parameters)
    .filter(([, parameter]) => !parameterTypes.includes(textAt(parameter, "type").toLowerCase()))
    .map(([name]) => fault(`${path}.${name}.type`, `must be one of ${parameterTypes.join(", ")}`));
}

/** `0.12:00:00` or `00:05:00`, in seconds; undefined when it is neither. */
export function timespanSeconds(text: string): number | undefined {
  const match = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})$/.exec(text);
  if (!match) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return hours < 24 && minutes < 60 && seconds < 60
    ? days * 86_400 + hours * 3600 + minutes * 60 + seconds
    : undefined;
}
