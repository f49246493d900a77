import { RegisteredModel } from "@pulumi/databricks/registeredModel.js";
import { type CustomResourceOptions, type Input, RunError } from "@pulumi/pulumi";
import type { JobSpec } from "../../metadata-schema/desired-state.ts";

/**
 * The model that a job has of its own. Only an owner may add versions, so the job's identity is the owner.
 * @param owner application id of that identity
 */
export function ownModel({ model, jobId }: JobSpec, owner: Input<string>, opts: CustomResourceOptions) {
  const [catalogName, schemaName, name, ...rest] = model.split(".");
  if (!catalogName || !schemaName || !name || rest.length > 0) {
    throw new RunError(`"${model}" is not a Unity Catalog name; write catalog.schema.model.`);
  }
  const comment = `Model of job ${jobId}`;
  return new RegisteredModel("model", { catalogName, schemaName, name, owner, comment }, opts);
}
