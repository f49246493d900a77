/**
 * The duties of one group over the rows of several jobs (guardrail separate-duties). Each job's rows are resolved
 * alone, so two of them can give one group both roles on the factory. The merge then leaves the right to change
 * pipelines out, and has the jobs that ask for it resolved again, which then know of the other's rows.
 */
import type { Subject } from "../../metadata-schema/contributions.ts";
import type { AccessSpec, RoleAssignmentSpec } from "../../metadata-schema/desired-state.ts";
import type { JobSnapshot, MetadataStore, StoredContribution } from "../../metadata-schema/store.ts";
import { accessStack, type CustomRole, customRoleId } from "../../program/layout/names.ts";
import { dutyPieces } from "../../program/policies/from-spec.ts";
import { judge, unexcepted } from "../../program/policies/judge.ts";
import type { Answers } from "./names-needed.ts";

const isRole = (role: CustomRole, { scope, roleId }: RoleAssignmentSpec): boolean =>
  roleId.toLowerCase() === customRoleId(role, scope);

const admits = (role: CustomRole, { admitted }: StoredContribution): boolean =>
  admitted.some(({ item }) => item.kind === "role-assignment" && isRole(role, item.roleAssignment));

/** The spec without the right to change pipelines, where its principal would run them too and no exception lets it. */
export function withoutSecondDuty(spec: AccessSpec): AccessSpec {
  const broken = unexcepted(dutyPieces(spec).flatMap(judge), spec.exceptions ?? []);
  if (broken.length === 0) return spec;
  const roleAssignments = spec.roleAssignments.filter((each) => !isRole("pipelineEditor", each));
  return { ...spec, roleAssignments };
}

/** Subjects whose rows ask for the right to change pipelines, where that came into a spec, or was left out of it. */
export function toldOfDuties(
  contributions: readonly StoredContribution[],
  before: AccessSpec | null,
  merged: AccessSpec,
): readonly Subject[] {
  const holds = (spec: AccessSpec | null): boolean =>
    spec?.roleAssignments.some((each) => isRole("pipelineEditor", each)) ?? false;
  if (holds(before) && holds(merged)) return [];
  return contributions.filter((each) => admits("pipelineEditor", each)).map(({ subject }) => subject);
}

/** Groups that a job's rows let change pipelines, and that rows of other jobs let run them. */
export async function runnersBeside(
  { subject, environment, policies }: JobSnapshot,
  answers: Answers,
  store: Pick<MetadataStore, "stackContributions">,
): Promise<ReadonlySet<string>> {
  const runners = new Set<string>();
  if (!environment?.production) return runners;
  const editing = policies.filter(({ permissions }) => permissions.includes("edit_pipeline"));
  for (const name of new Set(editing.map((policy) => policy.entra_id_group))) {
    const answer = answers.of({ kind: "group", name });
    if (answer.status !== "found") continue;
    const beside = await store.stackContributions(accessStack(environment.name, answer.objectId));
    const others = beside.filter(
      (each) => each.subject.kind !== "job" || each.subject.jobId !== subject.jobId,
    );
    if (others.some((each) => admits("pipelineOperator", each))) runners.add(name);
  }
  return runners;
}
