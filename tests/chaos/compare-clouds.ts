/**
 * The simulated clouds compared with what the rows ask for and with what the engine's state says: three lists that
 * must tell of the same objects. What the clouds held before the first run is left out.
 */
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { CloudObject } from "../support/service.ts";
import { expectedThings } from "./expected-objects.ts";
import { type ExpectedThing, namedInWorkspace, thing, types } from "./things.ts";

export interface Checkpoint {
  readonly stack: string;
  readonly resources: readonly { readonly type: string; readonly id: string; readonly urn: string }[];
  /** e.g. `creating databricks:index/job:Job job` */
  readonly pending: readonly string[];
}

export interface Difference {
  /**
   * duplicate: two objects for one thing · orphan: an object that no spec or no state explains · missing: a spec or a
   * state has it, the clouds do not · differs: it holds something else than its spec says
   */
  readonly kind: "duplicate" | "orphan" | "missing" | "differs";
  readonly what: string;
}

export interface Compared {
  readonly objects: readonly CloudObject[];
  /** keys (`objectKey`) of what was there before the first run */
  readonly seeded: ReadonlySet<string>;
  readonly checkpoints: readonly Checkpoint[];
  readonly specs: readonly StackSpec[];
}

export const objectKey = ({ cloud, id }: Pick<CloudObject, "cloud" | "id">): string =>
  `${cloud} ${id.toLowerCase()}`;

/** Made by a cloud itself beside another object, and gone with it. */
const followers: Readonly<Record<string, (object: CloudObject) => string>> = {
  "azure-native:network:NetworkInterface": ({ id, name }) =>
    thing(
      types.endpoint,
      id.replace(/\/networkInterfaces\/.*$/i, `/privateEndpoints/${name.replace(/^nic-/, "")}`),
    ),
  "azure-native:databricks:PrivateEndpointConnection": ({ id }) => thing(types.workspace, parentOf(id)),
  "azure-native:keyvault:PrivateEndpointConnection": ({ id }) => thing(types.vault, parentOf(id)),
  "azure-native:sql:PrivateEndpointConnection": ({ id }) => thing("azure-native:sql:Server", parentOf(id)),
  "azure-native:sql:SystemDatabase": ({ id }) => thing("azure-native:sql:Server", parentOf(id)),
  "azure-native:storage:PrivateEndpointConnection": ({ id }) =>
    thing("azure-native:storage:StorageAccount", parentOf(id)),
  "azure-native:privatedns:PrivateRecordSet": ({ id }) => thing(types.zone, id.replace(/\/A\/[^/]*$/i, "")),
};

/** ARM bodies are shown flat or below `properties`, depending on the type. */
const fieldOf = ({ body }: CloudObject, key: string): string =>
  String(body[key] ?? (body.properties as Record<string, unknown> | undefined)?.[key]);

const parentOf = (id: string): string => id.split("/").slice(0, -2).join("/");

/** What an object is about. */
export function thingOf(object: CloudObject): string {
  const { type, id, name, scope } = object;
  switch (type) {
    case types.assignment: {
      const role = fieldOf(object, "roleDefinitionId").split("/").at(-1) ?? "";
      return thing(type, fieldOf(object, "scope"), role, fieldOf(object, "principalId"));
    }
    case types.group:
      return thing(type, name);
    case types.job:
      // A job can be renamed: the number that its name begins with is what it is about.
      return thing(type, scope, name.split(" ")[0] ?? name);
    default:
      return namedInWorkspace.includes(type) ? thing(type, scope, name) : thing(type, id);
  }
}

function holdsOf({ type, body }: CloudObject): readonly string[] {
  const list = (key: string): readonly unknown[] => (Array.isArray(body[key]) ? body[key] : []);
  switch (type) {
    case types.grant:
      return list("privileges").map(String).toSorted();
    case types.ipAccessList:
      return list("ipAddresses").map(String).toSorted();
    case types.permissions:
      return (list("accessControls") as Record<string, unknown>[])
        .map((each) => `${each.groupName ?? each.servicePrincipalName} ${each.permissionLevel}`)
        .toSorted();
    case types.job: {
      const [cluster] = list("jobClusters") as { newCluster: { autoscale: Record<string, number> } }[];
      const { minWorkers, maxWorkers } = cluster?.newCluster.autoscale ?? {};
      return [`${minWorkers} to ${maxWorkers} workers`];
    }
    case types.clusterPolicy: {
      const range = JSON.parse(String(body.definition))["autoscale.max_workers"] ?? {};
      return [`${range.minValue} to ${range.maxValue} workers`];
    }
    default:
      return [];
  }
}

/** Azure deletes no encryption scope: it is switched off. */
const isGone = (object: CloudObject): boolean =>
  object.type === types.encryptionScope && fieldOf(object, "state") === "Disabled";

export function compareClouds(compared: Compared): readonly Difference[] {
  const { seeded, checkpoints, specs } = compared;
  const objects = compared.objects.filter((object) => !isGone(object));
  const made = objects.filter((object) => !seeded.has(objectKey(object)));
  const byThing = Map.groupBy(made, thingOf);
  const identities = new Map(
    made.filter(({ type }) => type === types.identity).map((object) => [object.id.toLowerCase(), object]),
  );
  const expected = expectedThings(specs, (id) => {
    const identity = identities.get(id.toLowerCase());
    if (identity === undefined) return { principalId: "nobody", clientId: "nobody" };
    return { principalId: fieldOf(identity, "principalId"), clientId: fieldOf(identity, "clientId") };
  });
  return [
    ...duplicates(byThing),
    ...missingOrDifferent(expected, byThing),
    ...unexplained(made, { expected, things: new Set(objects.map(thingOf)), checkpoints }),
    ...goneFromClouds(checkpoints, objects),
  ];
}

function duplicates(byThing: ReadonlyMap<string, readonly CloudObject[]>): readonly Difference[] {
  return [...byThing].flatMap(([what, those]) =>
    those.length < 2
      ? []
      : [{ kind: "duplicate" as const, what: `${what}: ${those.map(({ id }) => id).join(", ")}` }],
  );
}

function missingOrDifferent(
  expected: readonly ExpectedThing[],
  byThing: ReadonlyMap<string, readonly CloudObject[]>,
): readonly Difference[] {
  return expected.flatMap(({ stack, thing: what, holds }): readonly Difference[] => {
    const found = byThing.get(what) ?? [];
    if (found.length === 0) return [{ kind: "missing", what: `${what}, which stack ${stack} asks for` }];
    const wanted = holds?.join(", ");
    return found
      .map((object) => ({ object, has: holdsOf(object).join(", ") }))
      .filter(({ has }) => wanted !== undefined && has !== wanted)
      .map(({ object, has }) => ({
        kind: "differs",
        what: `${object.type} ${object.id} holds ${has}; stack ${stack} asks for ${wanted}`,
      }));
  });
}

function unexplained(
  made: readonly CloudObject[],
  parts: {
    readonly expected: readonly ExpectedThing[];
    readonly things: ReadonlySet<string>;
    readonly checkpoints: readonly Checkpoint[];
  },
): readonly Difference[] {
  const asked = new Set(parts.expected.map((each) => each.thing));
  const inState = new Set(
    parts.checkpoints.flatMap(({ resources }) => resources.map(({ type, id }) => stateKey(type, id))),
  );
  return made.flatMap((object): readonly Difference[] => {
    const what = `${object.type} ${object.name} ${object.id}`;
    const leader = leaderOf(object, made);
    if (leader !== null)
      return parts.things.has(leader)
        ? []
        : [{ kind: "orphan", what: `${what}, whose ${leader} is not there` }];
    const faults = [
      ...(asked.has(thingOf(object)) ? [] : ["no row asks for it"]),
      ...(keysOf(object).some((key) => inState.has(key)) ? [] : ["no state has it"]),
    ];
    return faults.length === 0 ? [] : [{ kind: "orphan", what: `${what}: ${faults.join(", and ")}` }];
  });
}

/** The thing without which the object would not be there; null: it stands for itself. */
function leaderOf(object: CloudObject, made: readonly CloudObject[]): string | null {
  const follow = followers[object.type];
  if (follow !== undefined) return follow(object);
  if (object.type === "azuread:index/servicePrincipal:ServicePrincipal") {
    const [of] = Array.isArray(object.body.alternativeNames) ? object.body.alternativeNames.map(String) : [];
    const holder = made.find(({ id }) => id.toLowerCase() === of?.toLowerCase());
    return holder === undefined ? `whose identity ${object.name} was: ${of}` : thingOf(holder);
  }
  // Databricks fills a resource group of its own, and makes a storage account in it.
  if (object.type === types.resourceGroup || object.type === "azure-native:storage:StorageAccount") {
    const workspace = made.find(
      (other) =>
        other.type === types.workspace &&
        `${object.id}/`
          .toLowerCase()
          .startsWith(`${fieldOf(other, "managedResourceGroupId")}/`.toLowerCase()),
    );
    return workspace === undefined ? null : thingOf(workspace);
  }
  // Every job has an access list from its first moment; an empty one is nobody's doing.
  if (object.type === types.permissions && holdsOf(object).length === 0) {
    const id = object.id.replace("/permissions/", "/");
    const owner = made.find((other) => other.id === id);
    return owner === undefined ? `object ${id}` : thingOf(owner);
  }
  return null;
}

const stateKey = (type: string, id: string): string =>
  `${type} ${(type === types.ruleSet ? ruleSetOf(id) : id.replace(/^\//, "")).toLowerCase()}`;

/** State keeps the id in its workspace or metastore, the clouds' store the whole path: each end of it. */
function keysOf({ type, id, name }: CloudObject): readonly string[] {
  switch (type) {
    case types.serving:
      return [stateKey(type, name)];
    case types.legacyAccess:
      return [stateKey(type, "global")];
    case types.ruleSet:
      return [stateKey(type, id)];
    default: {
      const parts = id.replace(/^\//, "").split("/");
      return parts.map((_, index) => stateKey(type, parts.slice(index).join("/")));
    }
  }
}

/** The application that a rule set is about, from the store's id or from the state's. */
const ruleSetOf = (id: string): string => /(?:rule-sets|servicePrincipals)\/([^/]+)/.exec(id)?.[1] ?? id;

function goneFromClouds(
  checkpoints: readonly Checkpoint[],
  objects: readonly CloudObject[],
): readonly Difference[] {
  const there = new Set(objects.flatMap(keysOf));
  return checkpoints.flatMap(({ stack, resources }) =>
    resources
      .filter(({ type, id }) => !there.has(stateKey(type, id)))
      .map(({ type, id }) => ({
        kind: "missing" as const,
        what: `${type} ${id}, which the state of ${stack} has`,
      })),
  );
}
