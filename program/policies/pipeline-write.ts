import { findGrantableRole } from "../layout/azure-roles.ts";
import { exceptableGuardrail } from "./pieces.ts";

const pipelineWrite = "Microsoft.DataFactory/factories/pipelines/write";

export const pipelineWriting = exceptableGuardrail(
  {
    id: "pipeline-write",
    invariant: "I2",
    title: "Nobody changes pipelines but this service",
    reason: "PipelineWrite",
    reference: "CKV_AZURE_39",
    fix: "Remove the permission: pipelines follow the rows of Pipeline_Settings, and run_pipeline starts them.",
  },
  (piece) => {
    if (piece.kind !== "role-assignment") return null;
    const role = findGrantableRole(piece.roleId, piece.scope);
    if (!role?.actions?.includes(pipelineWrite)) return null;
    return {
      subject: role.name,
      message:
        `Azure role ${role.name} may not be assigned: it has action ${pipelineWrite}, with which ` +
        "its holder can point a pipeline at a host of its own and take the factory's token there.",
    };
  },
);
