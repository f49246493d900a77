/** The fake that queue tests use holds to what the real engine does. */

import { accessSpec } from "../../program/support/specs.ts";
import { type EngineKit, runEngineSuite } from "../../support/engine-suite.ts";
import { applySpec, ScriptedEngine } from "../../support/scripted-engine.ts";

async function open(): Promise<EngineKit> {
  let fails = false;
  const engine = new ScriptedEngine({
    slots: 2,
    script: (run, self) => {
      // Longer than the suite's short lease.
      if (!fails) return void setTimeout(() => applySpec(run, self), 100);
      fails = false;
      run.fail({ class: "permanent", message: "InvalidParameter: planted" });
    },
  });
  return {
    engine,
    spec: (name, variant = 0) => ({
      ...accessSpec,
      stack: `access-eastus-${name}`,
      unityGrants: [{ securable: "model", name: `ml.models.v${variant}`, privileges: ["EXECUTE"] }],
    }),
    failNext: async () => {
      fails = true;
    },
    hasState: async (stack) => engine.state.has(stack),
    loseState: async (stack) => void engine.state.delete(stack),
    lock: async (stack, holder) => void engine.locks.set(stack, holder),
    isLocked: async (stack) => engine.locks.has(stack),
    footprint: async (stack) => String(engine.state.get(stack)),
    close: () => engine.close(),
  };
}

runEngineSuite("scripted engine", open);
