/**
 * What everything inside a factory shares: Data Factory's own JSON in the store, checked as a document, and
 * references that hold both ways: what is named must exist, and what is in use can't be deleted.
 */
import { hasUnknown } from "../check.ts";
import { armError } from "../cloud-error.ts";
import { type Body, isBody, type Json, omit, pick } from "../json.ts";
import type { CallContext, ResourceType } from "../resource-type.ts";
import type { CloudObject, Store } from "../store.ts";
import { adfDocumentFaults } from "./adf-document.ts";
import { type AdfKind, type AdfReference, flatten, referencesIn, unflatten } from "./adf-json.ts";
import { type ArmCall, armType } from "./arm-type.ts";
import { factoryPath } from "./data-factory.ts";

interface Kind {
  readonly token: string;
  /** segment of the id */
  readonly folder: string;
  readonly nameInput: string;
}

export const factoryKinds: Readonly<Record<AdfKind, Kind>> = {
  integrationRuntime: {
    token: "azure-native:datafactory:IntegrationRuntime",
    folder: "integrationRuntimes",
    nameInput: "integrationRuntimeName",
  },
  credential: {
    token: "azure-native:datafactory:CredentialOperation",
    folder: "credentials",
    nameInput: "credentialName",
  },
  linkedService: {
    token: "azure-native:datafactory:LinkedService",
    folder: "linkedservices",
    nameInput: "linkedServiceName",
  },
  dataset: { token: "azure-native:datafactory:Dataset", folder: "datasets", nameInput: "datasetName" },
  pipeline: { token: "azure-native:datafactory:Pipeline", folder: "pipelines", nameInput: "pipelineName" },
  trigger: { token: "azure-native:datafactory:Trigger", folder: "triggers", nameInput: "triggerName" },
};

/** A runtime that every factory has from its first moment. */
const builtInRuntime = "AutoResolveIntegrationRuntime";

interface ChildRules {
  /** inputs at the top that make up the document; absent: one input, `properties` */
  readonly spread?: readonly string[];
  readonly outputsOnly?: readonly string[];
  /** rules on the document beyond its own shape; throws what Azure would answer */
  admit?(call: ArmCall, properties: Body): void;
  /** computed properties, on the level of `properties` */
  extra?(call: ArmCall): Body;
  release?(ctx: CallContext, object: CloudObject): void;
}

export function factoryChild(kind: AdfKind, rules: ChildRules = {}): ResourceType {
  const { token, folder, nameInput } = factoryKinds[kind];
  const { spread } = rules;
  const flatOf = (inputs: Body): Body =>
    spread ? pick(inputs, spread) : isBody(inputs.properties) ? inputs.properties : {};
  const documentOf = (inputs: Body): Body => ({
    ...pick({ name: inputs[nameInput] ?? null }, typeof inputs[nameInput] === "string" ? ["name"] : []),
    properties: unflatten(kind, flatOf(inputs)),
  });
  return armType({
    token,
    armType: `Microsoft.DataFactory/factories/${folder}`,
    path: `${factoryPath}/${folder}/{${nameInput}}`,
    required: spread ? [] : ["properties", "properties.type"],
    outputsOnly: rules.outputsOnly ?? [],
    check: (inputs) => (hasUnknown(documentOf(inputs)) ? [] : adfDocumentFaults(kind, documentOf(inputs))),
    shape: {
      toStore: (inputs) => ({ properties: unflatten(kind, flatOf(inputs)) }),
      toSdk: (body) => {
        const { properties, ...rest } = body;
        const flat = flatten(kind, isBody(properties) ? properties : {});
        return spread ? { ...rest, ...flat } : { ...rest, properties: flat };
      },
    },
    build: (call) => {
      const properties = unflatten(kind, flatOf(call.inputs));
      requireReferences(call, properties);
      rules.admit?.(call, properties);
      const extra = rules.extra?.(call) ?? {};
      return { properties: { ...properties, ...extra } };
    },
    release: (ctx, object) => {
      refuseReferenced(ctx, kind, object);
      rules.release?.(ctx, object);
    },
  });
}

export const factoryIdOf = (id: string): string =>
  /^.*?\/Microsoft\.DataFactory\/factories\/[^/]+/i.exec(id)?.[0] ?? "";

export function documentIn(
  store: Store,
  factoryId: string,
  { to, name }: AdfReference,
): CloudObject | undefined {
  const folder = to === "managedNetwork" ? "managedVirtualNetworks" : factoryKinds[to].folder;
  return store.get("azure", `${factoryId}/${folder}/${name}`);
}

/** Names that a document refers to and the factory doesn't have. */
export function missingReferences(store: Store, factoryId: string, properties: Json): string[] {
  return referencesIn(properties)
    .filter(({ to, name }) => !(to === "integrationRuntime" && name === builtInRuntime))
    .filter((reference) => !documentIn(store, factoryId, reference))
    .map(({ name }) => name);
}

function requireReferences(call: ArmCall, properties: Body): void {
  const [missing] = missingReferences(call.ctx.store, factoryIdOf(call.id), properties);
  if (missing === undefined) return;
  throw armError(
    400,
    "BadRequest",
    `The document creation or update failed because of invalid reference '${missing}'.`,
  );
}

function refuseReferenced(ctx: CallContext, kind: AdfKind, object: CloudObject): void {
  const holder = ctx.store
    .below("azure", factoryIdOf(object.id))
    .filter((other) => other.id !== object.id)
    .find((other) =>
      referencesIn(omit(other.body, ["name"])).some(
        ({ to, name }) => to === kind && name.toLowerCase() === object.name.toLowerCase(),
      ),
    );
  if (!holder) return;
  throw armError(
    400,
    "BadRequest",
    `The document cannot be deleted since it is referenced by ${holder.name}.`,
  );
}
