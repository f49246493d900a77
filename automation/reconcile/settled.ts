/** What follows from the end of a run, besides what was settled with it: conditions of its stack. */
import type { ConditionInput, MetadataStore, RunRecord } from "../../metadata-schema/store.ts";

/** Tells the conditions of a stack after one of its runs has ended. */
export async function tellStackConditions(store: MetadataStore, run: RunRecord): Promise<void> {
  const subject = { kind: "stack", stack: run.stack } as const;
  const stack = await store.getStack(run.stack);
  if (stack === null) return;
  if (run.kind === "preview" || run.kind === "adoptable") return;
  if (run.kind === "refresh") {
    const condition = stack.appliedHash === null ? (driftIn(run) ?? notApplied) : (driftIn(run) ?? inSync);
    if (run.status === "succeeded") await store.setConditions([{ subject, condition }]);
    return;
  }
  await store.setConditions([{ subject, condition: readyOf(run) }]);
  if (run.status === "succeeded") await store.clearConditions([{ subject, type: "Drifted" }]);
}

/** What a run that says nothing waits for, if its engine told it. */
export interface StallFacts {
  readonly silentMs: number;
  readonly waitsFor: readonly { readonly operation: string; readonly urn: string; readonly type: string }[];
}

/** Tells that a run of the stack says nothing (`stall`), or that it goes on or is over (null). */
export async function tellStall(
  store: MetadataStore,
  stack: string,
  stall: StallFacts | null,
): Promise<void> {
  const subject = { kind: "stack", stack } as const;
  if (stall === null) return store.clearConditions([{ subject, type: "Stalled" }]);
  const waits = stall.waitsFor.map(
    ({ operation, type, urn }) => `${operation} of ${type} ${urn.split("::").at(-1) ?? urn}`,
  );
  const what = waits.length === 0 ? "nothing that its engine told" : waits.join(", ");
  const seconds = Math.round(stall.silentMs / 1_000);
  const message = `Its run has said nothing for ${seconds} s; it waits for: ${what}. It goes on by itself, ends at its deadline, or is ended with \`npx rowgate cancel\`.`;
  await store.setConditions([
    { subject, condition: { type: "Stalled", status: "True", reason: "NoProgress", message } },
  ]);
}

function readyOf(run: RunRecord): ConditionInput {
  if (run.status === "succeeded") {
    return { type: "Ready", status: "True", reason: "Applied", message: `Run ${run.runId} applied it.` };
  }
  const message = run.failure?.message ?? `Run ${run.runId} ended as ${run.status}.`;
  return { type: "Ready", status: "False", reason: reasonOf(message), message };
}

// A failure's message begins with its code.
const reasonOf = (message: string): string => /^([A-Z][A-Za-z]+): /.exec(message)?.[1] ?? "RunFailed";

const inSync: ConditionInput = {
  type: "Drifted",
  status: "False",
  reason: "InSync",
  message: "The clouds hold what was applied.",
};

// A run that failed may have looked first: then what somebody changed is in the state, and no look finds it again.
const notApplied: ConditionInput = {
  type: "Drifted",
  status: "Unknown",
  reason: "NotApplied",
  message: "Nobody can say until a run of the stack succeeds; the last one did not.",
};

/** What a look found; null: no difference to the state. */
function driftIn(run: RunRecord): ConditionInput | null {
  const drifted = Object.entries(run.changes).filter(
    ([operation, count]) => operation !== "same" && count > 0,
  );
  if (drifted.length === 0) return null;
  const counts = drifted.map(([operation, count]) => `${count} to ${operation}`).join(", ");
  return {
    type: "Drifted",
    status: "True",
    reason: "CloudsDiffer",
    message: `The clouds differ from what was applied: ${counts}. Reconcile a job of the stack to restore it.`,
  };
}
