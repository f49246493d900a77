/** Whether a model that rows name is there to be used. */
import type { Piece } from "../../program/policies/pieces.ts";
import type { JobContext } from "./job-context.ts";
import { blocked, type Refusal, waiting } from "./outcome.ts";

const threeLevels = /^[^.\s/]+\.[^.\s/]+\.[^.\s/]+$/;

/** A model is its environment's if it is in the environment's catalog, or if its row in Models says so. */
function modelReference(name: string, { models, environment }: JobContext): Piece {
  const row = models.find((each) => each.name.toLowerCase() === name.toLowerCase());
  const isInCatalog = name.split(".")[0]?.toLowerCase() === environment.catalog_name.toLowerCase();
  const isOwn =
    row === undefined
      ? isInCatalog
      : row.environment === null
        ? environment.is_default
        : row.environment === environment.name;
  return {
    kind: "reference",
    what: "model",
    name,
    environment: environment.name,
    isOwn,
    instead: `one of catalog "${environment.catalog_name}", or give it a row in Models with this environment`,
  };
}

/** Why a model can't be used now, from after the field's name; null: it can, or nobody can be asked yet. */
export function modelFault(name: string, context: JobContext): Refusal | null {
  if (!threeLevels.test(name)) {
    return blocked("InvalidModelName", `"${name}" is not a Unity Catalog name; write catalog.schema.model.`);
  }
  const [verdict] = context.guard.judge([modelReference(name, context)]).verdicts;
  if (verdict !== undefined) return blocked(verdict.reason, `${verdict.message} ${verdict.fix}`);
  const host = context.workspace?.host;
  // The job's own is made by its stack; before the platform stands nothing is built that could use another.
  if (context.isOwnModel(name) || host === undefined) return null;
  const answer = context.answers.of({ kind: "model", name, workspace: host });
  if (answer.status === "found") return null;
  if (answer.status === "unavailable")
    return waiting("DirectoryUnavailable", `"${name}" could not be looked up: ${answer.message}.`);
  return waiting(
    "ModelNotFound",
    `no model is named "${name}". Register it or mend the name; it is looked up again.`,
  );
}
