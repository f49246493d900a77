import type { AccessSpec, JobSpec, StackSpec } from "../../metadata-schema/desired-state.ts";
import { grantableRoles } from "../layout/azure-roles.ts";
import { customRoleId, privateDnsZoneName, secretId } from "../layout/names.ts";
import { clusterPiece } from "./from-cluster.ts";
import { piecesOfValue } from "./from-values.ts";
import type { Piece } from "./pieces.ts";

/**
 * The pieces of a whole spec, so that a run whose spec breaks a guardrail ends before it registers its
 * first resource.
 */
export function piecesOfSpec(spec: StackSpec): Piece[] {
  return [...ownPieces(spec), ...piecesOfValue(spec, "the spec")];
}

function ownPieces(spec: StackSpec): Piece[] {
  switch (spec.kind) {
    case "access":
      return [
        ...spec.roleAssignments.map(({ scope, roleId }) => {
          const principalType = spec.principal.type;
          return { kind: "role-assignment", scope, roleId, principalType } as const;
        }),
        ...spec.unityGrants.map((grant) => ({ kind: "unity-grant", ...grant }) as const),
        ...dutyPieces(spec),
      ];
    case "acl":
      return spec.objects.flatMap((object) =>
        object.accessControls.map(({ principal, level }) => ({
          kind: "object-permission",
          object: `${object.type} ${object.id}`,
          principal: principal === "group" ? "group" : "service principal",
          level,
        })),
      );
    case "firewall":
      return [...(spec.service === "databricks" ? [spec.serviceAddress] : []), ...spec.ranges].map(
        (range) => ({ kind: "firewall-range", range, publicOnly: false }),
      );
    case "network":
      return spec.endpoints.map(({ name, groupId }) => ({
        kind: "private-endpoint",
        name,
        groupId,
        zone: privateDnsZoneName(spec.service),
      }));
    case "job":
      return jobPieces(spec);
    case "platform": {
      const { production, deletionProtection } = spec;
      return [{ kind: "environment", name: spec.environment.name, production, deletionProtection }];
    }
    case "workspace":
    case "runtimes":
      return [];
    default:
      return spec satisfies never;
  }
}

/** What rows of all jobs together let one principal do with the pipelines of each factory. */
export function dutyPieces({ production, principal, roleAssignments }: AccessSpec): Piece[] {
  const byScope = Map.groupBy(roleAssignments, ({ scope }) => scope.toLowerCase());
  return [...byScope].map(([scope, held]) => {
    const has = (id: string): boolean => held.some(({ roleId }) => roleId.toLowerCase() === id);
    const permissions = [
      ...(has(customRoleId("pipelineEditor", scope)) ? ["edit_pipeline"] : []),
      ...(has(customRoleId("pipelineOperator", scope)) ? ["run_pipeline"] : []),
    ];
    return {
      kind: "duties",
      production: production === true,
      principal: principal.displayName,
      permissions,
    };
  });
}

function jobPieces({ jobId, cluster, secrets, pipeline }: JobSpec): Piece[] {
  const { nodeType, sparkVersion, maxWorkers, autoTerminationMinutes } = cluster;
  const source = pipeline?.source ?? null;
  return [
    clusterPiece({
      name: `the cluster of job ${jobId}`,
      purpose: "interactive",
      nodeType,
      runtime: sparkVersion,
      maxWorkers,
      idleMinutes: autoTerminationMinutes,
    }),
    ...secrets.map(({ vaultId, secretName }) => ({
      kind: "role-assignment" as const,
      scope: secretId(vaultId, secretName),
      roleId: grantableRoles.keyVaultSecretsUser.id,
      principalType: "ServicePrincipal",
    })),
    ...(source === null
      ? []
      : [{ kind: "data-source" as const, name: source.name, type: source.type, host: source.host }]),
  ];
}
