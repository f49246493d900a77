/** A job's Ready, told from facts. Pure. */
import type { ConditionInput, JobFacts } from "../../metadata-schema/store.ts";

export function readyCondition(facts: JobFacts): ConditionInput {
  const [refusal] = facts.rowConditions.toSorted(
    (a, b) => Number(a.condition.type !== "Blocked") - Number(b.condition.type !== "Blocked"),
  );
  if (refusal !== undefined) {
    const more = facts.rowConditions.length - 1;
    const rest = more === 0 ? "" : ` ${more} more of its rows ${more === 1 ? "is" : "are"} not in force.`;
    return no(`Row${refusal.condition.type}`, `${refusal.condition.message}${rest}`);
  }
  const failed = facts.stacks.find((each) => each.failure !== null && !each.inSync);
  if (failed?.failure) return no("RunFailed", `Stack ${failed.stack}: ${failed.failure.message}`);
  const behind = facts.stacks.filter((each) => !each.inSync);
  if (behind.length > 0) {
    const names = behind.map((each) => each.stack).join(", ");
    return no("Reconciling", `${behind.length} of ${facts.stacks.length} stacks not applied yet: ${names}.`);
  }
  if (facts.changePending) return no("Reconciling", "A change of its rows is being resolved.");
  if (facts.stacks.length === 0) return no("NothingAdmitted", "Its rows put nothing into any stack yet.");
  return {
    type: "Ready",
    status: "True",
    reason: "Applied",
    message:
      facts.stacks.length === 1
        ? "Its stack has applied what its rows ask for."
        : `All ${facts.stacks.length} stacks have applied what its rows ask for.`,
  };
}

const no = (reason: string, message: string): ConditionInput => ({
  type: "Ready",
  status: "False",
  reason,
  message,
});
