/** Where logs come in (endpoints), and what becomes of them (rules). */
import { hasUnknown, oneOf } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { at, type Body, bodiesAt, isBody, textAt, textsAt } from "../json.ts";
import { type InputFault, type ResourceType, randomHex } from "../resource-type.ts";
import { type ArmCall, armType, regionName, requireReference } from "./arm-type.ts";
import { columnsOf, logWorkspaceToken, tableOf } from "./log-analytics.ts";

export const collectionEndpointToken = "azure-native:monitor:DataCollectionEndpoint";
export const collectionRuleToken = "azure-native:monitor:DataCollectionRule";
const group =
  "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Insights";

export const dataCollectionEndpoint: ResourceType = armType({
  token: collectionEndpointToken,
  armType: "Microsoft.Insights/dataCollectionEndpoints",
  path: `${group}/dataCollectionEndpoints/{dataCollectionEndpointName}`,
  replaceOn: ["location"],
  outputsOnly: ["configurationAccess", "logsIngestion", "metricsIngestion", "immutableId"],
  check: (inputs) => [
    ...oneOf(inputs, "kind", ["Linux", "Windows"]),
    ...oneOf(inputs, "networkAcls.publicNetworkAccess", ["Enabled", "Disabled", "SecuredByPerimeter"]),
  ],
  build: ({ before, inputs, name }) => {
    const kept = before?.body ?? {};
    const host = `${name.toLowerCase()}-${randomHex(2)}.${regionName(textAt(inputs, "location"))}-1`;
    const endpoint = textAt(kept, "logsIngestion.endpoint") || `https://${host}.ingest.monitor.azure.com`;
    const at = (kind: string): Body => ({ endpoint: endpoint.replace(".ingest.", `.${kind}.`) });
    return {
      immutableId: textAt(kept, "immutableId") || `dce-${randomHex(16)}`,
      logsIngestion: { endpoint },
      configurationAccess: at("handler.control"),
      metricsIngestion: at("metrics.ingest"),
    };
  },
  release: (ctx, endpoint) => {
    const user = ctx.store
      .ofType(collectionRuleToken)
      .find(
        ({ body }) => textAt(body, "dataCollectionEndpointId").toLowerCase() === endpoint.id.toLowerCase(),
      );
    if (!user) return;
    throw armError(
      409,
      "Conflict",
      `Data collection endpoint ${endpoint.name} is used by data collection rule ${user.id}.`,
    );
  },
});

const streamTypes = ["string", "int", "long", "real", "boolean", "datetime", "dynamic"];

export const dataCollectionRule: ResourceType = armType({
  token: collectionRuleToken,
  armType: "Microsoft.Insights/dataCollectionRules",
  path: `${group}/dataCollectionRules/{dataCollectionRuleName}`,
  replaceOn: ["location"],
  outputsOnly: ["immutableId"],
  check: ruleFaults,
  build: (call) => {
    admitFlows(call);
    const endpoint = textAt(call.inputs, "dataCollectionEndpointId");
    if (endpoint) requireReference(call, endpoint, [collectionEndpointToken]);
    return { immutableId: textAt(call.before?.body, "immutableId") || `dcr-${randomHex(16)}` };
  },
});

const destinationsOf = (inputs: Body): ReadonlyMap<string, string> =>
  new Map(
    bodiesAt(inputs, "destinations.logAnalytics").map((destination) => [
      textAt(destination, "name"),
      textAt(destination, "workspaceResourceId"),
    ]),
  );

/** A stream's columns, by name. */
export const streamColumns = (rule: Body, stream: string): ReadonlyMap<string, string> | undefined => {
  const declared = isBody(rule.streamDeclarations) ? rule.streamDeclarations[stream] : undefined;
  return isBody(declared)
    ? new Map(bodiesAt(declared, "columns").map((column) => [textAt(column, "name"), textAt(column, "type")]))
    : undefined;
};

function ruleFaults(inputs: Body): InputFault[] {
  const { streamDeclarations, dataFlows, destinations } = inputs;
  if ([streamDeclarations, dataFlows, destinations].some(hasUnknown)) return [];
  const streams = isBody(streamDeclarations) ? streamDeclarations : {};
  const names = [...destinationsOf(inputs).keys()];
  const declared = Object.entries(streams).flatMap(([stream, declaration]) => {
    const path = `streamDeclarations.${stream}`;
    const columns = bodiesAt(declaration, "columns");
    return [
      ...(stream.startsWith("Custom-")
        ? []
        : [{ property: path, reason: "a declared stream's name starts with Custom-" }]),
      ...(columns.length > 0 ? [] : [{ property: path, reason: "a stream needs columns" }]),
      ...columns.flatMap((column) => oneOf(column, "type", streamTypes)),
    ];
  });
  const flows = bodiesAt(inputs, "dataFlows").flatMap((flow, index) => [
    ...textsAt(flow, "streams")
      .filter((stream) => streams[stream] === undefined)
      .map((stream) => ({
        property: `dataFlows[${index}].streams`,
        reason: `the stream '${stream}' is not declared`,
      })),
    ...textsAt(flow, "destinations")
      .filter((name) => !names.includes(name))
      .map((name) => ({
        property: `dataFlows[${index}].destinations`,
        reason: `the destination '${name}' is not declared`,
      })),
    ...transformFaults(flow, index),
  ]);
  return [...declared, ...flows];
}

function transformFaults(flow: Body, index: number): InputFault[] {
  const transform = at(flow, "transformKql");
  if (transform === undefined || transform === "source") return [];
  const property = `dataFlows[${index}].transformKql`;
  return [{ property, reason: "the simulated Monitor transforms nothing: leave it out, or say source" }];
}

/** The table that a flow ends in: its output stream names it, or the stream does. */
export const tableNameOf = (flow: Body, stream: string): string =>
  (textAt(flow, "outputStream") || stream).replace(/^Custom-/, "");

/** Azure looks at the table when the rule is made: it has to be there, with columns that fit. */
function admitFlows(call: ArmCall): void {
  const { ctx, inputs } = call;
  const destinations = destinationsOf(inputs);
  for (const workspace of destinations.values()) requireReference(call, workspace, [logWorkspaceToken]);
  for (const flow of bodiesAt(inputs, "dataFlows")) {
    for (const stream of textsAt(flow, "streams")) {
      for (const destination of textsAt(flow, "destinations")) {
        const name = tableNameOf(flow, stream);
        const table = tableOf(ctx.store, destinations.get(destination) ?? "", name);
        if (!table) {
          throw armError(
            400,
            "InvalidOutputTable",
            `Table for output stream 'Custom-${name}' is not available for destination '${destination}'.`,
          );
        }
        requireFit(streamColumns(inputs, stream) ?? new Map(), columnsOf(table.body), name);
      }
    }
  }
}

function requireFit(
  stream: ReadonlyMap<string, string>,
  table: ReadonlyMap<string, string>,
  name: string,
): void {
  if (!stream.has("TimeGenerated")) {
    throw armError(
      400,
      "InvalidTransformOutput",
      "The transform output must have a column 'TimeGenerated' of type datetime.",
    );
  }
  const wrong = [...stream].find(
    ([column, type]) => table.has(column) && table.get(column) !== type.toLowerCase(),
  );
  if (!wrong) return;
  const [column, produced] = wrong;
  throw armError(
    400,
    "InvalidTransformOutput",
    `Types of transform output columns do not match the ones defined by the output stream 'Custom-${name}': ${column} [produced:'${produced}', output:'${table.get(column)}'].`,
  );
}
