/** What a factory holds: runtimes, credentials, linked services, datasets, pipelines and triggers. */
import { armError } from "../cloud-error.ts";
import { at, type Body, type Json, textAt } from "../json.ts";
import type { CallContext, ResourceType } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { type ArmCall, regionName } from "./arm-type.ts";
import { factoryChild, factoryIdOf, missingReferences } from "./data-factory-child.ts";

export const integrationRuntime: ResourceType = factoryChild("integrationRuntime", {
  outputsOnly: ["state"],
  admit: requireRegion,
  // a self-hosted runtime is Online once a machine has registered: one that stands ready, or one that a person says so of
  extra: ({ ctx, name, before, inputs }) => {
    const isManaged = textAt(inputs, "properties.type") !== "SelfHosted";
    const isReady = isManaged || ctx.tenant.selfHostedNodes.includes(name);
    return { state: textAt(before?.body, "properties.state") || (isReady ? "Online" : "NeedRegistration") };
  },
});

/** Microsoft: a runtime in the managed network runs where its factory is. */
function requireRegion(call: ArmCall, properties: Body): void {
  if (properties.managedVirtualNetwork === undefined) return;
  const asked = textAt(properties, "typeProperties.computeProperties.location") || "AutoResolve";
  const factory = call.ctx.store.get("azure", factoryIdOf(call.id));
  const region = textAt(factory?.body, "location");
  if (regionName(asked) === "autoresolve" || regionName(asked) === regionName(region)) return;
  throw armError(
    400,
    "BadRequest",
    `The location '${asked}' of integration runtime ${call.name} is not valid: a runtime in a managed virtual network is in the region of its factory, ${region}.`,
  );
}

/** The answer to `getStatus` of a runtime. */
export function runtimeStatus(runtime: CloudObject): Body {
  const type = textAt(runtime.body, "properties.type");
  return {
    name: runtime.name,
    properties: {
      type,
      dataFactoryName: factoryIdOf(runtime.id).split("/").at(-1) ?? "",
      state: textAt(runtime.body, "properties.state"),
      typeProperties:
        type === "SelfHosted"
          ? { createTime: runtime.createdAt, nodes: [], autoUpdate: "On" }
          : { createTime: runtime.createdAt },
    },
  };
}

export const credential: ResourceType = factoryChild("credential");
export const linkedService: ResourceType = factoryChild("linkedService", { admit: refuseOtherType });
export const dataset: ResourceType = factoryChild("dataset", { admit: refuseOtherType });

/** What has a name keeps its type as long as it is there. */
function refuseOtherType({ before, name }: ArmCall, properties: Body): void {
  const [old, wanted] = [textAt(before?.body, "properties.type"), textAt(properties, "type")];
  if (before === undefined || old === wanted) return;
  throw armError(400, "BadRequest", `The type of '${name}' cannot be changed from '${old}' to '${wanted}'.`);
}

export const pipeline: ResourceType = factoryChild("pipeline", {
  spread: [
    "activities",
    "annotations",
    "concurrency",
    "description",
    "folder",
    "parameters",
    "policy",
    "runDimensions",
    "variables",
  ],
});

const runtimeStatePath = "properties.runtimeState";
export const isStarted = (trigger: CloudObject): boolean =>
  textAt(trigger.body, runtimeStatePath) === "Started";

/** A trigger is Stopped when it is made; only `start` starts it, and what is started can't be changed. */
export const trigger: ResourceType = factoryChild("trigger", {
  outputsOnly: ["runtimeState"],
  admit: ({ before }) => {
    if (before) refuseStarted(before);
  },
  extra: () => ({ runtimeState: "Stopped" }),
  release: (_ctx, gone) => refuseStarted(gone),
});

function refuseStarted(trigger: CloudObject): void {
  if (!isStarted(trigger)) return;
  throw armError(
    400,
    "TriggerEnabledCannotUpdate",
    "Cannot update enabled Trigger; the trigger needs to be disabled first. ",
  );
}

/** `start` and `stop`. Starting what is started, and stopping what is stopped, changes nothing. */
export function switchTrigger(ctx: CallContext, trigger: CloudObject, to: "Started" | "Stopped"): void {
  const properties = at(trigger.body, "properties") as Body;
  if (to === "Started") {
    const [missing] = missingReferences(ctx.store, factoryIdOf(trigger.id), properties);
    if (missing !== undefined) throw refusedStart(trigger, `its pipeline '${missing}' does not exist`);
    if (startedBy(properties) === 0) throw refusedStart(trigger, "it names no pipeline");
  }
  ctx.store.put({ ...trigger, body: { ...trigger.body, properties: { ...properties, runtimeState: to } } });
}

const startedBy = (properties: Body): number => {
  const { pipelines, pipeline: only }: { pipelines?: Json; pipeline?: Json } = properties;
  return only !== undefined ? 1 : Array.isArray(pipelines) ? pipelines.length : 0;
};

const refusedStart = (trigger: CloudObject, why: string) =>
  armError(400, "BadRequest", `Trigger ${trigger.name} can't be started: ${why}.`);
