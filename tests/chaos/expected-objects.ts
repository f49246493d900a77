/**
 * What the specs ask for, as things: each is named by what it is about, not by the id that a cloud gave it, so that
 * two objects for one thing can be told. Written beside the program and not with it: it would repeat its faults.
 */
import type {
  AccessSpec,
  AclObjectType,
  AclSpec,
  FirewallSpec,
  StackSpec,
} from "../../metadata-schema/desired-state.ts";
import * as names from "../../program/layout/names.ts";
import { type IdentityIds, jobThings } from "./expected-job.ts";
import { platformThings, workspaceThings } from "./expected-platform.ts";
import { type ExpectedThing, endpointThings, type Thing, there, thing, types } from "./things.ts";

/** `identityOf` tells of an identity in the clouds by its ARM id. */
export const expectedThings = (
  specs: readonly StackSpec[],
  identityOf: (id: string) => IdentityIds,
): readonly ExpectedThing[] =>
  specs.flatMap((spec) => thingsOf(spec, identityOf).map((each) => ({ stack: spec.stack, ...each })));

function thingsOf(spec: StackSpec, identityOf: (id: string) => IdentityIds): readonly Thing[] {
  switch (spec.kind) {
    case "platform":
      return platformThings(spec);
    case "workspace":
      return workspaceThings(spec);
    case "runtimes":
      return spec.runtimes.map(({ name }) =>
        there(thing("azure-native:datafactory:IntegrationRuntime", names.runtimeId(spec.environment, name))),
      );
    case "network":
      return spec.endpoints.flatMap(({ name }) =>
        endpointThings(names.privateEndpointId(spec.environment, name)),
      );
    case "firewall":
      return firewallThings(spec);
    case "job":
      return jobThings(spec, identityOf);
    case "access":
      return accessThings(spec);
    case "acl":
      return aclThings(spec);
    default:
      return spec satisfies never;
  }
}

function firewallThings(spec: FirewallSpec): readonly Thing[] {
  if (spec.service === "sql")
    return [...new Set(spec.ranges)].map((range) =>
      there(
        thing(
          "azure-native:sql:FirewallRule",
          `${names.sqlServerId(spec.environment)}/firewallRules/${names.sqlFirewallRuleName(range)}`,
        ),
      ),
    );
  return [
    {
      thing: thing(types.ipAccessList, spec.workspace.host, `rowgate-${spec.environment.name}`),
      holds: [...new Set([spec.serviceAddress, ...spec.ranges])].toSorted(),
    },
    there(thing(types.workspaceConf, `${spec.workspace.host}/workspace-conf/_`)),
  ];
}

const accessThings = (spec: AccessSpec): readonly Thing[] => [
  ...(spec.workspaceMember
    ? [there(thing(types.member, spec.workspace.host, spec.principal.displayName))]
    : []),
  ...spec.roleAssignments.map(({ scope, roleId }) =>
    there(thing(types.assignment, scope, roleId, spec.principal.objectId)),
  ),
  ...spec.unityGrants.map(({ securable, name, privileges }) => ({
    thing: thing(types.grant, `metastore/grants/${securable}/${name}/${spec.principal.displayName}`),
    holds: privileges.toSorted(),
  })),
];

/** Where a workspace keeps objects of each type. */
const folders = {
  "cluster-policy": "cluster-policies",
  "interactive-policy": "cluster-policies",
  experiment: "experiments",
  "instance-pool": "instance-pools",
  job: "jobs",
  "serving-endpoint": "serving-endpoints",
  warehouse: "sql/warehouses",
} as const satisfies Record<AclObjectType, string>;

const aclThings = ({ workspace, objects }: AclSpec): readonly Thing[] =>
  objects.map(({ type, id, accessControls }) => ({
    thing: thing(types.permissions, `${workspace.host}/permissions/${folders[type]}/${id}`),
    holds: accessControls.map(({ name, level }) => `${name} ${level}`).toSorted(),
  }));
