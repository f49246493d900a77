/**
 * The simulated clouds compared with what the rows ask for and with what the engine's state says: three lists that
 * must tell of the same objects. What the clouds held before the first run is left out.
 */
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { CloudObject } from "../support/service.ts";
import { type ExpectedThing, expectedThings, thing, types } from "./expected-objects.ts";

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
  "azure-native:keyvault:PrivateEndpointConnection": ({ id }) =>
    thing("azure-native:keyvault:Vault", parentOf(id)),
  "azure-native:privatedns:PrivateRecordSet": ({ id }) =>
    thing("azure-native:privatedns:PrivateZone", id.replace(/\/A\/[^/]*$/i, "")),
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
    case types.principal:
    case types.clusterPolicy:
    case types.ipAccessList:
      return thing(type, scope, name);
    default:
      return thing(type, id);
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
        .map(({ groupName, permissionLevel }) => `${groupName} ${permissionLevel}`)
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

export function compareClouds({ objects, seeded, checkpoints, specs }: Compared): readonly Difference[] {
  const made = objects.filter((object) => !seeded.has(objectKey(object)));
  const byThing = Map.groupBy(made, thingOf);
  const identities = new Map(
    made
      .filter(({ type }) => type === types.identity)
      .map((object) => [object.id.toLowerCase(), fieldOf(object, "principalId")]),
  );
  const expected = expectedThings(specs, (id) => identities.get(id.toLowerCase()) ?? "nobody");
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
  if (object.type === "azuread:index/servicePrincipal:ServicePrincipal") {
    const identity = made.find(({ type, name }) => type === types.identity && name === object.name);
    return identity === undefined ? `identity ${object.name}` : thingOf(identity);
  }
  if (follow !== undefined) return follow(object);
  if (object.type === types.resourceGroup) {
    const workspace = made.find(
      (other) =>
        other.type === types.workspace &&
        fieldOf(other, "managedResourceGroupId").toLowerCase() === object.id.toLowerCase(),
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

const stateKey = (type: string, id: string): string => `${type} ${id.replace(/^\//, "").toLowerCase()}`;

/** State keeps the id in its workspace or metastore, the clouds' store the whole path: each end of it. */
function keysOf({ type, id }: CloudObject): readonly string[] {
  const parts = id.replace(/^\//, "").split("/");
  return parts.map((_, index) => stateKey(type, parts.slice(index).join("/")));
}

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
