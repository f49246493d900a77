/** Several cloud steps as one. */
import type { CloudSteps, MayWrite } from "./cloud-steps.ts";

/** In their order; put back in the opposite one. Where one fails, what those before it changed is put back. */
export const allSteps = (steps: readonly CloudSteps[]): CloudSteps => ({
  before: async (request, mayWrite) => {
    for (const [index, step] of steps.entries()) {
      const end = await step.before(request, mayWrite);
      if (end.status === "done") continue;
      // Where it may not write any more, whoever runs it puts all of it back that may be.
      if (end.status === "failed") await undo(steps.slice(0, index), request, mayWrite);
      return end;
    }
    return { status: "done" };
  },
  after: async (request, outputs, mayWrite) => {
    for (const step of steps) {
      const end = await step.after(request, outputs, mayWrite);
      if (end.status !== "done") return end;
    }
    return { status: "done" };
  },
  undo: (request, mayWrite) => undo(steps, request, mayWrite),
});

async function undo(
  steps: readonly CloudSteps[],
  request: Parameters<CloudSteps["undo"]>[0],
  mayWrite: MayWrite,
): Promise<void> {
  for (const step of [...steps].reverse()) {
    // Each is put back whatever becomes of the others; the run's own end is what is told.
    await step.undo(request, mayWrite).catch(() => {});
  }
}
