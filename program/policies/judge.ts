import type { GuardrailException } from "../../metadata-schema/desired-state.ts";
import { assignmentScope } from "./assignment-scope.ts";
import { clusterIdleTime } from "./cluster-idle-time.ts";
import { clusterIsolation } from "./cluster-isolation.ts";
import { clusterMachine } from "./cluster-machine.ts";
import { clusterPolicy } from "./cluster-policy.ts";
import { clusterRuntime } from "./cluster-runtime.ts";
import { clusterSpot } from "./cluster-spot.ts";
import { clusterWorkers } from "./cluster-workers.ts";
import { customRoleActions } from "./custom-role-actions.ts";
import { deletionProtection } from "./deletion-protection.ts";
import { deniedAzureRole } from "./denied-azure-role.ts";
import { diagnostics } from "./diagnostics.ts";
import { endpointOfService } from "./endpoint-of-service.ts";
import { endpointZone } from "./endpoint-zone.ts";
import { firewallDefault } from "./firewall-default.ts";
import { initScripts } from "./init-scripts.ts";
import { knownPermission } from "./known-permission.ts";
import { linkedService } from "./linked-service.ts";
import { managementLevel } from "./management-level.ts";
import { ownEnvironment } from "./own-environment.ts";
import { permissionInRole } from "./permission-in-role.ts";
import { type Guardrail, isSetAside, type Piece, type Verdict } from "./pieces.ts";
import { pipelineWriting } from "./pipeline-write.ts";
import { principalType } from "./principal-type.ts";
import { publicAccess } from "./public-access.ts";
import { rangeForm } from "./range-form.ts";
import { rangeOfCallers } from "./range-of-callers.ts";
import { rangeWidth } from "./range-width.ts";
import { secretOutput } from "./secret-output.ts";
import { secretResource } from "./secret-resource.ts";
import { secretText } from "./secret-text.ts";
import { separateDuties } from "./separate-duties.ts";
import { sourceAddress } from "./source-address.ts";
import { sqlAuditing } from "./sql-auditing.ts";
import { sqlSignIn } from "./sql-sign-in.ts";
import { storageAccess } from "./storage-access.ts";
import { storageSoftDelete } from "./storage-soft-delete.ts";
import { subnetClosed } from "./subnet-closed.ts";
import { tagsPresent } from "./tags-present.ts";
import { transport } from "./transport.ts";
import { unityPrivileges } from "./unity-privileges.ts";
import { vaultProtection } from "./vault-protection.ts";
import { webActivity } from "./web-activity.ts";
import { workspaceClosed } from "./workspace-closed.ts";
import { workspaceSettings } from "./workspace-settings.ts";

/** In the order of the catalogue's invariants; of several faults of one row the first gives the reason. */
export const guardrails: readonly Guardrail[] = [
  knownPermission,
  permissionInRole,
  deniedAzureRole,
  assignmentScope,
  principalType,
  customRoleActions,
  pipelineWriting,
  rangeForm,
  rangeWidth,
  rangeOfCallers,
  publicAccess,
  endpointZone,
  endpointOfService,
  firewallDefault,
  transport,
  workspaceClosed,
  workspaceSettings,
  storageAccess,
  storageSoftDelete,
  vaultProtection,
  secretResource,
  secretText,
  secretOutput,
  sqlSignIn,
  sqlAuditing,
  clusterPolicy,
  clusterMachine,
  clusterRuntime,
  clusterWorkers,
  clusterIdleTime,
  clusterIsolation,
  clusterSpot,
  initScripts,
  unityPrivileges,
  managementLevel,
  separateDuties,
  subnetClosed,
  diagnostics,
  deletionProtection,
  linkedService,
  webActivity,
  sourceAddress,
  ownEnvironment,
  tagsPresent,
];

/** @param id as rows of Guardrail_Exceptions name it */
export const findGuardrail = (id: string): Guardrail | undefined => guardrails.find((rule) => rule.id === id);

/** Every guardrail's verdict on a piece; empty: the piece may pass. */
export const judge = (piece: Piece): Verdict[] =>
  guardrails.map((rule) => rule.judge(piece)).filter((verdict) => verdict !== null);

/** Verdicts that no exception sets aside. */
export const unexcepted = (
  verdicts: readonly Verdict[],
  exceptions: readonly GuardrailException[],
): readonly Verdict[] =>
  verdicts.filter((verdict) => !exceptions.some((exception) => isSetAside(verdict, exception)));
