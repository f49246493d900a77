import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { allSteps } from "../../../automation/cloud-steps/all-steps.ts";
import {
  type CloudSteps,
  type StepEnd,
  withCloudSteps,
} from "../../../automation/cloud-steps/cloud-steps.ts";
import type { EndedEvent, Engine, RunRequest } from "../../../automation/engine/engine.ts";

const failure: StepEnd = {
  status: "failed",
  failure: { class: "unknown", code: "Refused", message: "Refused: no", scope: "stack", retryAfterMs: null },
};
const done: StepEnd = { status: "done" };
// Steps and engine of these tests look at nothing of it but its kind.
const request = { kind: "update", stack: "job-eastus-201", leaseEndsAtMs: 30_000 } as RunRequest;
const always = () => true;

function scripted(
  name: string,
  told: string[],
  ends: Partial<Record<"before" | "after", StepEnd>> = {},
): CloudSteps {
  return {
    before: async () => {
      told.push(`${name} before`);
      return ends.before ?? done;
    },
    after: async () => {
      told.push(`${name} after`);
      return ends.after ?? done;
    },
    undo: async () => {
      told.push(`${name} undo`);
    },
  };
}

describe("several cloud steps", () => {
  it("are taken in their order, and put back in the opposite one", async () => {
    const told: string[] = [];
    const steps = allSteps([scripted("a", told), scripted("b", told)]);
    await steps.before(request, always);
    await steps.after(request, null, always);
    await steps.undo(request, always);
    assert.deepEqual(told, ["a before", "b before", "a after", "b after", "b undo", "a undo"]);
  });

  it("end with the first that fails, and what those before it changed is put back", async () => {
    const told: string[] = [];
    const steps = allSteps([
      scripted("a", told),
      scripted("b", told, { before: failure }),
      scripted("c", told),
    ]);
    assert.deepEqual(await steps.before(request, always), failure);
    assert.deepEqual(told, ["a before", "b before", "a undo"]);
    const after = allSteps([scripted("d", told, { after: failure }), scripted("e", told)]);
    assert.deepEqual(await after.after(request, null, always), failure);
    assert.ok(!told.includes("e after"));
  });

  it("are all put back, even if one cannot be", async () => {
    const told: string[] = [];
    const broken: CloudSteps = { ...scripted("b", told), undo: () => Promise.reject(new Error("away")) };
    await allSteps([scripted("a", told), broken]).undo(request, always);
    assert.deepEqual(told, ["a undo"]);
  });
});

/** Runs the steps of a test around an engine that succeeds; what is read of the lease's clock is `now.ms`. */
function started(steps: CloudSteps, told: string[], now = { ms: 0 }) {
  const succeeded: EndedEvent = { type: "ended", status: "succeeded", outputs: {}, changes: { same: 1 } };
  const engine = {
    run: () => {
      told.push("engine");
      return {
        events: (async function* () {
          yield succeeded;
        })(),
        extend: () => {},
        cancel: () => {},
      };
    },
  } as unknown as Engine;
  const handle = withCloudSteps(engine, { steps, clock: { monotonicMs: () => now.ms } }).run(request);
  const end = async (): Promise<EndedEvent> => {
    const ended: EndedEvent[] = [];
    for await (const event of handle.events) if (event.type === "ended") ended.push(event);
    assert.equal(ended.length, 1);
    return ended[0] ?? assert.fail();
  };
  return { handle, end };
}

describe("an engine with cloud steps", () => {
  /** Steps that tell whether they may write, and do `act` at the start of one of them. */
  const asking = (told: string[], when: "before" | "after", act: () => void): CloudSteps => {
    const step = async (name: string, mayWrite: () => boolean): Promise<StepEnd> => {
      // The handle is there before the step's first turn is.
      await Promise.resolve();
      if (name === when) act();
      told.push(`${name} ${mayWrite() ? "writes" : "does not"}`);
      return mayWrite() ? done : { status: "stopped" };
    };
    return {
      before: (_request, mayWrite) => step("before", mayWrite),
      after: (_request, _outputs, mayWrite) => step("after", mayWrite),
      undo: async (_request, mayWrite) => {
        await step("undo", mayWrite);
      },
    };
  };
  const run = async (
    when: "before" | "after",
    act: (run: ReturnType<typeof started>, now: { ms: number }) => void,
  ) => {
    const told: string[] = [];
    const now = { ms: 0 };
    const steps = asking(told, when, () => act(one, now));
    const one = started(steps, told, now);
    const ended = await one.end();
    return { told, status: ended.status, changes: ended.changes };
  };

  it("lets them write while it has its lease, renewed or not", async () => {
    const well = await run("before", (_run, now) => {
      now.ms = 19_000;
    });
    assert.deepEqual([well.status, well.told], ["succeeded", ["before writes", "engine", "after writes"]]);
    const renewed = await run("before", ({ handle }, now) => {
      handle.extend(60_000);
      now.ms = 45_000;
    });
    assert.equal(renewed.status, "succeeded");
  });

  it("puts back what a run changed that was stopped before its engine started", async () => {
    const { told, status } = await run("before", ({ handle }) => handle.cancel());
    assert.deepEqual([status, told], ["canceled", ["before does not", "undo writes"]]);
  });

  it("writes nothing once the lease is about to end: the next worker may be there", async () => {
    const early = await run("before", (_run, now) => {
      now.ms = 20_000;
    });
    assert.deepEqual([early.status, early.told], ["canceled", ["before does not", "undo does not"]]);
    const late = await run("after", (_run, now) => {
      now.ms = 20_000;
    });
    assert.deepEqual(late.told, ["before writes", "engine", "after does not"]);
    assert.deepEqual([late.status, late.changes], ["canceled", { same: 1 }]);
  });

  it("writes nothing once the lease is lost, whatever was said of its end", async () => {
    const { told, status } = await run("before", ({ handle }) => {
      handle.cancel({ urgent: true });
      handle.extend(90_000);
    });
    assert.deepEqual([status, told], ["canceled", ["before does not", "undo does not"]]);
  });

  it("puts back what a canceled run changed before one of its steps failed", async () => {
    const told: string[] = [];
    const first: CloudSteps = {
      ...scripted("a", told),
      undo: async (_request, mayWrite) => {
        if (mayWrite()) told.push("a undone");
      },
    };
    const failing: CloudSteps = {
      ...scripted("b", told),
      before: async () => {
        one.handle.cancel();
        return failure;
      },
    };
    const one = started(allSteps([first, failing]), told);
    assert.equal((await one.end()).status, "failed");
    assert.deepEqual(told, ["a before", "b undo", "a undone"]);
  });
});
