/** The real engine on simulated clouds holds to the contract of Engine. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { systemClock } from "../../../automation/clock.ts";
import { openEngine } from "../../../automation/engine/open-engine.ts";
import { checkpointFile, type StateFolder } from "../../../automation/engine/stack-files.ts";
import { createLogger } from "../../../automation/log.ts";
import { openSimulatedClouds } from "../../../automation/simulated-clouds.ts";
import type { AccessSpec, PlatformSpec } from "../../../metadata-schema/desired-state.ts";
import { cloudsSeedFile } from "../../../metadata-schema/sample/sample.ts";
import { accessStack, workspaceId } from "../../../program/layout/names.ts";
import { runOurs } from "../../support/engine-sides.ts";
import { type EngineKit, runEngineSuite } from "../../support/engine-suite.ts";
import { enginePath, ownEnvironment } from "../../support/service.ts";
import { groupId } from "../../support/small-rows.ts";
import { facts, platformSpec } from "../../support/small-specs.ts";

const platform: PlatformSpec = { ...platformSpec, ownGroup: null };
const grantType = "databricks:index/grant:Grant";

/** Stacks of one principal each, with one grant: the least that a run can do. */
function accessSpec(host: string, name: string, variant: number): AccessSpec {
  const principal = { type: "Group", objectId: groupId("ds_team"), displayName: "ds_team" } as const;
  const models: Readonly<Record<string, string>> = {
    update: "ml.models.recommender",
    preview: "ml.models.demand_forecast",
    destroy: "ml.models.fraud_scoring",
  };
  return {
    kind: "access",
    stack: accessStack("eastus", `${principal.objectId}-${name}`),
    environment: facts,
    workspace: { host, resourceId: workspaceId(facts) },
    principal,
    workspaceMember: false,
    roleAssignments: [],
    unityGrants: [
      {
        securable: "model",
        name: models[name] ?? "ml.models.credit_risk",
        privileges: variant === 0 ? ["EXECUTE"] : ["APPLY_TAG", "EXECUTE"],
      },
    ],
  };
}

async function open(): Promise<EngineKit> {
  const home = await mkdtemp(path.join(tmpdir(), "rowgate-engine-"));
  const inherited = ownEnvironment();
  const clouds = await openSimulatedClouds({
    folder: path.join(home, "clouds"),
    seed: cloudsSeedFile,
    environment: inherited,
    clock: systemClock,
  });
  const engine = await openEngine({
    command: enginePath(),
    home,
    slots: 1,
    inherited,
    cloudEnvironment: () => clouds.environment(),
    log: createLogger(null, "info"),
  });
  const { workspace_url: host } = await runOurs(engine, platform, false);
  const state: StateFolder = {
    backend: path.join(home, "state", "backend"),
    workspaces: path.join(home, "state", "workspaces"),
  };
  const locks = (stack: string) =>
    path.join(state.backend, ".pulumi", "locks", "organization", "rowgate", stack);
  const text = (file: string) => readFile(file, "utf8").catch(() => "");
  return {
    engine,
    spec: (name, variant = 0) => accessSpec(String(host), name, variant),
    failNext: async () => {
      const fault = { type: grantType, call: "create", nth: 1, times: 1, code: "InvalidParameter" };
      await fetch(`${await clouds.url()}/sandbox/faults`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...fault, message: "planted" }),
      });
    },
    hasState: async (stack) => existsSync(checkpointFile(state, stack)),
    loseState: (stack) => rm(checkpointFile(state, stack)),
    lock: async (stack, { host: hostname, pid }) => {
      await mkdir(locks(stack), { recursive: true });
      const lock = { pid, username: "somebody", hostname, timestamp: "2026-01-02T03:04:05Z" };
      await writeFile(path.join(locks(stack), "planted.json"), JSON.stringify(lock));
    },
    isLocked: async (stack) => (await readdir(locks(stack)).catch(() => [])).length > 0,
    footprint: async (stack) => {
      const objects = await fetch(`${await clouds.url()}/sandbox/objects`);
      return `${await objects.text()}\n${await text(checkpointFile(state, stack))}`;
    },
    close: async () => {
      await engine.close();
      await clouds.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

runEngineSuite("process engine on simulated clouds", open);
